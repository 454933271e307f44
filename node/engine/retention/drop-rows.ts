import { assert } from "../../core/errors.ts";
import { type CountedCharges, countRows } from "../intake/count-rows.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store, StoreOperation } from "../store/store.ts";
import { encodeJson, getJson, scanJson } from "../store/stored-json.ts";
import {
  decodeRows,
  isBlock,
  positionIn,
  type StoredRows,
  scanRows,
} from "../store/stored-rows.ts";
import type { BookState, IngestedFile, StoredBatch } from "../store/stored-types.ts";
import {
  type DroppedRows,
  isOver,
  nothingDropped,
  RETENTION_KEY,
  type RetentionState,
} from "./retention-state.ts";

/** Batches and their rows that one step drops: some empty ones for each that holds something. */
const BATCHES_MAX = 512;
const ROWS_MAX = 131_072;

/**
 * One step of dropping a book's rows and leaf digests, batch by batch from its first one on, as far as all rows of
 * a batch are of months that are over. What the ledger holds of a batch stays: its commitment, what opens its
 * totals, and the levels of its tree. A row that shares a stored value with a batch that is kept waits for
 * that one. How many charges of each source file went is noted with the file, in the same write: control totals
 * go on adding up. A crash leaves a step undone or done.
 */
export async function dropRows(
  store: Store,
  state: RetentionState,
  domain: string,
): Promise<RetentionState> {
  const book = await getJson<BookState>(store, keys.book(domain));
  assert(book !== undefined, `book ${domain} is open`);
  const dropped = state.books[domain] ?? nothingDropped();
  let { sequence, position } = {
    sequence: BigInt(dropped.sequence),
    position: BigInt(dropped.position),
  };
  let isEnd = false;
  let rows = 0;
  for (let batches = 0; batches < BATCHES_MAX && rows < ROWS_MAX; batches++) {
    const next = await getJson<StoredBatch>(store, keys.batch(domain, sequence + 1n));
    const mayGo =
      sequence < BigInt(book.lastSequence) &&
      next?.blockTime !== undefined &&
      (await isAllOver(store, state, domain, next));
    if (!mayGo || next === undefined) {
      isEnd = true;
      break;
    }
    sequence++;
    position = BigInt(next.first) + BigInt(next.count);
    rows += next.count;
  }
  const rowsGo = await rowsBefore(store, domain, BigInt(dropped.rowsFrom), position);
  const leavesGo = await leavesBefore(store, domain, BigInt(dropped.leavesFrom), position);
  const operations: StoreOperation[] = [...rowsGo.keys, ...leavesGo.keys].map((key) => ({
    type: "delete",
    key,
  }));
  const own: DroppedRows = {
    sequence: sequence.toString(),
    position: position.toString(),
    rowsFrom: rowsGo.next.toString(),
    leavesFrom: leavesGo.next.toString(),
    entries: dropped.entries + rowsGo.entries,
    ...(isEnd && state.over !== undefined ? { doneTo: state.over } : {}),
  };
  const after = { ...state, books: { ...state.books, [domain]: own } };
  operations.push(...(await notedFiles(store, rowsGo.files)));
  operations.push({ type: "put", key: RETENTION_KEY, value: encodeJson(after) });
  await store.write(operations);
  return after;
}

async function isAllOver(
  store: Store,
  state: RetentionState,
  domain: string,
  { first, count }: StoredBatch,
): Promise<boolean> {
  const from = BigInt(first);
  for await (const { rows } of scanRows(store, domain, from, from + BigInt(count))) {
    for (const epoch of epochsOf(rows)) if (!isOver(state, epoch)) return false;
  }
  return true;
}

function epochsOf(rows: StoredRows["rows"]): string[] {
  if (isBlock(rows)) return [...new Set([...rows.owners].map(({ epoch }) => epoch))];
  return "opened" in rows ? [rows.epoch] : [];
}

/** Stored values of rows that lie wholly before a position. */
async function rowsBefore(store: Store, domain: string, from: bigint, position: bigint) {
  const going: string[] = [];
  const files = new Map<string, CountedCharges>();
  const of = (file: string): CountedCharges => {
    const known = files.get(file) ?? { charged: 0, pricedAtZero: 0 };
    files.set(file, known);
    return known;
  };
  let entries = 0;
  let next = from;
  const range = { from: keys.rows(domain, from), to: keys.rows(domain, position) };
  for await (const { key, value } of store.scan(range)) {
    const stored = decodeRows(key, value);
    const end = stored.first + BigInt(stored.count);
    if (end > position) break;
    going.push(key);
    entries += stored.count;
    next = end;
    countRows(stored, of);
  }
  return { keys: going, files, entries, next };
}

/** Tiles of leaves that lie wholly before a position: a tile ends where the next one begins. */
async function leavesBefore(store: Store, domain: string, from: bigint, position: bigint) {
  const going: string[] = [];
  let next = from;
  const range = {
    from: keys.leaves(domain, from),
    to: keys.leaves(domain, position + 1n),
    keysOnly: true,
  };
  let before: string | undefined;
  for await (const { key } of store.scan(range)) {
    if (before !== undefined) {
      going.push(before);
      next = positionIn(key);
    }
    before = key;
  }
  return { keys: going, next };
}

async function notedFiles(
  store: Store,
  files: ReadonlyMap<string, CountedCharges>,
): Promise<StoreOperation[]> {
  const operations: StoreOperation[] = [];
  for (const [digits, { charged, pricedAtZero }] of files) {
    const range = { from: keys.file(digits), to: keys.file(`${digits}g`), limit: 1 };
    for await (const { key, value: file } of scanJson<IngestedFile>(store, range)) {
      const dropped = {
        ...file.dropped,
        charged: (file.dropped?.charged ?? 0) + charged,
        pricedAtZero: (file.dropped?.pricedAtZero ?? 0) + pricedAtZero,
      };
      operations.push({ type: "put", key, value: encodeJson({ ...file, dropped }) });
    }
  }
  return operations;
}
