import { fromHex, type Hex, toHex } from "../../core/bytes.ts";
import { invoiceOrderKey } from "../../core/commitment/invoice-leaf.ts";
import type { Bundle } from "../../core/evidence/bundle.ts";
import { hashDocument } from "../../core/hash.ts";
import { billFinalAt } from "../bill/bill-final-at.ts";
import { InvoiceLeaves } from "../bill/find-invoice-leaf.ts";
import type { EngineContext } from "../operator.ts";
import type { StoredInvoice } from "../store/stored-types.ts";
import type { BatchCollection, LeafPlace } from "./batch-collection.ts";
import type { GatheredLines } from "./gather-lines.ts";
import { issueReceipt, type SignInvoice, type SignReceipt } from "./issue-receipt.ts";
import { RowsCache } from "./rows-cache.ts";

/** Stored values of invoices' leaves that stay in memory. */
const ROWS_MAX = 64;

/** What a bundle says of the bill: the invoice, and how many charges the operator promises there are. */
export class BillSections {
  readonly #context: EngineContext;
  readonly #signReceipt: SignReceipt | undefined;
  readonly #signInvoice: SignInvoice | undefined;
  readonly #invoiceLeaves: InvoiceLeaves;
  #final: { epoch: string; at: bigint } | undefined;

  constructor(
    context: EngineContext,
    signReceipt: SignReceipt | undefined,
    signInvoice: SignInvoice | undefined,
  ) {
    this.#context = context;
    this.#signReceipt = signReceipt;
    this.#signInvoice = signInvoice;
    const leafRows = new RowsCache(context.store, ROWS_MAX);
    this.#invoiceLeaves = new InvoiceLeaves(context.store, leafRows);
  }

  /** None without a key to sign it, and of no final charge. */
  async receipt(
    epoch: string,
    pseudonym: Hex,
    promised: number,
    seconds: bigint,
  ): Promise<Bundle["receipt"]> {
    if (this.#signReceipt === undefined || promised === 0) return undefined;
    return issueReceipt(
      {
        book: this.#context.profile.agreement.chargeBook,
        pseudonym,
        lastChargeNumber: BigInt(promised),
        // As the bill itself would show it: a later date would keep the month open to demands for longer.
        issuedAt: (await this.#billFinalAt(epoch)) ?? seconds,
      },
      this.#signReceipt,
    );
  }

  async invoice(
    stored: StoredInvoice | undefined,
    batches: BatchCollection,
    gathered: GatheredLines | undefined,
  ): Promise<Bundle["invoice"]> {
    const position =
      stored && (gathered?.invoice(stored.account) ?? (await this.#invoiceLeaves.find(stored)));
    if (stored === undefined || position === undefined) return undefined;
    const place = [position, 0];
    if ((await batches.placeAll(stored.domain, place)) === 0) return undefined;
    const leaf = (await batches.paths(stored.domain, place)).get(position) as LeafPlace;
    const { run, chargesNano, body, document, documentText } = stored;
    const signed = await this.#signInvoice?.({
      book: stored.domain,
      orderKey: toHex(invoiceOrderKey(fromHex(body.pseudonym, 32), BigInt(run))),
      documentHash: toHex(hashDocument(new TextEncoder().encode(documentText))),
    });
    const invoice = { ...leaf, run, chargesNano, body, document, documentText };
    return signed === undefined ? invoice : { ...invoice, signed };
  }

  /** Read once for a month whose bill is final: many accounts of it are asked for. */
  async #billFinalAt(epoch: string): Promise<bigint | undefined> {
    if (this.#final?.epoch === epoch) return this.#final.at;
    const { store, profile } = this.#context;
    const at = await billFinalAt(store, profile.agreement.invoiceBook, epoch);
    if (at !== undefined) this.#final = { epoch, at };
    return at;
  }
}
