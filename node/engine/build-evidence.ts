import { type Hex, toHex } from "../core/bytes.ts";
import { partyGroupDigest } from "../core/commitment/charge-groups.ts";
import { TallystickError } from "../core/errors.ts";
import type { Bundle, BundleCharge, BundleCredit, ToldComponent } from "../core/evidence/bundle.ts";
import { partyFromJson } from "../core/evidence/group-json.ts";
import { billingEpoch } from "./billing-epoch.ts";
import { findInvoiceLeaf } from "./find-invoice-leaf.ts";
import { issueReceipt, type SignReceipt } from "./issue-receipt.ts";
import { below, keys } from "./key-spaces.ts";
import type { EngineContext } from "./operator.ts";
import { ProofReader, readPath } from "./proof-reader.ts";
import { type PlacedCharge, readBatch, readOwnedCharges } from "./read-charges.ts";
import type { BatchProofs } from "./read-proofs.ts";
import { getInvoice } from "./stored-invoice.ts";
import { getJson } from "./stored-json.ts";
import { batchAt } from "./stored-rows.ts";
import type { BookState, EpochState, StoredBatch, StoredCharge } from "./stored-types.ts";
import type { TariffShelf } from "./tariff-shelf.ts";

export type LedgerSection = Bundle["ledger"];

/**
 * All that opens one account's billing epoch: its charges with their proofs, the credits that
 * reduce them, the invoice and the tariffs. Computed from what is stored, leaf digests included.
 * @throws TallystickError `evidence.nothing` when the account has no charge in the period
 */
export class EvidenceBuilder {
  readonly #context: EngineContext;
  readonly #tariffs: TariffShelf;
  readonly #ledger: LedgerSection;
  readonly #signReceipt: SignReceipt | undefined;
  readonly #proofs: ProofReader;

