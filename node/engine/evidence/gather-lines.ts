import type { Hex } from "../../core/bytes.ts";
import { LOWER_PATH_BYTES } from "../../core/commitment/kernel/chunk-proofs.ts";
import { assert } from "../../core/errors.ts";
import type { TextBytes } from "../../core/invoice/text-bytes.ts";
import type { OrderKeys } from "../bill/order-keys.ts";
import { MonthKeys } from "../store/month-keys.ts";
import type { StoredBatch } from "../store/stored-types.ts";
import type { AccountFacts } from "./account-facts.ts";
import { BatchReads, type FoundBatch } from "./batch-places.ts";
import { type LineReading, WindowFiller } from "./fill-window.ts";
import { LineOwner, type LineRow, LineTexts } from "./line-text.ts";
import { FIELD, LineWindow, lineMemory, placeOf } from "./line-window.ts";
import type { BatchProofs } from "./read-proofs.ts";

const DIGEST_BYTES = 32;

interface ProvenRow extends LineRow {
  proofs: BatchProofs;
}

/**
 * Charges and proofs of some accounts, out of a window of many accounts' lines. Held for as long as
 * those accounts' bundles are written.
 */
export class GatheredLines {
  readonly #reading: LineReading;
  readonly #chargeBook: Hex;
  readonly #reads = new Map<string, BatchReads>();
  readonly #rows: ProvenRow[] = [];
  /** Which of the rows stands at a position of the charge book. */
  readonly #rowAt = new Map<number, number>();
  #texts = new LineTexts([]);
  #path = new Uint8Array();
  #invoiceBook: Hex | undefined;
  readonly #invoicePaths = new Map<number, Uint8Array>();
  readonly #invoices = new Map<string, number>();

  private constructor(reading: LineReading, chargeBook: Hex) {
    this.#reading = reading;
    this.#chargeBook = chargeBook;
  }

  /**
   * @param facts of one epoch
   * @param keys of the run of invoices that the accounts' are of
   * @param window of lines that were read before; what it lacks is read now
   */
  static async of(
    reading: LineReading,
    chargeBook: Hex,
    facts: readonly AccountFacts[],
    keys: OrderKeys | undefined,
    window?: LineWindow,
  ): Promise<GatheredLines> {
    const gathered = new GatheredLines(reading, chargeBook);
    const missing = missingPlaces(facts, window);
    const own = new LineWindow(lineMemory(missing));
    own.memory.heaps[0] = await new WindowFiller(reading, chargeBook, own, 0).fill(
      0,
      missing.length,
    );
    await gathered.#take(facts, window === undefined ? [own] : [window, own]);
    if (keys !== undefined) await gathered.#findInvoices(facts, keys);
    return gathered;
  }

  /** Batches as they are stored, each read once for all accounts. */
  batches(domain: string): BatchReads {
    const known = this.#reads.get(domain) ?? new BatchReads(this.#reading.store, domain);
    this.#reads.set(domain, known);
    return known;
  }

  /** The siblings of an invoice's leaf by its position, 32 bytes each. */
  invoicePath(domain: string, position: number): Uint8Array | undefined {
    return domain === this.#invoiceBook ? this.#invoicePaths.get(position) : undefined;
  }

  /** Where the leaf of an account's invoice stands in the invoice book. */
  invoice(account: string): number | undefined {
    return this.#invoices.get(account);
  }

  /**
   * Appends the line of a charge that stands in a batch.
   * @param number of the charge @param batch its index in the bundle
   */
  writeLine(
    out: TextBytes,
    position: number,
    place: { number: number; batch: number; leafIndex: number },
  ): { startMilliseconds: number; tariffVersion: number } {
    const index = this.#rowAt.get(position);
    const row = index === undefined ? undefined : this.#rows[index];
    assert(index !== undefined && row !== undefined, `the charge at ${position} was gathered`);
    const { window, line, proofs } = row;
    out.ascii('{"line":"');
    out.whole(place.number);
    out.ascii('","batch":');
    out.whole(place.batch);
    out.ascii(',"leafIndex":');
    out.whole(place.leafIndex);
    out.ascii(',"amountNano":');
    this.#texts.writeAmount(out, index);
    out.ascii(',"path":');
    this.#writePath(out, row, proofs, place.leafIndex);
    out.ascii(",");
    this.#texts.write(out, index);
    return {
      startMilliseconds: window.whole(line, FIELD.start),
      tariffVersion: window.field(line, FIELD.tariffVersion),
    };
  }

