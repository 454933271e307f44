import { TallystickError } from "../core/errors.ts";
import type { StoreEntry, StoreRange, StoreReader } from "../engine/store/store.ts";
import type { CallHandlers, PortCalls } from "./port-calls.ts";

/** Entries that one call brings: keys alone, or blocks of charges of some 50 kB each. */
const KEYS_AT_ONCE = 4_096;
const ENTRIES_AT_ONCE = 64;
const NOTHING = new Uint8Array();

/** What a thread reads of the store of the thread that started it; it writes nothing. */
export type ReadStore = Pick<StoreReader, "getMany" | "scan">;

/** A part of a scan: a message holds so much, however long the range is. */
export type StorePage = StoreRange & { limit: number };

/** What a `PortStore` asks. */
export type StoreCalls = {
  getMany: { argument: readonly string[]; result: (Uint8Array | undefined)[] };
  scan: { argument: StorePage; result: StoreEntry[] };
};

const holdsValues = ({ keysOnly, sizesOnly }: StoreRange): boolean =>
  keysOnly !== true && sizesOnly !== true;

const entriesAtOnce = (range: StoreRange): number =>
  holdsValues(range) ? ENTRIES_AT_ONCE : KEYS_AT_ONCE;

/** Answers what a `PortStore` asks; `port.page` where more is asked for at once than a message is to hold. */
export const storeHandlers = (store: ReadStore): CallHandlers<StoreCalls> => ({
  async getMany(keys) {
    const values = (await store.getMany(keys)).map((value) => value && alone(value));
    return { result: values, moved: values.flatMap((value) => value?.buffer ?? []) };
  },
  async scan(page) {
    const { limit } = page;
    if (!Number.isInteger(limit) || limit < 1 || limit > entriesAtOnce(page)) {
      throw pageError(`A page of ${limit} entries was asked for.`);
    }
    const entries: StoreEntry[] = [];
    const moved: ArrayBuffer[] = [];
    for await (const entry of store.scan(page)) {
      const value = holdsValues(page) ? alone(entry.value) : NOTHING;
      entries.push({ ...entry, value });
      if (value !== NOTHING) moved.push(value.buffer as ArrayBuffer);
    }
    return { result: entries, moved };
  },
});

/** A copy in memory of its own: what is read together shares memory, which can be handed over once. */
const alone = (value: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(value);

/** The store of another thread. A scan reads page by page: what is written meanwhile may be seen. */
export class PortStore implements ReadStore {
  readonly #calls: PortCalls<StoreCalls>;

  constructor(calls: PortCalls<StoreCalls>) {
    this.#calls = calls;
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return [];
    const values = await this.#calls.ask("getMany", keys);
    if (values.length === keys.length) return values;
    throw pageError(`${values.length} values were given for ${keys.length} keys.`);
  }

  /** @throws TallystickError `port.page` where what is given would not lead to the range's end */
  async *scan(range: StoreRange): AsyncGenerator<StoreEntry> {
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    let { from, to } = range;
    while (left > 0) {
      const limit = Math.min(entriesAtOnce(range), left);
      const entries = await this.#calls.ask("scan", { ...range, from, to, limit });
      const last = entries.at(-1);
      if (entries.length > limit) throw pageError(`${entries.length} entries were given.`);
      yield* entries;
      if (last === undefined || entries.length < limit) return;
      left -= entries.length;
      // No key lies between one and the same with a zero behind it.
      const next = range.reverse === true ? { from, to: last.key } : { from: `${last.key}\0`, to };
      if (next.from === from && next.to === to) throw pageError("A page was given twice.");
      ({ from, to } = next);
    }
  }
}

const pageError = (message: string): TallystickError => new TallystickError("port.page", message);
