import { TallystickError } from "../core/errors.ts";
import type { Store, StoreEntry, StoreRange } from "./store.ts";
import { isBytes, readBytes } from "./stored-bytes.ts";
import { readJson } from "./stored-json.ts";

/** Key spaces that hold values with a checksum: all but the outbox's, which has its own reader. */
const RANGES: StoreRange[] = [
  { from: "", to: "outbox/" },
  { from: "outbox0", to: "\u{10ffff}" },
];

const TOLD_EVERY = 4_096;

/**
 * Reads every value of the store against its checksum.
 * @returns the keys of those that are damaged, and the store as if they were not there
 */
export async function checkValues(
  store: Store,
  onProgress: (values: number) => void = () => {},
): Promise<{ values: number; damaged: string[]; whole: Store }> {
  const damaged: string[] = [];
  let values = 0;
  for (const range of RANGES) {
    for await (const { key, value } of store.scan(range)) {
      if (isAsWritten(key, value)) values++;
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

function without(store: Store, hidden: ReadonlySet<string>): Store {
  return {
    get: async (key) => (hidden.has(key) ? undefined : store.get(key)),
    getMany: async (keys) => {
      const values = await store.getMany(keys);
      return values.map((value, at) => (hidden.has(keys[at] as string) ? undefined : value));
    },
    write: (operations, options) => store.write(operations, options),
    async *scan(range): AsyncIterable<StoreEntry> {
      for await (const entry of store.scan(range)) if (!hidden.has(entry.key)) yield entry;
    },
    close: () => store.close(),
  };
}
