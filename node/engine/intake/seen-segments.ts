import type { Store } from "../store/store.ts";
import { readBytes } from "../store/stored-bytes.ts";

/** Segments that are read ahead at most: 2 MB. */
const AHEAD_MAX = 256;

/**
 * Segments of runs, in few calls of the store, some of them before they are asked for: what a filter lets through
 * now and then would otherwise stop the intake once for each chunk of records. A segment never changes
 * under its key, so what was read ahead is never out of date.
 */
export class SeenSegments {
  readonly #store: Store;
  #ahead = new Map<string, Promise<Uint32Array>>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Lets go of what was read ahead. */
  forget(): void {
    this.#ahead = new Map();
  }

  readAhead(keys: Iterable<string>): void {
    const missing: string[] = [];
    for (const key of keys) {
      if (this.#ahead.size + missing.length >= AHEAD_MAX) break;
      if (!this.#ahead.has(key)) missing.push(key);
    }
    if (missing.length === 0) return;
    const read = this.#store.getMany(missing);
    for (const [at, key] of missing.entries()) {
      const segment = read.then((values) => wordsOf(key, values[at]));
      // Whoever asks for it is told. Of a run that is deleted meanwhile nobody asks any more.
      segment.catch(() => {});
      this.#ahead.set(key, segment);
    }
  }

  /** @throws TallystickError `store.…` @returns the entries' words, in the order of the keys */
  async read(keys: readonly string[]): Promise<Uint32Array[]> {
    const missing = keys.filter((key) => !this.#ahead.has(key));
    const values = missing.length === 0 ? [] : await this.#store.getMany(missing);
    const found = new Map(missing.map((key, at) => [key, wordsOf(key, values[at])]));
    return Promise.all(
      keys.map((key) => found.get(key) ?? (this.#ahead.get(key) as Promise<Uint32Array>)),
    );
  }
}

const wordsOf = (key: string, value: Uint8Array | undefined): Uint32Array =>
  new Uint32Array(readBytes(key, value).buffer);
