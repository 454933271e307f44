import type { Hex } from "../../core/bytes.ts";
import { assert, TallystickError } from "../../core/errors.ts";
import type {
  Bundle,
  BundleCharge,
  BundleCredit,
  ToldComponent,
} from "../../core/evidence/bundle.ts";
import type { TextBytes } from "../../core/invoice/text-bytes.ts";
import { type BillingEpoch, billingEpoch } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import { RowOpener } from "../store/open-rows.ts";
import { openPlaces, windowsOf } from "../store/read-charges.ts";
import { getJson } from "../store/stored-json.ts";
import type { BookState, EpochState, StoredCharge } from "../store/stored-types.ts";
import { type AccountFacts, readAccountFacts } from "./account-facts.ts";
import { BatchCollection, type LeafPlace } from "./batch-collection.ts";
import { BatchPlaces } from "./batch-places.ts";
import { BillSections } from "./bill-sections.ts";
import { creditsOfCharges } from "./bundle-credits.ts";
import type { LineReading } from "./fill-window.ts";
import type { GatheredLines } from "./gather-lines.ts";
import type { SignInvoice, SignReceipt } from "./issue-receipt.ts";
import { ProofReader } from "./proof-reader.ts";
import { RowsCache } from "./rows-cache.ts";
import { whileKept } from "./while-kept.ts";

export type LedgerSection = Bundle["ledger"];

/** Stored values of rows that stay in memory: some 10 MB. */
const ROWS_MAX = 64;

/** Published versions of the tariff: a `TariffShelf`, or their documents alone. */
export interface BundleTariffs {
  versions: readonly { version: number; validFromSeconds: bigint; document: object }[];
  inForce(startMilliseconds: number): { version: number } | undefined;
}

export interface EvidenceOptions {
  /** Leaves out credits whose batch is not final. */
  onlyFinal?: boolean;
  /** Only the line of this number, and the one before it: enough to judge it, and read alone. */
  line?: number;
  /** Of this account and epoch, as they were just read. */
  known?: AccountFacts;
  /** What was read together with others'; it holds the account's lines. */
  gathered?: GatheredLines;
  /** The ledger's time, where it was asked before. */
  seconds?: bigint;
}

/** A bundle that is put together piece by piece, however many lines it has. */
export interface EvidenceParts {
  /** What stands before the lines. */
  head: Omit<Bundle, "charges" | "tariffs">;
  /** The lines by charge number, some at a time; to be read once. */
  charges: () => AsyncGenerator<BundleCharge[]>;
  /** The same as text, each line behind a line feed, of lines that were gathered. */
  writeCharges: (out: TextBytes, gathered: GatheredLines) => Promise<void>;
  /** What is known once all lines were read. */
  tail: () => Pick<Bundle, "tariffs">;
}

/**
 * All that opens one account's billing epoch: its charges with their proofs, the credits that
 * reduce them, the invoice and the tariffs. Computed from what is stored, leaf digests included; what
 * was read lately is remembered within bounds.
 */
export class EvidenceBuilder {
  readonly #context: EngineContext;
  readonly #tariffs: BundleTariffs;
  readonly #ledger: LedgerSection;
  readonly #signReceipt: SignReceipt | undefined;
  readonly #signInvoice: SignInvoice | undefined;
  /** By which lines may be gathered for bundles of this builder. */
  readonly reading: Omit<LineReading, "invoiceProofs">;
  readonly #bill: BillSections;
  readonly #books = new Map<Hex, Pick<BookState, "kind" | "number">>();
  /** The one asked for last: the calendar is slow, and months are asked for account by account. */
  #epoch: BillingEpoch | undefined;

  /** @param signReceipt with a key of the operator; bundles hold no receipt without it */
  constructor(
    context: EngineContext,
    tariffs: BundleTariffs,
    ledger: LedgerSection,
    signReceipt?: SignReceipt,
    signInvoice?: SignInvoice,
  ) {
    this.#context = context;
    this.#tariffs = tariffs;
    this.#ledger = ledger;
    this.#signReceipt = signReceipt;
    this.#signInvoice = signInvoice;
    const { store } = context;
    this.reading = {
      store,
      rows: new RowsCache(store, ROWS_MAX),
      places: new BatchPlaces(store),
      proofs: new ProofReader(store),
    };
    this.#bill = new BillSections(context, signReceipt, signInvoice);
  }

