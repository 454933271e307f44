import type { Hex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import type { OrderKeys } from "../bill/order-keys.ts";
import { RowOpener } from "../store/open-rows.ts";
import { openPlaces, type PositionedCharge, windowsOf } from "../store/read-charges.ts";
import type { Store } from "../store/store.ts";
import type { OwnedPlaces, StoredBatch, StoredCharge } from "../store/stored-types.ts";
import type { AccountFacts } from "./account-facts.ts";
import { type BatchPlaces, BatchReads, type FoundBatch } from "./batch-places.ts";
import type { ProofReader } from "./proof-reader.ts";
import type { RowsCache } from "./rows-cache.ts";

/** Rows of one stored value at most, and some more: a place is sorted as one number. */
const ROWS_MAX = 1_024;

/** By what lines are read; what it read lately is remembered within its bounds. */
export interface LineReading {
  store: Store;
  rows: RowsCache;
  places: BatchPlaces;
  proofs: ProofReader;
  /** Apart from those of charges, which would drive out what all accounts of a month ask for. */
  invoiceProofs: ProofReader;
}

/**
 * Charges and proofs of many accounts, read in the order in which they lie: neighbours share blocks of
 * charges, leaf tiles and batches. Held for as long as those accounts' bundles are written.
 */
export class GatheredLines {
  readonly #reading: LineReading;
  readonly #reads = new Map<string, BatchReads>();
  readonly #charges = new Map<number, StoredCharge>();
  readonly #paths = new Map<string, Map<number, Uint8Array>>();
  readonly #invoices = new Map<string, number>();

  private constructor(reading: LineReading) {
    this.#reading = reading;
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
    const gathered = new GatheredLines(reading);
    const places = inOrder(facts);
    await gathered.#openCharges(chargeBook, places, facts);
    const positions = Float64Array.from(
      { length: places.length / 2 },
      (_, at) => (places[2 * at] as number) + (places[2 * at + 1] as number),
    );
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

  /** Charges of the charge book at these places, which are the accounts'; not those whose key was erased. */
  charges(places: OwnedPlaces): PositionedCharge[] {
    const found: PositionedCharge[] = [];
    for (let at = 0; at < places.length; at += 2) {
      const position = (places[at] as number) + (places[at + 1] as number);
      const charge = this.#charges.get(position);
      if (charge !== undefined) found.push({ position: BigInt(position), charge });
    }
    return found;
  }

  /** The siblings of a leaf by its position, 32 bytes each. */
  path(domain: string, position: number): Uint8Array | undefined {
    return this.#paths.get(domain)?.get(position);
  }

  /** Where the leaf of an account's invoice stands in the invoice book. */
  invoice(account: string): number | undefined {
    return this.#invoices.get(account);
  }

  async #openCharges(
    domain: Hex,
    places: OwnedPlaces,
    facts: readonly AccountFacts[],
  ): Promise<void> {
    const { store, rows } = this.#reading;
    const opener = new RowOpener(store, domain);
    for (const { account, epoch, state } of facts) opener.know(account, epoch, state);
    for (const window of windowsOf(places, rows.valuesMax)) {
      for await (const { position, charge } of openPlaces(opener, rows, domain, window)) {
        this.#charges.set(Number(position), charge);
      }
    }
  }

  /** @param positions ascending; those that stand in no batch yet are passed over */
  async #prove(domain: Hex, positions: Float64Array, proofs: ProofReader): Promise<void> {
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
    await this.#prove(
      keys.domain,
      Float64Array.from(positions).sort(),
      this.#reading.invoiceProofs,
    );
  }
}

/** The places of all accounts' charges by their position. */
function inOrder(facts: readonly AccountFacts[]): OwnedPlaces {
  const count = facts.reduce((sum, { places }) => sum + places.length / 2, 0);
  const order = new Float64Array(count);
  let next = 0;
  for (const { places } of facts) {
    for (let at = 0; at < places.length; at += 2) {
      order[next++] = ROWS_MAX * (places[at] as number) + (places[at + 1] as number);
    }
  }
  order.sort();
  const sorted: OwnedPlaces = [];
  for (const place of order) sorted.push(Math.floor(place / ROWS_MAX), place % ROWS_MAX);
  return sorted;
}
