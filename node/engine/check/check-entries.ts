import { fromHex } from "../../core/bytes.ts";
import { BOOK_KIND } from "../../core/commitment/domain.ts";
import { getInvoice } from "../bill/stored-invoice.ts";
import { leafOfStoredInvoice } from "../bill/stored-invoice-leaf.ts";
import { LeafTile } from "../number/leaf-tile.ts";
import { keys } from "../store/key-spaces.ts";
import { readLeafDigests } from "../store/read-charges.ts";
import type { StoreReader } from "../store/store.ts";
import { isBlock, type StoredRows, scanRows } from "../store/stored-rows.ts";
import type { BookState, StoredBatch } from "../store/stored-types.ts";
import { isOpenedByItsEpoch } from "./check-numbers.ts";
import { LeafRecomputer } from "./recompute-leaves.ts";

const DIGEST_BYTES = 32;

/** Tells what does not fit, by its code. */
export type Tell = (code: string, message: string) => void;

/** What rows say, against what is stored beside them. */
export interface Entries {
  amounts: bigint[];
  /** Leaf digests from the rows themselves; zeros where a key that opens one was erased. */
  computed: Uint8Array;
  stored: Uint8Array | undefined;
  /** Rows whose digest is not the stored one. */
  changed: number[];
}

export async function checkEntries(
  store: StoreReader,
  book: BookState,
  batch: Pick<StoredBatch, "first" | "count">,
  counted: { charges: number },
  tell: Tell,
): Promise<Entries> {
  if (book.kind === BOOK_KIND.invoices) return checkInvoiceEntries(store, book, batch, tell);
  const first = BigInt(batch.first);
  const amounts: bigint[] = [];
  const changed: number[] = [];
  const computed = new Uint8Array(DIGEST_BYTES * batch.count);
  const digests = await digestsOf(store, book, batch, tell);
  const recomputer = new LeafRecomputer(store, book.domain);
  let next = 0;
  const missing = (until: number): void => {
    for (; next < until; next++) {
      tell("fsck.charge-missing", `Charge ${next} of the batch is not in the store.`);
    }
  };
  for await (const stored of scanRows(store, book.domain, first, first + BigInt(batch.count))) {
    await checkTile(store, book, batch, stored, tell);
    const leaves = await recomputer.leavesOf(stored);
    const offset = Number(stored.first - first);
    const until = Math.min(batch.count, offset + stored.count);
    missing(Math.max(0, offset));
    for (; next < until; next++) {
      const row = next - offset;
      counted.charges++;
      amounts.push(amountOf(stored, row));
      if (leaves === undefined) {
        if (digests !== undefined) copyAt(digests, next, computed, next);
        continue;
      }
      copyAt(leaves, row, computed, next);
      if (digests === undefined) continue;
      if (!equalAt(leaves, row, digests, next)) {
        changed.push(next);
      } else if (!(await isOfItsOwner(store, book.domain, stored))) {
        tell(
          "fsck.charge-owner",
          `Charge ${next} is not of the record, device and account it names.`,
        );
      }
    }
  }
  missing(batch.count);
  return { amounts, computed, stored: digests, changed };
}

/** What sealing reads beside the digests: the amounts and starts of the rows under the same key. */
async function checkTile(
  store: StoreReader,
  book: BookState,
  batch: Pick<StoredBatch, "first" | "count">,
  { first, count, rows }: StoredRows,
  tell: Tell,
): Promise<void> {
  const key = keys.leaves(book.domain, first);
  const value = await store.get(key);
  if (value === undefined) return;
  const tile = LeafTile.read(key, value);
  // A block may stand in two batches.
  const from = Math.max(0, Number(BigInt(batch.first) - first));
  const to = Math.min(count, Number(BigInt(batch.first) - first) + batch.count);
  for (let row = from; row < to; row++) {
    const amountNano = amountOf({ first, count, rows }, row);
    const isSame =
      row < tile.count &&
      tile.amounts[2 * row] === BigInt.asUintN(64, amountNano) &&
      tile.amounts[2 * row + 1] === amountNano >> 64n &&
      (!isBlock(rows) || tile.starts[row] === rows.wide.start[row]);
    if (isSame) continue;
    const position = first + BigInt(row);
    tell(
      "fsck.leaf-tile",
      `Amount or start beside the leaf at position ${position} is not the row's.`,
    );
  }
}

/** The stored leaf digests of a batch; undefined, and told, when they are not there. */
async function digestsOf(
  store: StoreReader,
  book: BookState,
  batch: Pick<StoredBatch, "first" | "count">,
  tell: Tell,
): Promise<Uint8Array | undefined> {
  try {
    return await readLeafDigests(store, book.domain, BigInt(batch.first), batch.count);
  } catch {
    tell("fsck.leaves-missing", "Leaf digests of the batch are not in the store.");
    return undefined;
  }
}

/** Of a block the digests themselves tell whose its charges are: its salts follow from the owner. */
async function isOfItsOwner(
  store: StoreReader,
  domain: string,
  { rows }: StoredRows,
): Promise<boolean> {
  return isBlock(rows) || !("opened" in rows) || isOpenedByItsEpoch(store, domain, rows);
}

function amountOf({ rows }: StoredRows, row: number): bigint {
  if (isBlock(rows)) return rows.wide.amountNano[row] as bigint;
  return BigInt("opened" in rows ? rows.amountNano : rows.entry(row).chargesNano);
}

function copyAt(from: Uint8Array, atFrom: number, to: Uint8Array, atTo: number): void {
  const digest = from.subarray(DIGEST_BYTES * atFrom, DIGEST_BYTES * (atFrom + 1));
  to.set(digest, DIGEST_BYTES * atTo);
}

function equalAt(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < DIGEST_BYTES; i++) {
    if (a[DIGEST_BYTES * atA + i] !== b[DIGEST_BYTES * atB + i]) return false;
  }
  return true;
}

async function checkInvoiceEntries(
  store: StoreReader,
  book: BookState,
  batch: Pick<StoredBatch, "first" | "count">,
  tell: Tell,
): Promise<Entries> {
  const computed = new Uint8Array(DIGEST_BYTES * batch.count);
  if (batch.count === 0) return { amounts: [], computed, stored: computed, changed: [] };
  const first = BigInt(batch.first);
  const digests = await digestsOf(store, book, batch, tell);
  const amounts: bigint[] = new Array<bigint>(batch.count).fill(0n);
  const missing = new Set(amounts.keys());
  for await (const { first: position, rows } of scanRows(
    store,
    book.domain,
    first,
    first + BigInt(batch.count),
  )) {
    if (isBlock(rows) || "opened" in rows) continue;
    for (let row = 0; row < rows.count; row++) {
      const leafIndex = Number(position - first) + row;
      if (leafIndex < 0 || leafIndex >= batch.count) continue;
      const { account, epoch } = rows.entry(row);
      const invoice = await getInvoice(store, account, epoch);
      if (invoice === undefined) continue;
      missing.delete(leafIndex);
      amounts[leafIndex] = BigInt(invoice.chargesNano);
      const leaf = leafOfStoredInvoice(fromHex(book.domain, 20), invoice);
      copyAt(leaf, 0, computed, leafIndex);
      if (digests !== undefined && !equalAt(leaf, 0, digests, leafIndex)) {
        tell(
          "fsck.invoice-changed",
          `Invoice ${invoice.number} is not the one that was committed.`,
        );
      }
    }
  }
  for (const index of missing) {
    tell("fsck.invoice-missing", `Invoice ${index} is not in the store.`);
  }
  return { amounts, computed, stored: digests, changed: [] };
}
