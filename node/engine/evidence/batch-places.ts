import { below, keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { readJson, scanJson } from "../store/stored-json.ts";
import { type BatchPlace, positionIn } from "../store/stored-rows.ts";
import type { StoredBatch } from "../store/stored-types.ts";

/** Which batch holds a position; the positions that one batch holds. */
export interface FoundBatch {
  sequence: bigint;
  /** Positions of its first row, and right behind its last one. */
  first: number;
  end: number;
}

/**
 * The batches of books by position. Where a batch lies never changes, so it is read once: a search in
 * the store for each charge would cost more than the charge.
 */
export class BatchPlaces {
  readonly #store: StoreReader;
  readonly #books = new Map<string, FoundBatch[]>();

  constructor(store: StoreReader) {
    this.#store = store;
  }

  /** The batch that holds a position; undefined while it waits. */
  async at(domain: string, position: number): Promise<FoundBatch | undefined> {
    const known = this.#books.get(domain) ?? [];
    this.#books.set(domain, known);
    if (position >= (known.at(-1)?.end ?? 0)) await this.#learn(domain, known);
    let low = 0;
    let high = known.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((known[middle] as FoundBatch).end > position) high = middle;
      else low = middle + 1;
    }
    const found = known[low];
    return found !== undefined && found.first <= position ? found : undefined;
  }

  async #learn(domain: string, known: FoundBatch[]): Promise<void> {
    const from = keys.batchEnd(domain, BigInt(known.at(-1)?.end ?? 0));
    const range = { from, to: below(`batch-end/${domain}/`).to };
    for await (const { key, value } of scanJson<BatchPlace>(this.#store, range)) {
      const end = Number(positionIn(key)) + 1;
      // Somebody else may have learnt it meanwhile.
      if (end <= (known.at(-1)?.end ?? 0)) continue;
      known.push({ sequence: BigInt(value.sequence), first: Number(value.first), end });
    }
  }
}

/**
 * Batches as they are stored, each read once. Only for as long as one answer takes: a repaired ledger
 * gives a batch another block time.
 */
export class BatchReads {
  readonly #store: StoreReader;
  readonly #domain: string;
  readonly #known = new Map<bigint, StoredBatch>();

  constructor(store: StoreReader, domain: string) {
    this.#store = store;
    this.#domain = domain;
  }

  /** @returns those that are stored, by sequence number */
  async read(sequences: Iterable<bigint>): Promise<ReadonlyMap<bigint, StoredBatch>> {
    const missing = [...new Set(sequences)].filter((sequence) => !this.#known.has(sequence));
    const names = missing.map((sequence) => keys.batch(this.#domain, sequence));
    for (const [at, value] of (await this.#store.getMany(names)).entries()) {
      if (value === undefined) continue;
      const batch = readJson<StoredBatch>(names[at] as string, value);
      this.#known.set(missing[at] as bigint, batch);
    }
    return this.#known;
  }
}