  /** What it was made of, for who makes others like it. */
  get parts(): {
    tariffs: BundleTariffs;
    ledger: LedgerSection;
    signReceipt: SignReceipt | undefined;
    signInvoice: SignInvoice | undefined;
  } {
    return {
      tariffs: this.#tariffs,
      ledger: this.#ledger,
      signReceipt: this.#signReceipt,
      signInvoice: this.#signInvoice,
    };
  }

  /** @throws TallystickError `evidence.nothing` when the account has no charge in the period */
  async build(account: string, epoch: string, options: EvidenceOptions = {}): Promise<Bundle> {
    const { head, charges, tail } = await this.open(account, epoch, options);
    const lines: BundleCharge[] = [];
    for await (const some of charges()) for (const line of some) lines.push(line);
    return { ...head, charges: lines, ...tail() };
  }

  /**
   * The text of the bundle in pieces: memory holds some thousand lines at a time.
   * @throws TallystickError `evidence.nothing`
   */
  async *write(
    account: string,
    epoch: string,
    options: EvidenceOptions = {},
  ): AsyncGenerator<string> {
    const { head, charges, tail } = await this.open(account, epoch, options);
    yield `${JSON.stringify(head).slice(0, -1)},"charges":[`;
    let separator = "\n";
    for await (const some of charges()) {
      const lines = some.map((line) => JSON.stringify(line)).join(",\n");
      if (lines !== "") yield separator + lines;
      separator = ",\n";
    }
    yield `\n],${JSON.stringify(tail()).slice(1)}\n`;
  }