  /** @param signReceipt with a key of the operator; bundles hold no receipt without it */
  constructor(
    context: EngineContext,
    tariffs: TariffShelf,
    ledger: LedgerSection,
    signReceipt?: SignReceipt,
  ) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#ledger = ledger;
    this.#signReceipt = signReceipt;
    this.#proofs = new ProofReader(context.store);
  }

  async build(account: string, epochName: string): Promise<Bundle> {
    const { store, profile, time } = this.#context;
    const epoch = billingEpoch(epochName, profile.zone);
    const { chargeBook, creditBook, invoiceBook } = profile.agreement;
    const charges = await readOwnedCharges(store, account, epochName, chargeBook);
    if (charges.length === 0) {
      throw new TallystickError(
        "evidence.nothing",
        `There is no committed charge of "${account}" in ${epochName}; check the account's id, or choose another period.`,
      );
    }
    const batches = new BatchCollection(this.#context, this.#proofs);
    const chargeProofs: BundleCharge[] = [];
    for (const placed of charges) {
      const { batch, path } = await batches.place(placed);
      const { opened, amountNano } = placed.charge;
      chargeProofs.push({
        line: opened.account.chargeNumber,
        batch,
        leafIndex: placed.leafIndex,
        amountNano,
        path,
        account: opened.account,
        party: opened.party,
        charge: opened.charge as NonNullable<typeof opened.charge>,
        ...(placed.charge.moves === undefined
          ? {}
          : {
              told: {
                components: placed.charge.components as ToldComponent[],
                moves: placed.charge.moves,
              },
            }),
      });
    }
    const credits = await this.#creditsFor(account, charges, batches);
    const invoice = await this.#invoice(account, epochName, batches);
    const receipt =
      this.#signReceipt && (await issueReceipt(this.#context, charges, this.#signReceipt));
    // The version that a charge names, and the one that was in force: they differ when it is wrong.
    const versions = new Set(
      charges.flatMap(({ charge: { opened } }) => [
        opened.charge?.tariffVersion,
        this.#tariffs.inForce(Number(opened.charge?.start))?.version,
      ]),
    );
    return {
      format: "tallystick-evidence",
      version: 1,
      createdAt: new Date(Number(await time.seconds()) * 1000).toISOString(),
      ledger: this.#ledger,
      operator: { id: profile.member, name: profile.name },
      agreement: profile.agreement.id,
      currency: profile.agreement.currency,
      period: {
        epoch: epochName,
        from: new Date(epoch.fromMilliseconds).toISOString(),
        to: new Date(epoch.toMilliseconds).toISOString(),
        zone: profile.zone,
      },
      books: [
        await this.#bookSection(chargeBook, account, epochName),
        await this.#bookSection(creditBook, account, undefined),
        await this.#bookSection(invoiceBook, account, undefined),
      ],
      batches: batches.sections,
      charges: chargeProofs,
      credits,
      ...(invoice === undefined ? {} : { invoice }),
      ...(receipt === undefined ? {} : { receipt }),
      tariffs: this.#tariffs.versions
        .filter(({ version }) => versions.has(version))
        .map(({ version, validFromSeconds, document }) => ({
          version,
          validFrom: validFromSeconds.toString(),
          document: document as unknown as Record<string, unknown>,
        })),
    };
  }

  /** Credits of any epoch that point at one of these charges. */
  async #creditsFor(
    account: string,
    charges: PlacedCharge[],
    batches: BatchCollection,
  ): Promise<BundleCredit[]> {
    const { store, profile } = this.#context;
    const places = new Set(charges.map(({ sequence, leafIndex }) => `${sequence}/${leafIndex}`));
    const credits: BundleCredit[] = [];
    const owned: PlacedCharge[] = [];
    for await (const { key } of store.scan(below(`epoch/${account}/`))) {
      const [, , epoch = "", domain] = key.split("/");
      if (domain !== profile.agreement.creditBook) continue;
      owned.push(...(await readOwnedCharges(store, account, epoch, domain)));
    }
    for (const placed of owned) {
      const { charge, leafIndex } = placed;
      const credit = charge.opened.credit;
      if (credit === undefined) continue;
      if (!places.has(`${credit.targetSequence}/${credit.targetIndex}`)) continue;
      const { batch, path } = await batches.place(placed);
      credits.push({
        line: `C${charge.epoch}-${charge.opened.account.chargeNumber}`,
        batch,
        leafIndex,
        amountNano: charge.amountNano,
        path,
        account: charge.opened.account,
        party: { digest: toHex(partyGroupDigest(partyFromJson(charge.opened.party))) },
        credit,
      });
    }
    return credits;
  }

  async #invoice(
    account: string,
    epoch: string,
    batches: BatchCollection,
  ): Promise<Bundle["invoice"]> {
    const { store } = this.#context;
    const stored = await getInvoice(store, account, epoch);
    const position = stored && (await findInvoiceLeaf(store, stored));
    if (stored === undefined || position === undefined) return undefined;
    const found = await batchAt(store, stored.domain, position);
    if (found === undefined) return undefined;
    const sequence = BigInt(found.sequence);
    const leafIndex = Number(position - BigInt(found.first));
    const { batch, path } = await batches.place({ domain: stored.domain, sequence, leafIndex });
    const { run, chargesNano, body, document, documentText } = stored;
    return { batch, leafIndex, path, run, chargesNano, body, document, documentText };
  }

  async #bookSection(
    domain: Hex,
    account: string,
    epoch: string | undefined,
  ): Promise<Bundle["books"][number]> {
    const { store } = this.#context;
    const book = (await getJson<BookState>(store, keys.book(domain))) as BookState;
    const state =
      epoch === undefined
        ? undefined
        : await getJson<EpochState>(store, keys.epoch(account, epoch, domain));
    return {
      domain,
      kind: book.kind,
      number: book.number,
      ...(state === undefined
        ? {}
        : {
            pseudonym: state.pseudonym,
            disputeAddress: state.disputeAddress,
            blind: state.blind,
          }),
    };
  }
}

/** The batches that a bundle speaks of, each once, with its proofs. */
class BatchCollection {
  readonly sections: Bundle["batches"] = [];
  readonly #context: EngineContext;
  readonly #reader: ProofReader;
  readonly #proofs = new Map<string, { at: number; proofs: BatchProofs }>();

  constructor(context: EngineContext, reader: ProofReader) {
    this.#context = context;
    this.#reader = reader;
  }

  async place(entry: {
    domain: string;
    sequence: bigint;
    leafIndex: number;
    charge?: StoredCharge;
  }): Promise<{ batch: number; path: Hex[] }> {
    const name = `${entry.domain}/${entry.sequence}`;
    let known = this.#proofs.get(name);
    if (known === undefined) {
      const batch = await readBatch(this.#context.store, entry.domain, entry.sequence);
      const proofs = await this.#reader.open(entry.domain, batch);
      known = { at: this.sections.length, proofs };
      this.#proofs.set(name, known);
      this.sections.push(sectionOf(entry.domain as Hex, batch));
    }
    return { batch: known.at, path: (await readPath(known.proofs, entry.leafIndex)).map(toHex) };
  }
}

function sectionOf(domain: Hex, batch: StoredBatch): Bundle["batches"][number] {
  const { sequence, depth, root, totals, runningTotals, blockTime } = batch;
  return {
    domain,
    sequence,
    depth,
    root,
    totals,
    runningTotals,
    ...(blockTime === undefined ? {} : { blockTime }),
  };
}
