import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { positionIn } from "../store/stored-rows.ts";

/** Bounds of one batch; whichever is reached first ends it. */
export interface BatchBounds {
  batchChargesMax: number;
  /** Of the stored bytes of its rows. */
  batchBytesMax: number;
}

export interface BatchLength {
  count: number;
  /** Stored bytes of its rows; those of a value that two batches share are divided by rows. */
  bytes: number;
}

/**
 * How many of the rows that wait go into the next batch of a book: as many as both bounds allow, and one at
 * least. Only the sizes of values are read, one for each block of up to 512 rows.
 * @param waiting how many rows there are from position `first` on
 */
export async function lengthOfBatch(
  store: Store,
  domain: string,
  { first, waiting }: { first: bigint; waiting: bigint },
  { batchChargesMax, batchBytesMax }: BatchBounds,
): Promise<BatchLength> {
  const end = first + (waiting < BigInt(batchChargesMax) ? waiting : BigInt(batchChargesMax));
  let at = first;
  let bytes = 0;
  for await (const stretch of sizesFrom(store, domain, first, first + waiting)) {
    if (at >= end) break;
    const rows = (stretch.end < end ? stretch.end : end) - at;
    const each = stretch.bytes / Number(stretch.end - stretch.first);
    const fitting = Math.floor((batchBytesMax - bytes) / each);
    if (fitting < Number(rows)) {
      const taken = BigInt(Math.max(fitting, at === first ? 1 : 0));
      return { count: Number(at + taken - first), bytes: Math.round(bytes + Number(taken) * each) };
    }
    bytes += Number(rows) * each;
    at += rows;
  }
  // What the sizes do not tell of (there is no such row) is told by whoever reads the rows.
  return { count: Number(end - first), bytes: Math.round(bytes) };
}

interface Stretch {
  first: bigint;
  end: bigint;
  bytes: number;
}

/** Values from the one that holds row `first`, with the rows that each of them holds. */
async function* sizesFrom(
  store: Store,
  domain: string,
  first: bigint,
  end: bigint,
): AsyncGenerator<Stretch> {
  if (first >= end) return;
  const { from } = below(`rows/${domain}/`);
  const holding = { from, to: keys.rows(domain, first + 1n), reverse: true, limit: 1 };
  let start = keys.rows(domain, first);
  for await (const { key } of store.scan({ ...holding, keysOnly: true })) start = key;
  let before: { first: bigint; bytes: number } | undefined;
  const range = { from: start, to: keys.rows(domain, end), sizesOnly: true };
  for await (const { key, bytes = 0 } of store.scan(range)) {
    const position = positionIn(key);
    if (before !== undefined) yield { ...before, end: position };
    before = { first: position, bytes };
  }
  if (before !== undefined) yield { ...before, end };
}
