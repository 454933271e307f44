import { assert } from "../core/errors.ts";
import { ChargeBlock } from "./charge-block.ts";
import { below, keys } from "./key-spaces.ts";
import { LeafTile } from "./leaf-tile.ts";
import type { Store } from "./store.ts";
import { isBytes, readBytes } from "./stored-bytes.ts";
import { readJson } from "./stored-json.ts";
import type { StoredCharge, StoredInvoiceLeaf } from "./stored-types.ts";

/*
 * Rows of a book: charges, credits and invoice leaves at their positions, which count from 1 without
 * gaps and never change. A stored value is a block of charges in columns, or one entry as JSON.
 */

export type LooseEntry = StoredCharge | StoredInvoiceLeaf;

export interface StoredRows {
  /** Position of the first row, which the key names. */
  first: bigint;
  count: number;
  rows: ChargeBlock | LooseEntry;
}

export const isBlock = (rows: StoredRows["rows"]): rows is ChargeBlock =>
  rows instanceof ChargeBlock;

/** @throws TallystickError `store.value-damaged` */
export function decodeRows(key: string, value: Uint8Array): StoredRows {
  const first = positionIn(key);
  if (!isBytes(value)) return { first, count: 1, rows: readJson<LooseEntry>(key, value) };
  const block = ChargeBlock.decode(readBytes(key, value));
  return { first, count: block.count, rows: block };
}

/** The number at the end of a key. */
export const positionIn = (key: string): bigint =>
  BigInt(`0x${key.slice(key.lastIndexOf("/") + 1)}`);

/** All rows of a book from the value that holds `from` on, up to `to` (not with it). */
export async function* scanRows(
  store: Store,
  domain: string,
  from: bigint,
  to: bigint,
): AsyncGenerator<StoredRows> {
  if (from >= to) return;
  const start = await keyAtOrBefore(store, `rows/${domain}/`, keys.rows(domain, from));
  if (start === undefined) return;
  for await (const { key, value } of store.scan({ from: start, to: keys.rows(domain, to) })) {
    const rows = decodeRows(key, value);
    if (rows.first + BigInt(rows.count) > from) yield rows;
  }
}

/** The value that holds a position. */
export async function findRows(
  store: Store,
  domain: string,
  position: bigint,
): Promise<StoredRows | undefined> {
  for await (const rows of scanRows(store, domain, position, position + 1n)) return rows;
  return undefined;
}

async function keyAtOrBefore(
  store: Store,
  prefix: string,
  key: string,
): Promise<string | undefined> {
  // "~" comes behind every digit, so the key itself lies within the range.
  const range = { from: prefix, to: `${key}~`, reverse: true, limit: 1 };
  for await (const entry of store.scan(range)) return entry.key;
  return undefined;
}

/** A stretch of leaf tiles: parts of tiles, in the order of their positions. */
export async function* scanLeaves(
  store: Store,
  domain: string,
  first: bigint,
  count: number,
): AsyncGenerator<{ tile: LeafTile; from: number; to: number }> {
  if (count === 0) return;
  const end = first + BigInt(count);
  const start = await keyAtOrBefore(store, `leaves/${domain}/`, keys.leaves(domain, first));
  assert(start !== undefined, `leaves from ${first} are stored`);
  let next = first;
  for await (const { key, value } of store.scan({ from: start, to: keys.leaves(domain, end) })) {
    const tile = LeafTile.read(key, value);
    const at = positionIn(key);
    const from = Number(next - at);
    const to = Math.min(tile.count, Number(end - at));
    assert(from >= 0 && from < tile.count, `leaf tiles follow each other at ${next}`);
    yield { tile, from, to };
    next = at + BigInt(to);
  }
  assert(next === end, `leaves up to ${end} are stored`);
}

export interface BatchPlace {
  sequence: string;
  /** Position of the batch's first row. */
  first: string;
}

/** The batch that holds a position; undefined while it waits. */
export async function batchAt(
  store: Store,
  domain: string,
  position: bigint,
): Promise<BatchPlace | undefined> {
  const range = {
    from: keys.batchEnd(domain, position),
    to: below(`batch-end/${domain}/`).to,
    limit: 1,
  };
  for await (const { key, value } of store.scan(range)) return readJson<BatchPlace>(key, value);
  return undefined;
}
