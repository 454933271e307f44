import type { StoreEntry, StoreRange, StoreReader } from "../engine/store/store.ts";
import type { CallHandlers, Given, PortCalls } from "./port-calls.ts";

/** Entries that one call brings: keys alone, or blocks of charges of some 50 kB each. */
const KEYS_AT_ONCE = 4_096;
const ENTRIES_AT_ONCE = 64;

/** What a thread reads of the store of the thread that started it; it writes nothing. */
export type ReadStore = Pick<StoreReader, "getMany" | "scan">;

/** Answers what a `PortStore` asks. */
export const storeHandlers = (store: ReadStore): CallHandlers => ({
  async getMany(keys: string[]): Promise<Given> {
    const values = (await store.getMany(keys)).map((value) => value && alone(value));
    return { result: values, moved: values.flatMap((value) => value?.buffer ?? []) };
  },
  async scan(range: StoreRange): Promise<Given> {
    const entries: StoreEntry[] = [];
    for await (const entry of store.scan(range)) {
      entries.push({ ...entry, value: alone(entry.value) });
    }
    return { result: entries, moved: entries.map(({ value }) => value.buffer as ArrayBuffer) };
  },
});

/** A copy in memory of its own: what is read together shares memory, which can be handed over once. */
const alone = (value: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(value);

/** The store of another thread. A scan reads page by page: what is written meanwhile may be seen. */
export class PortStore implements ReadStore {
  readonly #calls: PortCalls;

  constructor(calls: PortCalls) {
    this.#calls = calls;
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.length === 0 ? [] : this.#calls.ask("getMany", keys);
  }

  async *scan(range: StoreRange): AsyncGenerator<StoreEntry> {
    const page =
      range.keysOnly === true || range.sizesOnly === true ? KEYS_AT_ONCE : ENTRIES_AT_ONCE;
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    let { from, to } = range;
    while (left > 0) {
      const limit = Math.min(page, left);
      const entries: StoreEntry[] = await this.#calls.ask("scan", { ...range, from, to, limit });
      yield* entries;
      const last = entries.at(-1);
      if (last === undefined || entries.length < limit) return;
      left -= entries.length;
      // No key lies between one and the same with a zero behind it.
      if (range.reverse === true) to = last.key;
      else from = `${last.key}\u0000`;
    }
  }
}
