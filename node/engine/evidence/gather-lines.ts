import type { Hex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import { TextBytes } from "../../core/invoice/text-bytes.ts";
import type { OrderKeys } from "../bill/order-keys.ts";
import { MonthKeys } from "../store/month-keys.ts";
import type { StoreReader } from "../store/store.ts";
import { isBlock } from "../store/stored-rows.ts";
import type { StoredBatch, StoredCharge } from "../store/stored-types.ts";
import type { AccountFacts } from "./account-facts.ts";
import { type BatchPlaces, BatchReads, type FoundBatch } from "./batch-places.ts";
import { LineOwner, type LineRow, LineTexts } from "./line-text.ts";
import type { ProofReader } from "./proof-reader.ts";
import type { RowsCache } from "./rows-cache.ts";

/** Rows of one stored value at most, and some more: a place is sorted as one number. */
const ROWS_MAX = 1_024;
const DIGEST_BYTES = 32;

/** By what lines are read; what it read lately is remembered within its bounds. */
export interface LineReading {
  store: StoreReader;
  rows: RowsCache;
  places: BatchPlaces;
  proofs: ProofReader;
  /** Apart from those of charges, which would drive out what all accounts of a month ask for. */
  invoiceProofs: ProofReader;
}

/** What a bundle says of a line beside its text. */
interface Line {
  /** Where its text lies. */
  from: number;
  to: number;
  amountNano: string;
  startMilliseconds: number;
  tariffVersion: number;
}

/**
 * Charges and proofs of many accounts, read in the order in which they lie: neighbours share blocks of
 * charges, leaf tiles and batches. Charges are written as bundles show them at once, since text is
 * smaller than what it is made of. Held for as long as those accounts' bundles are written.
 */
export class GatheredLines {
  readonly #reading: LineReading;
  readonly #chargeBook: Hex;
  readonly #reads = new Map<string, BatchReads>();
  /** By position in the charge book. */
  readonly #lines = new Map<number, Line>();
  readonly #texts = new TextBytes();
  readonly #paths = new Map<string, Map<number, Uint8Array>>();
  readonly #invoices = new Map<string, number>();

  private constructor(reading: LineReading, chargeBook: Hex) {
    this.#reading = reading;
    this.#chargeBook = chargeBook;
  }

  /**
   * @param facts of one epoch
   * @param keys of the run of invoices that the accounts' are of
   */
  static async of(
    reading: LineReading,
    chargeBook: Hex,
    facts: readonly AccountFacts[],
    keys: OrderKeys | undefined,
  ): Promise<GatheredLines> {
    const gathered = new GatheredLines(reading, chargeBook);
    const places = inOrder(facts);
    await gathered.#writeLines(places, facts);
    const positions = places.map(({ first, row }) => first + row);
    await gathered.#prove(chargeBook, positions, reading.proofs);
    if (keys !== undefined) await gathered.#findInvoices(facts, keys);
    return gathered;
  }

  /** Batches as they are stored, each read once for all accounts. */
  batches(domain: string): BatchReads {
    const known = this.#reads.get(domain) ?? new BatchReads(this.#reading.store, domain);
    this.#reads.set(domain, known);
    return known;
  }

  /** The siblings of a leaf by its position, 32 bytes each. */
  path(domain: string, position: number): Uint8Array | undefined {
    return this.#paths.get(domain)?.get(position);
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
  ): Pick<Line, "startMilliseconds" | "tariffVersion"> {
    const line = this.#lines.get(position);
    const path = this.path(this.#chargeBook, position);
    assert(line !== undefined && path !== undefined, `the charge at ${position} was gathered`);
    out.ascii('{"line":"');
    out.whole(place.number);
    out.ascii('","batch":');
    out.whole(place.batch);
    out.ascii(',"leafIndex":');
    out.whole(place.leafIndex);
    out.ascii(`,"amountNano":"${line.amountNano}","path":`);
    for (let at = 0; at < path.length; at += DIGEST_BYTES) {
      out.ascii(at === 0 ? "[" : ",");
      out.hex(path, at, at + DIGEST_BYTES);
    }
    out.ascii("],");
    out.copy(this.#texts.bytes.subarray(line.from, line.to));
    return line;
  }

  async #writeLines(places: readonly GatheredPlace[], facts: readonly AccountFacts[]) {
    const { store, rows } = this.#reading;
    const owners = facts.map(({ state }) => new LineOwner(state));
    const months = new MonthKeys(store, this.#chargeBook);
    const writer = new LineTexts();
    for (const window of windowsOf(places, rows.valuesMax)) {
      const values = await rows.read(
        this.#chargeBook,
        window.map(({ first }) => first),
      );
      const wanted: (LineRow & { position: number })[] = [];
      for (const { first, row, of } of window) {
        const value = values.get(first)?.rows;
        if (value === undefined || !isBlock(value)) {
          assert(value !== undefined && "opened" in value, "the row is a charge");
          this.#writeLoose(first + row, value);
          continue;
        }
        const { start } = value.halves;
        const startMilliseconds =
          (start[2 * row + 1] as number) * 2 ** 32 + (start[2 * row] as number);
        const monthKey = await months.of(startMilliseconds);
        assert(monthKey !== undefined, `the key of the month of ${startMilliseconds} is stored`);
        const owner = owners[of] as LineOwner;
        wanted.push({ block: value, row, owner, monthKey, position: first + row });
      }
      let from = this.#texts.length;
      writer.write(this.#texts, wanted, (at) => {
        const { block, row, position } = wanted[at] as (typeof wanted)[number];
        const to = this.#texts.length;
        this.#lines.set(position, {
          from,
          to,
          amountNano: String(block.wide.amountNano[row]),
          startMilliseconds: Number(block.wide.start[row]),
          tariffVersion: block.middle.tariffVersion[row] as number,
        });
        from = to;
      });
    }
  }

  /** A charge that is a value of its own. */
  #writeLoose(position: number, { opened, amountNano, moves, components }: StoredCharge): void {
    const { account, party, charge } = opened;
    assert(charge !== undefined, "a charge of the charge book");
    const told = moves === undefined ? {} : { told: { components, moves } };
    const from = this.#texts.length;
    this.#texts.text(JSON.stringify({ account, party, charge, ...told }).slice(1));
    const startMilliseconds = Number(charge.start);
    const { tariffVersion } = charge;
    const to = this.#texts.length;
    this.#lines.set(position, { from, to, amountNano, startMilliseconds, tariffVersion });
  }

  /** @param positions ascending; those that stand in no batch yet are passed over */
  async #prove(domain: Hex, positions: readonly number[], proofs: ProofReader): Promise<void> {
    const stretches: { found: FoundBatch; indexes: number[] }[] = [];
    for (const position of positions) {
      const last = stretches.at(-1);
      if (last !== undefined && position < last.found.end) {
        last.indexes.push(position - last.found.first);
        continue;
      }
      const found = await this.#reading.places.at(domain, position);
      if (found === undefined) break;
      stretches.push({ found, indexes: [position - found.first] });
    }
    const sequences = stretches.map(({ found }) => found.sequence);
    const batches = await this.batches(domain).read(sequences);
    const paths = this.#paths.get(domain) ?? new Map<number, Uint8Array>();
    this.#paths.set(domain, paths);
    for (const { found, indexes } of stretches) {
      const batch: StoredBatch | undefined = batches.get(found.sequence);
      assert(batch !== undefined, `batch ${found.sequence} is stored`);
      const opened = await proofs.open(domain, batch);
      for await (const { index, path } of opened.of(indexes)) paths.set(found.first + index, path);
    }
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
    await this.#prove(keys.domain, positions, this.#reading.invoiceProofs);
  }
}

