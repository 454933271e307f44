import { assert } from "../../core/errors.ts";
import { InvoiceLeafBlock } from "../bill/invoice-leaf-block.ts";
import { ChargeBlock } from "../number/charge-block.ts";
import { type LeafColumns, LeafTile } from "../number/leaf-tile.ts";
import { below, keys } from "./key-spaces.ts";
import type { StoreEntry, StoreReader } from "./store.ts";
import { isBytes, payloadOf, readBytes } from "./stored-bytes.ts";
import { readJson } from "./stored-json.ts";
import type { StoredCharge } from "./stored-types.ts";

/*
 * Rows of a book: charges, credits and invoice leaves at their positions, which count from 1 without
 * gaps and never change. A stored value is a block of charges in columns (of usage, or of what a
 * period's end made due), a block of invoices' leaves,
 * or one charge or credit as JSON.
 */

export type LooseEntry = StoredCharge;

export interface StoredRows {
  /** Position of the first row, which the key names. */
  first: bigint;
  count: number;
  rows: ChargeBlock | InvoiceLeafBlock | LooseEntry;
}

export const isBlock = (rows: StoredRows["rows"]): rows is ChargeBlock =>
  rows instanceof ChargeBlock;

/** @throws TallystickError `store.value-damaged` */
export function decodeRows(key: string, value: Uint8Array): StoredRows {
  const first = positionIn(key);
  if (!isBytes(value)) return { first, count: 1, rows: readJson<LooseEntry>(key, value) };
  // What shares memory with other values would keep theirs too, and may not be aligned.
  const isAlone = value.byteLength === value.buffer.byteLength;
  const payload = isAlone ? payloadOf(key, value) : readBytes(key, value);
  const block = InvoiceLeafBlock.isOne(payload)
    ? InvoiceLeafBlock.decode(payload)
    : ChargeBlock.decode(payload);
  return { first, count: block.count, rows: block };
}

/** The number at the end of a key. */
export const positionIn = (key: string): bigint =>
  BigInt(`0x${key.slice(key.lastIndexOf("/") + 1)}`);

/** All rows of a book from the value that holds `from` on, up to `to` (not with it). */
export async function* scanRows(
  store: StoreReader,
  domain: string,
  from: bigint,
  to: bigint,
): AsyncGenerator<StoredRows> {
  for await (const { key, value } of scanStoredRows(store, domain, from, to)) {
    const rows = decodeRows(key, value);
    if (rows.first + BigInt(rows.count) > from) yield rows;
  }
}

/** As `scanRows`, the values as they are stored; the first may end before `from`. */
export async function* scanStoredRows(
  store: StoreReader,
  domain: string,
  from: bigint,
  to: bigint,
): AsyncGenerator<StoreEntry> {
  if (from >= to) return;
  const start = await atOrBefore(store, `rows/${domain}/`, keys.rows(domain, from));
  if (start !== undefined) yield start;
  // What follows a key comes behind "~", which comes behind every digit. The first rows may be dropped.
  const behind = start === undefined ? keys.rows(domain, from) : `${start.key}~`;
  yield* store.scan({ from: behind, to: keys.rows(domain, to) });
}

/** The value that holds a position. */
export async function findRows(
  store: StoreReader,
  domain: string,
  position: bigint,
): Promise<StoredRows | undefined> {
  const found = await atOrBefore(store, `rows/${domain}/`, keys.rows(domain, position));
  if (found === undefined) return undefined;
  const rows = decodeRows(found.key, found.value);
  return rows.first + BigInt(rows.count) > position ? rows : undefined;
}

async function atOrBefore(
  store: StoreReader,
  prefix: string,
  key: string,
): Promise<StoreEntry | undefined> {
  const range = { from: prefix, to: `${key}~`, reverse: true, limit: 1 };
  for await (const entry of store.scan(range)) return entry;
  return undefined;
}

/** The leaves of a stretch of a book: rows `from` up to `to` (not with it) of tiles, in the order of their positions. */
export async function* scanLeaves(
  store: StoreReader,
  domain: string,
  first: bigint,
  count: number,
): AsyncGenerator<{ columns: LeafColumns; from: number; to: number }> {
  if (count === 0) return;
  const end = first + BigInt(count);
  const start = await atOrBefore(store, `leaves/${domain}/`, keys.leaves(domain, first));
  assert(start !== undefined, `leaves from ${first} are stored`);
  let next = first;
  const part = ({ key, value }: StoreEntry) => {
    const columns = LeafTile.columnsOf(key, value);
    const at = positionIn(key);
    const from = Number(next - at);
    const to = Math.min(columns.count, Number(end - at));
    assert(from >= 0 && from < columns.count, `leaf tiles follow each other at ${next}`);
    next = at + BigInt(to);
    return { columns, from, to };
  };
  yield part(start);
  const range = { from: `${start.key}~`, to: keys.leaves(domain, end) };
  for await (const entry of store.scan(range)) yield part(entry);
  assert(next === end, `leaves up to ${end} are stored`);
}

export interface BatchPlace {
  sequence: string;
  /** Position of the batch's first row. */
  first: string;
}

/** The batch that holds a position; undefined while it waits. */
export async function batchAt(
  store: StoreReader,
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
