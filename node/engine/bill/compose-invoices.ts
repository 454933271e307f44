import { fromHex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import { hashDocument } from "../../core/hash.ts";
import { TextBytes } from "../../core/invoice/text-bytes.ts";
import { InvoiceDocumentWriter } from "../../core/invoice/write-document.ts";
import { encodeBytes } from "../store/stored-bytes.ts";
import { readJson } from "../store/stored-json.ts";
import type { EpochState } from "../store/stored-types.ts";
import type { BillFacts, ComposedBucket, ComposeTask } from "./bill-kernel.ts";
import { runOfEpoch } from "./bill-state.ts";
import { INVOICE_TILE, InvoiceHasher, type InvoiceNumbers } from "./hash-invoices.ts";
import { packLeaf } from "./invoice-leaf-block.ts";
import { type JoinedBytes, joinBytes, partOf } from "./joined-bytes.ts";
import { type OwnLines, PackedLines } from "./packed-lines.ts";
import { appendInvoice } from "./stored-invoice.ts";

const NO_CLOSING_STATE = new Uint8Array(32);

interface BilledAccount {
  index: number;
  account: string;
  charges: EpochState;
  credits: EpochState | undefined;
}

/** Writes the invoices of one bucket of accounts after the other. */
export class InvoiceComposer {
  readonly #facts: BillFacts;
  readonly #writer: InvoiceDocumentWriter;
  readonly #hasher: InvoiceHasher;
  readonly #run: bigint;
  /** Memory that every bucket uses again. */
  readonly #document = new TextBytes();
  readonly #invoices = new TextBytes();

  constructor(facts: BillFacts) {
    this.#facts = facts;
    this.#run = runOfEpoch(facts.epoch);
    this.#hasher = new InvoiceHasher(fromHex(facts.invoiceBook, 20), this.#run);
    this.#writer = new InvoiceDocumentWriter({
      issuedAt: new Date(Number(facts.issuedAtSeconds) * 1000).toISOString(),
      operator: facts.operator,
      period: {
        epoch: facts.epoch,
        from: new Date(facts.fromMilliseconds).toISOString(),
        to: new Date(facts.toMilliseconds).toISOString(),
        zone: facts.zone,
      },
      currency: facts.currency,
    });
  }

  /**
   * The invoices of a bucket's accounts that have charges, numbered on from `task.ordinal`.
   * @throws TallystickError `bill.lines-missing` when the rows do not hold what the counters say
   */
  compose(task: ComposeTask): ComposedBucket {
    const lines = new PackedLines(task.gatheredKeys, task.gathered);
    const accounts = billedAccounts(task);
    const leaves = new Map<number, Uint8Array[]>();
    const ends = new Uint32Array(accounts.length);
    let totalNano = 0n;
    this.#invoices.clear();
    for (let from = 0; from < accounts.length; from += INVOICE_TILE) {
      const tile = accounts.slice(from, from + INVOICE_TILE);
      this.#hasher.open(tile.map(({ charges }) => charges));
      const numbers = tile.map((billed, at) => {
        const made = this.#writeInvoice(billed, lines, task.ordinal + from + at + 1, at);
        ends[from + at] = this.#invoices.length;
        totalNano += made.chargesNano;
        return made;
      });
      this.#hasher.close(tile.length);
      for (const [at, { account }] of tile.entries()) {
        const digests = this.#hasher.digests(at);
        const partition = partitionOf(digests.orderKey, this.#facts.partitions);
        const packed = packLeaf(account, digests, (numbers[at] as InvoiceNumbers).chargesNano);
        const known = leaves.get(partition);
        if (known === undefined) leaves.set(partition, [packed]);
        else known.push(packed);
      }
    }
    return {
      billed: accounts.map(({ index }) => index),
      invoices: { bytes: this.#invoices.bytes.slice(0, this.#invoices.length), ends },
      leaves: joinBytes([...leaves.values()].map((own) => encodeBytes(...own))),
      partitions: [...leaves.keys()],
      totalNano,
    };
  }

  #writeInvoice(
    { account, charges, credits }: BilledAccount,
    lines: PackedLines,
    ordinal: number,
    at: number,
  ): InvoiceNumbers {
    const { epoch, invoiceBook } = this.#facts;
    const number = `${epoch}-${String(ordinal).padStart(6, "0")}`;
    const own = lines.of(account);
    const lastChargeNumber = BigInt(charges.lastChargeNumber);
    const lastCreditNumber = BigInt(credits?.lastChargeNumber ?? "0");
    if (!own.hasWhole(lastChargeNumber, lastCreditNumber)) throw linesMissing(number);
    const numbers = {
      lastChargeNumber,
      lastCreditNumber,
      chargesNano: BigInt(charges.runningTotalNano),
      creditsNano: BigInt(credits?.runningTotalNano ?? "0"),
      taxNano: BigInt(charges.taxNano ?? "0"),
    };
    const document = this.#writeDocument(account, number, own, numbers);
    appendInvoice(
      this.#invoices,
      {
        account,
        epoch,
        run: this.#run.toString(),
        number,
        chargesNano: charges.runningTotalNano,
        lastChargeNumber: charges.lastChargeNumber,
        lastCreditNumber: lastCreditNumber.toString(),
        creditsNano: numbers.creditsNano.toString(),
        taxNano: numbers.taxNano.toString(),
        domain: invoiceBook,
      },
      [...this.#hasher.opened(at), NO_CLOSING_STATE],
      document,
    );
    this.#hasher.place(at, numbers, hashDocument(document));
    return numbers;
  }

  /** @returns a view that the next document writes over */
  #writeDocument(
    account: string,
    number: string,
    own: OwnLines,
    numbers: InvoiceNumbers,
  ): Uint8Array {
    const out = this.#document;
    out.clear();
    this.#writer.write(out, { account, number, ...numbers }, own);
    return out.bytes.subarray(0, out.length);
  }
}

/** Accounts with charges in the period; those without are left out. */
function billedAccounts({ accounts, charges, credits }: ComposeTask): BilledAccount[] {
  return accounts.flatMap((account, index) => {
    const state = stateAt(charges, account, index);
    if (state === undefined) return [];
    return [{ index, account, charges: state, credits: stateAt(credits, account, index) }];
  });
}

function stateAt(states: JoinedBytes, account: string, index: number): EpochState | undefined {
  const value = partOf(states, index);
  return value === undefined ? undefined : readJson<EpochState>(`epoch/${account}/…`, value);
}

/** Order keys are digests, so equal parts of their range hold about as many each. */
function partitionOf(orderKey: Uint8Array, partitions: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = orderKey;
  return Math.floor(((((a * 256 + b) * 256 + c) * 256 + d) * partitions) / 2 ** 32);
}

/** An invoice never states a number or a total whose lines it does not hold. */
const linesMissing = (number: string): TallystickError =>
  new TallystickError(
    "bill.lines-missing",
    `The charges stored for invoice ${number} are not those that were numbered. Nothing of it is billed; run fsck.`,
  );