  /**
   * @throws TallystickError `evidence.nothing` when the account has no charge in the period,
   *   `evidence.retention-over` when they are erased, also while they are read
   */
  open(account: string, epoch: string, options: EvidenceOptions = {}): Promise<EvidenceParts> {
    const open = () => this.#open(account, epoch, options);
    return options.known === undefined ? whileKept(this.#context.store, epoch, open) : open();
  }

  async #open(
    account: string,
    epochName: string,
    { onlyFinal = false, line, known, gathered, ...options }: EvidenceOptions,
  ): Promise<EvidenceParts> {
    const { store, profile, time } = this.#context;
    const seconds = options.seconds ?? (await time.seconds());
    if (this.#epoch?.name !== epochName) this.#epoch = billingEpoch(epochName, profile.zone);
    const epoch = this.#epoch;
    const { chargeBook, creditBook, invoiceBook } = profile.agreement;
    const facts = known ?? (await readAccountFacts(this.#context, [account], epochName))[0];
    const { places: batchPlaces, proofs } = this.reading;
    const batches = new BatchCollection(store, batchPlaces, proofs, gathered);
    const all = facts?.places ?? [];
    const places = line === undefined ? all : all.slice(2 * Math.max(0, line - 2), 2 * line);
    const committed = await batches.placeAll(chargeBook, places);
    const isThere = line === undefined ? committed > 0 : committed === Math.min(line, 2);
    if (!isThere || facts === undefined || (line ?? 1) * 2 > all.length) {
      throw new TallystickError(
        "evidence.nothing",
        `There is no committed charge of "${account}" in ${epochName}; check the account's id, or choose another period.`,
      );
    }
    const { state } = facts;
    const lines = places.slice(0, 2 * committed);
    const allCredits = await creditsOfCharges(this.#context, facts, lines, batches);
    const isFinal = ({ batch }: BundleCredit) => batches.sections[batch]?.blockTime !== undefined;
    const credits = onlyFinal ? allCredits.filter(isFinal) : allCredits;
    const { pseudonym } = facts.state;
    const promised = line === undefined ? await batches.finalOf(chargeBook, lines) : 0;
    // Whoever signs is asked for both together.
    const [invoice, receipt] = await Promise.all([
      line === undefined ? this.#bill.invoice(facts.invoice, batches, gathered) : undefined,
      this.#bill.receipt(epochName, pseudonym, promised, seconds),
    ]);
    const versions = new Set<number | undefined>();
    return {
      head: {
        format: "tallystick-evidence",
        version: 1,
        createdAt: new Date(Number(seconds) * 1000).toISOString(),
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
          await this.#bookSection(chargeBook, state),
          await this.#bookSection(creditBook),
          await this.#bookSection(invoiceBook),
        ],
        batches: batches.sections,
        credits,
        ...(invoice === undefined ? {} : { invoice }),
        ...(receipt === undefined ? {} : { receipt }),
      },
      charges: () => this.#charges(epochName, lines, batches, versions),
      writeCharges: (out, from) => this.#writeCharges(out, from, lines, batches, versions),
      tail: () => ({
        tariffs: this.#tariffs.versions
          .filter(({ version }) => versions.has(version))
          .map(({ version, validFromSeconds, document }) => ({
            version,
            validFrom: validFromSeconds.toString(),
            document: document as Record<string, unknown>,
          })),
      }),
    };
  }

  /** @param versions gets the version that a charge names, and the one in force: they differ when it is wrong */
  async *#charges(
    epoch: string,
    places: number[],
    batches: BatchCollection,
    versions: Set<number | undefined>,
  ): AsyncGenerator<BundleCharge[]> {
    const { store, profile } = this.#context;
    const { chargeBook } = profile.agreement;
    const { rows } = this.reading;
    const opener = new RowOpener(store, chargeBook);
    const read = async (window: number[]) => {
      const some: BundleCharge[] = [];
      const paths = await batches.paths(chargeBook, window);
      for await (const { position, charge } of openPlaces(opener, rows, chargeBook, window)) {
        const opened = charge.opened.charge;
        versions.add(opened?.tariffVersion);
        versions.add(this.#tariffs.inForce(Number(opened?.start))?.version);
        some.push(bundleCharge(charge, paths.get(Number(position)) as LeafPlace));
      }
      return some;
    };
    for (const window of windowsOf(places, rows.valuesMax)) {
      yield await whileKept(store, epoch, () => read(window));
    }
  }

  async #writeCharges(
    out: TextBytes,
    gathered: GatheredLines,
    places: number[],
    batches: BatchCollection,
    versions: Set<number | undefined>,
  ): Promise<void> {
    const { chargeBook } = this.#context.profile.agreement;
    for (let at = 0; at < places.length; at += 2) {
      const position = (places[at] as number) + (places[at + 1] as number);
      const { found, at: batch } = await batches.batchOf(chargeBook, position);
      out.ascii(at === 0 ? "\n" : ",\n");
      const leafIndex = position - found.first;
      const place = { number: at / 2 + 1, batch, leafIndex };
      const line = gathered.writeLine(out, position, place);
      versions.add(line.tariffVersion);
      versions.add(this.#tariffs.inForce(line.startMilliseconds)?.version);
    }
  }

  async #bookSection(domain: Hex, state?: EpochState): Promise<Bundle["books"][number]> {
    const book =
      this.#books.get(domain) ?? (await getJson<BookState>(this.#context.store, keys.book(domain)));
    assert(book !== undefined, `the book ${domain} is open`);
    const { kind, number } = book;
    this.#books.set(domain, { kind, number });
    const { pseudonym, disputeAddress, blind } = state ?? {};
    return {
      domain,
      kind,
      number,
      ...(pseudonym === undefined ? {} : { pseudonym, disputeAddress, blind }),
    };
  }
}

/** Appends what `EvidenceBuilder.write` gives of an account whose lines were gathered. */
export async function writeGathered(
  out: TextBytes,
  { head, writeCharges, tail }: EvidenceParts,
  gathered: GatheredLines,
): Promise<void> {
  out.text(`${JSON.stringify(head).slice(0, -1)},"charges":[`);
  await writeCharges(out, gathered);
  out.text(`\n],${JSON.stringify(tail()).slice(1)}\n`);
}

function bundleCharge(stored: StoredCharge, place: LeafPlace): BundleCharge {
  const { opened, amountNano, moves, components } = stored;
  return {
    line: opened.account.chargeNumber,
    batch: place.batch,
    leafIndex: place.leafIndex,
    amountNano,
    path: place.path,
    account: opened.account,
    party: opened.party,
    charge: opened.charge as NonNullable<typeof opened.charge>,
    ...(moves === undefined ? {} : { told: { components: components as ToldComponent[], moves } }),
  };
}
