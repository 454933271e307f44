import type { ValueSizes } from "../../node/adapters/value-log-end.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { BYTES_HEADER, encodeBytes, encodeInto } from "../../node/engine/store/stored-bytes.ts";
import { Seeded } from "./seeded.ts";

const KEYS = 150;
const OPERATIONS_MAX = 8;
const SMALL_BYTES_MAX = 900;
const LARGE_BYTES_MAX = 40_000;
const DELETED_SHARE = 0.25;

/** A file of values is full after some twenty of them; two large cold ones are written past the system's memory. */
export const VALUE_SIZES: ValueSizes = { fileBytes: 300_000, directBytesMin: 12_288 };
/** A batch leaves its number under this key: it tells which batches a store has. */
export const BATCH_KEY = "soak/batch";
/** Where the keys of batches lie. */
export const ROWS = { from: "row/", to: "row0" };

/** Bytes by key, as a store should have them. */
export type Contents = Map<string, Uint8Array>;

/**
 * The batch of a number: values that stay, that are cold, that pass and that are small, written over and deleted, so that most of what
 * is logged is soon dead and a compaction always has something to do. The same seed and number give the same batch.
 * @param take memory for a cold value, of so many bytes
 */
export function batchOf(
  seed: number,
  number: number,
  take = (bytes: number): Uint8Array => new Uint8Array(bytes),
): StoreOperation[] {
  const random = new Seeded(seed + 7_919 * number);
  const operations = new Map<string, StoreOperation>();
  for (let left = 1 + random.below(OPERATIONS_MAX); left > 0; left--) {
    const key = `${ROWS.from}${random.below(KEYS)}`;
    if (random.chance(DELETED_SHARE)) {
      operations.set(key, { type: "delete", key });
      continue;
    }
    const length = random.below(random.chance(0.4) ? SMALL_BYTES_MAX : LARGE_BYTES_MAX);
    const payload = new Uint8Array(length).fill((number + left) % 251);
    const lasting = random.pick([true, "cold", "cold", "passing", false] as const);
    const value =
      lasting === "cold"
        ? encodeInto(take(BYTES_HEADER + length), [payload])
        : encodeBytes(payload);
    operations.set(key, { type: "put", key, value, lasting });
  }
  const value = encodeBytes(Uint8Array.from(new TextEncoder().encode(String(number))));
  return [...operations.values(), { type: "put", key: BATCH_KEY, value }];
}

export function apply(contents: Contents, operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    if (operation.key === BATCH_KEY) continue;
    if (operation.type === "put") contents.set(operation.key, operation.value);
    else contents.delete(operation.key);
  }
}