  #writePath(out: TextBytes, { window, line }: LineRow, proofs: BatchProofs, leafIndex: number) {
    const { paths } = window.memory;
    const from = LOWER_PATH_BYTES * line;
    for (let at = 0; at < LOWER_PATH_BYTES; at += DIGEST_BYTES) {
      out.ascii(at === 0 ? "[" : ",");
      out.hex(paths, from + at, from + at + DIGEST_BYTES);
    }
    const upperBytes = proofs.pathBytes - LOWER_PATH_BYTES;
    if (this.#path.length < upperBytes) this.#path = new Uint8Array(upperBytes);
    proofs.writeUpper(leafIndex, this.#path, 0);
    for (let at = 0; at < upperBytes; at += DIGEST_BYTES) {
      out.ascii(",");
      out.hex(this.#path, at, at + DIGEST_BYTES);
    }
    out.ascii("]");
  }

  /** Takes up the lines that windows hold, with what opens them. */
  async #take(facts: readonly AccountFacts[], windows: readonly LineWindow[]): Promise<void> {
    const { store } = this.#reading;
    const months = new MonthKeys(store, this.#chargeBook);
    let batch: { found: FoundBatch; proofs: BatchProofs } | undefined;
    for (const { state, places } of facts) {
      const owner = new LineOwner(state);
      for (let at = 0; at < places.length; at += 2) {
        const place = placeOf(places[at] as number, places[at + 1] as number);
        const position = (places[at] as number) + (places[at + 1] as number);
        const found = findIn(windows, place);
        if (found === undefined) continue;
        const startMilliseconds = found.window.whole(found.line, FIELD.start);
        const monthKey = await months.of(startMilliseconds);
        assert(monthKey !== undefined, `the key of the month of ${startMilliseconds} is stored`);
        if (batch === undefined || position < batch.found.first || position >= batch.found.end) {
          batch = await this.#batchOf(position);
        }
        this.#rowAt.set(position, this.#rows.length);
        this.#rows.push({ ...found, owner, monthKey, proofs: batch.proofs });
      }
    }
    this.#texts = new LineTexts(this.#rows);
  }

  async #batchOf(position: number): Promise<{ found: FoundBatch; proofs: BatchProofs }> {
    const { places, proofs } = this.#reading;
    const found = await places.at(this.#chargeBook, position);
    assert(found !== undefined, `the row at ${position} stands in a batch`);
    const known = await this.batches(this.#chargeBook).read([found.sequence]);
    const batch = known.get(found.sequence) as StoredBatch;
    return { found, proofs: await proofs.open(this.#chargeBook, batch) };
  }

  async #findInvoices(facts: readonly AccountFacts[], keys: OrderKeys): Promise<void> {
    const positions: number[] = [];
    for (const { account, invoice } of facts) {
      const position = invoice && keys.positionOf(invoice);
      if (position === undefined) continue;
      this.#invoices.set(account, position);
      positions.push(position);
    }
    positions.sort((a, b) => a - b);
    this.#invoiceBook = keys.domain;
    await this.#proveInvoices(keys.domain, positions);
  }

  /** @param positions ascending; those that stand in no batch yet are passed over */
  async #proveInvoices(domain: Hex, positions: readonly number[]): Promise<void> {
    const { places, invoiceProofs } = this.#reading;
    for (let at = 0; at < positions.length; ) {
      const found = await places.at(domain, positions[at] as number);
      if (found === undefined) break;
      const indexes: number[] = [];
      for (; at < positions.length && (positions[at] as number) < found.end; at++) {
        indexes.push((positions[at] as number) - found.first);
      }
      const batch = (await this.batches(domain).read([found.sequence])).get(found.sequence);
      assert(batch !== undefined, `batch ${found.sequence} is stored`);
      const opened = await invoiceProofs.open(domain, batch);
      for await (const { index, path } of opened.of(indexes)) {
        this.#invoicePaths.set(found.first + index, path);
      }
    }
  }
}

function findIn(
  windows: readonly LineWindow[],
  place: number,
): { window: LineWindow; line: number } | undefined {
  for (const window of windows) {
    const line = window.find(place);
    if (line !== undefined) return { window, line };
  }
  return undefined;
}

/** The places of all accounts' charges, ascending, but for those that a window holds. */
function missingPlaces(facts: readonly AccountFacts[], window?: LineWindow): Float64Array {
  const missing: number[] = [];
  for (const { places } of facts) {
    for (let at = 0; at < places.length; at += 2) {
      const place = placeOf(places[at] as number, places[at + 1] as number);
      if (window?.find(place) === undefined) missing.push(place);
    }
  }
  return Float64Array.from(missing).sort();
}