interface GatheredPlace {
  /** Position of the stored value's first row, and the row in it. */
  first: number;
  row: number;
  /** Whose it is, by index. */
  of: number;
}

/** The places of all accounts' charges by their position. */
function inOrder(facts: readonly AccountFacts[]): GatheredPlace[] {
  const owners = new Map<number, number>();
  for (const [of, { places }] of facts.entries()) {
    for (let at = 0; at < places.length; at += 2) {
      owners.set(ROWS_MAX * (places[at] as number) + (places[at + 1] as number), of);
    }
  }
  const order = Float64Array.from(owners.keys()).sort();
  return Array.from(order, (place) => ({
    first: Math.floor(place / ROWS_MAX),
    row: place % ROWS_MAX,
    of: owners.get(place) as number,
  }));
}

/** Stretches of places that lie in at most so many values. */
function* windowsOf(
  places: readonly GatheredPlace[],
  valuesMax: number,
): Generator<readonly GatheredPlace[]> {
  let from = 0;
  let values = 0;
  for (const [at, { first }] of places.entries()) {
    if (at > from && first === places[at - 1]?.first) continue;
    if (values === valuesMax) {
      yield places.slice(from, at);
      from = at;
      values = 0;
    }
    values++;
  }
  if (from < places.length) yield places.slice(from);
}
