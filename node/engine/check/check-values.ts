import { TallystickError } from "../../core/errors.ts";
import type { StoreEntry, StoreRange, StoreReader } from "../store/store.ts";
import { isBytes, readBytes } from "../store/stored-bytes.ts";
import { readJson } from "../store/stored-json.ts";

/** Key spaces that hold values with a checksum: all but the outbox's, which has its own reader. */
const RANGES: StoreRange[] = [
  { from: "", to: "outbox/" },
  { from: "outbox0", to: "\u{10ffff}" },
];

/** Values that are read in one call: some megabytes of rows. */
const READ_AT_ONCE = 64;
const NO_VALUE = new Uint8Array();
const TOLD_EVERY = 4_096;

/**
 * Reads every value of the store against its checksum.
 * @returns the keys of those that are damaged, and the store as if they were not there
 */
export async function checkValues(
  store: StoreReader,
  onProgress: (values: number) => void = () => {},
): Promise<{ values: number; damaged: string[]; whole: StoreReader }> {
  const damaged: string[] = [];
  let values = 0;
  for (const range of RANGES) {
    for await (const { key, value } of readable(store, range)) {
      if (value !== undefined && isAsWritten(key, value)) values++;
      else damaged.push(key);
      if (values % TOLD_EVERY === 0) onProgress(values);
    }
  }
  return { values, damaged, whole: without(store, new Set(damaged)) };
}

function isAsWritten(key: string, value: Uint8Array): boolean {
  try {
    if (isBytes(value)) readBytes(key, value);
    else readJson(key, value);
    return true;
  } catch (error) {
    if (error instanceof TallystickError && error.code === "store.value-damaged") return false;
    throw error;
  }
}

/** Entries by their keys; without a value where the disk does not give it back any more. */
async function* readable(
  store: StoreReader,
  range: StoreRange,
): AsyncGenerator<{ key: string; value: Uint8Array | undefined }> {
  let keys: string[] = [];
  const read = async function* () {
    const values = await store.getMany(keys).catch(ifCorrupt);
    for (const [at, key] of keys.entries()) {
      const value = values === undefined ? await store.get(key).catch(ifCorrupt) : values[at];
      yield { key, value };
    }
    keys = [];
  };
  for await (const { key } of store.scan({ ...range, keysOnly: true })) {
    keys.push(key);
    if (keys.length === READ_AT_ONCE) yield* read();
  }
  yield* read();
}

function ifCorrupt(error: unknown): undefined {
  if (error instanceof TallystickError && error.code === "store.corrupt") return undefined;
  throw error;
}

function without(store: StoreReader, hidden: ReadonlySet<string>): StoreReader {
  return {
    get: async (key) => (hidden.has(key) ? undefined : store.get(key)),
    getMany: async (keys) => {
      const values = await store.getMany(keys.filter((key) => !hidden.has(key)));
      let next = 0;
      return keys.map((key) => (hidden.has(key) ? undefined : values[next++]));
    },
    async *scan(range): AsyncIterable<StoreEntry> {
      if (hidden.size === 0) {
        yield* store.scan(range);
        return;
      }
      // By its keys: a scan of values ends at the first that can not be read.
      const { limit = Number.POSITIVE_INFINITY, ...whole } = range;
      let left = limit;
      let keys: string[] = [];
      const read = async function* (): AsyncGenerator<StoreEntry> {
        const values = range.keysOnly === true ? [] : await store.getMany(keys);
        for (const [at, key] of keys.entries()) yield { key, value: values[at] ?? NO_VALUE };
        keys = [];
      };
      for await (const { key } of store.scan({ ...whole, keysOnly: true })) {
        if (hidden.has(key)) continue;
        if (left-- <= 0) break;
        keys.push(key);
        if (keys.length === READ_AT_ONCE) yield* read();
      }
      yield* read();
    },
  };
}
