import { equalBytes, fromHex, toHex } from "../core/bytes.ts";
import {
  commitmentOf,
  runningTotalsDigest,
  sealOf,
  totalsDigest,
} from "../core/commitment/batch-commitment.ts";
import { BOOK_KIND } from "../core/commitment/domain.ts";
import { BatchTrees } from "../core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../core/commitment/kernel/chunk-proofs.ts";
import { damagedValue } from "./check-damaged.ts";
import { checkHead } from "./check-heads.ts";
import { checkNumbers, isOpenedByItsEpoch } from "./check-numbers.ts";
import { checkSeen } from "./check-seen.ts";
import { checkTotals } from "./check-totals.ts";
import { checkValues } from "./check-values.ts";
import { below, keys } from "./key-spaces.ts";
import { LeafTile } from "./leaf-tile.ts";
import type { LedgerReader } from "./ledger.ts";
import { readLeafDigests } from "./read-charges.ts";
import { LeafRecomputer } from "./recompute-leaves.ts";
import type { Store } from "./store.ts";
import { readBytes } from "./stored-bytes.ts";
import { getInvoice } from "./stored-invoice.ts";
import { leafOfStoredInvoice } from "./stored-invoice-leaf.ts";
import { getJson, scanJson } from "./stored-json.ts";
import { isBlock, type StoredRows, scanRows } from "./stored-rows.ts";
import type { BookState, StoredBatch } from "./stored-types.ts";

const DIGEST_BYTES = 32;

export interface StoreProblem {
  code: string;
  /** The batch that it concerns; "-" for what stands in none. */
  book: string;
  sequence: string;
  message: string;
}

export interface StoreCheck {
  /** Values read and found as they were written. */
  values: number;
  batches: number;
  charges: number;
  onLedger: number;
  /** Sealed, not yet final. */
  waiting: number;
  problems: StoreProblem[];
}

export interface CheckProgress {
  stage: "values" | "rows" | "numbers" | "totals" | "records seen";
  /** Values or rows that were looked at. */
  done: number;
  /** Of how many, where that is known. */
  of?: number;
}

/** What the check of one book adds to. */
interface BookWork {
  check: StoreCheck;
  tellRows: (rows: number) => void;
  /** Rows of the books before it. */
  rowsBefore: number;
}

/**
 * Reads the store again from the bytes up: every value against its checksum, then leaves, both
 * trees, totals, commitment, running totals from batch to batch, invoices, the numbers of every
 * subscriber, control totals, and the seal on the ledger. Says exactly what does not fit; changes nothing.
 * @param ledger without it the seals are not compared
 */
export async function checkStore(
  store: Store,
  ledger?: LedgerReader,
  onProgress: (progress: CheckProgress) => void = () => {},
): Promise<StoreCheck> {
  const { values, damaged, whole } = await checkValues(store, (done) =>
    onProgress({ stage: "values", done }),
  );
  const problems: StoreProblem[] = [];
  for (const key of damaged) problems.push(await damagedValue(whole, key));
  const check: StoreCheck = { values, batches: 0, charges: 0, onLedger: 0, waiting: 0, problems };
  const books: BookState[] = [];
  for await (const { value: book } of scanJson<BookState>(whole, below("book/"))) books.push(book);
  const of = books.reduce((sum, { pendingNext }) => sum + Number(pendingNext) - 1, 0);
  for (const book of books) {
    const work: BookWork = {
      check,
      tellRows: (rows) => onProgress({ stage: "rows", done: rows, of }),
      rowsBefore: books
        .slice(0, books.indexOf(book))
        .reduce((sum, { pendingNext }) => sum + Number(pendingNext) - 1, 0),
    };
    await checkBook(whole, ledger, book, work);
    for (const problem of await checkHead(whole, book)) check.problems.push(problem);
  }
  for (const [stage, work] of [
    ["numbers", checkNumbers],
    ["totals", checkTotals],
    ["records seen", checkSeen],
  ] as const) {
    onProgress({ stage, done: 0 });
    for (const problem of await work(whole)) check.problems.push(problem);
  }
  return check;
}

async function checkBook(
  store: Store,
  ledger: LedgerReader | undefined,
  book: BookState,
  work: BookWork,
): Promise<void> {
  const { check } = work;
  let runningSum = 0n;
  let runningCount = 0n;
  for (let sequence = 1n; sequence <= BigInt(book.lastSequence); sequence++) {
    const tell = (code: string, message: string) =>
      check.problems.push({ code, book: book.domain, sequence: sequence.toString(), message });
    const batch = await getJson<StoredBatch>(store, keys.batch(book.domain, sequence));
    if (batch === undefined) {
      tell("fsck.batch-missing", "The batch is not in the store.");
      continue;
    }
    check.batches++;
    const entries = await checkEntries(store, book, batch, check, tell);
    const { amounts } = entries;
    work.tellRows(work.rowsBefore + Number(batch.first) - 1 + batch.count);
    const sum = amounts.reduce((total, amount) => total + amount, 0n);
    runningSum += sum;
    runningCount += BigInt(batch.count);
    await checkDigests(store, book, batch, entries, tell);
    const { runningTotals } = batch.opened;
    if (
      BigInt(runningTotals.sumNano) !== runningSum ||
      BigInt(runningTotals.count) !== runningCount
    ) {
      tell("fsck.running-totals", "The running totals do not follow from the batches before.");
    }
    if (batch.sequence !== sequence.toString()) {
      tell("fsck.batch-number", `The batch says that it is number ${batch.sequence}.`);
    }
    if (batch.blockTime === undefined) check.waiting++;
    else if (ledger !== undefined) await checkSeal(ledger, book, batch, check, tell);
  }
  await checkWaiting(store, book, check);
  if (BigInt(book.runningSumNano) !== runningSum || BigInt(book.runningCount) !== runningCount) {
    check.problems.push({
      code: "fsck.book-totals",
      book: book.domain,
      sequence: book.lastSequence,
      message: "The book's totals are not the sum of its batches.",
    });
  }
}

/** Rows that wait for their batch: their digests are what will be signed. */
async function checkWaiting(store: Store, book: BookState, check: StoreCheck): Promise<void> {
  const first = BigInt(book.pendingFirst);
  const count = Number(BigInt(book.pendingNext) - first);
  if (count <= 0) return;
  const tell = (code: string, message: string) =>
    check.problems.push({ code, book: book.domain, sequence: "-", message });
  const waiting = { first: book.pendingFirst, count };
  const { changed } = await checkEntries(store, book, waiting, { charges: 0 }, tell);
  for (const index of changed) {
    const position = first + BigInt(index);
    tell("fsck.leaf-changed", `The row at position ${position} is not the one of its leaf digest.`);
  }
}

type Tell = (code: string, message: string) => void;

/** What rows say, against what is stored beside them. */
interface Entries {
  amounts: bigint[];
  /** Leaf digests from the rows themselves; zeros where a key that opens one was erased. */
  computed: Uint8Array;
  stored: Uint8Array | undefined;
  /** Rows whose digest is not the stored one. */
  changed: number[];
}

async function checkEntries(
  store: Store,
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
  store: Store,
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
  store: Store,
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
async function isOfItsOwner(store: Store, domain: string, { rows }: StoredRows): Promise<boolean> {
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
  store: Store,
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

async function checkDigests(
  store: Store,
  book: BookState,
  batch: StoredBatch,
  { amounts, computed, stored, changed }: Entries,
  tell: Tell,
): Promise<void> {
  // Which of the two is wrong, a row or the digest beside it, is for the committed root to say.
  const isRowRight = changed.length > 0 && rootOf(computed, batch.count) === batch.root;
  for (const index of changed) {
    if (isRowRight) {
      tell(
        "fsck.leaf-changed",
        `The digest beside charge ${index} is not the charge's; the charge is right.`,
      );
    } else tell("fsck.charge-changed", `Charge ${index} is not the one that was committed.`);
  }
  const trees = new BatchTrees(batch.count);
  if (stored !== undefined) trees.leaves.set(stored);
  for (const [at, amount] of amounts.entries()) {
    trees.amounts[2 * at] = BigInt.asUintN(64, amount);
    trees.amounts[2 * at + 1] = amount >> 64n;
  }
  trees.build();
  if (toHex(trees.root) !== batch.root || trees.depth !== batch.depth) {
    tell("fsck.root", "The leaves do not lead to the committed root.");
  } else if (!(await hasItsLevels(store, book, batch, trees))) {
    tell("fsck.levels", "The stored levels of the tree are not those of its leaves.");
  }
  const { totals, runningTotals } = batch.opened;
  if (toHex(trees.sumRoot) !== totals.sumRoot) {
    tell("fsck.sum-root", "The amounts do not lead to the committed sum tree.");
  }
  const computedTotals = totalsDigest({
    salt: fromHex(totals.salt),
    sumRoot: fromHex(totals.sumRoot),
    sumNano: BigInt(totals.sumNano),
    count: BigInt(totals.count),
    from: BigInt(totals.from),
    to: BigInt(totals.to),
    suspended: BigInt(totals.suspended),
    oldestSuspended: BigInt(totals.oldestSuspended),
  });
  const computedRunning = runningTotalsDigest({
    salt: fromHex(runningTotals.salt),
    sumNano: BigInt(runningTotals.sumNano),
    count: BigInt(runningTotals.count),
  });
  if (toHex(computedTotals) !== batch.totals || toHex(computedRunning) !== batch.runningTotals) {
    tell("fsck.totals", "What opens T or C does not lead to the committed digest.");
  }
  if (toHex(commitmentOf(partsOf(book, batch))) !== batch.commitment) {
    tell("fsck.commitment", "The parts do not lead to the commitment.");
  }
}

function rootOf(leaves: Uint8Array, count: number): string {
  const trees = new BatchTrees(count);
  trees.leaves.set(leaves);
  trees.build();
  return toHex(trees.root);
}

async function hasItsLevels(
  store: Store,
  book: BookState,
  batch: StoredBatch,
  trees: BatchTrees,
): Promise<boolean> {
  if (batch.count === 0) return true;
  const key = keys.levels(book.domain, BigInt(batch.sequence));
  const value = await store.get(key);
  return value !== undefined && equalBytes(readBytes(key, value), upperLevels(trees));
}

function partsOf(book: BookState, batch: StoredBatch) {
  return {
    domain: fromHex(book.domain),
    sequence: BigInt(batch.sequence),
    depth: batch.depth,
    root: fromHex(batch.root),
    totals: fromHex(batch.totals),
    runningTotals: fromHex(batch.runningTotals),
  };
}

async function checkSeal(
  ledger: LedgerReader,
  book: BookState,
  batch: StoredBatch,
  check: StoreCheck,
  tell: Tell,
): Promise<void> {
  const seal = toHex(sealOf(fromHex(batch.commitment, 32), BigInt(batch.blockTime as string)));
  const onLedger = await ledger.sealOf(book.domain, BigInt(batch.sequence));
  if (onLedger === seal) check.onLedger++;
  else if (onLedger === undefined)
    tell("fsck.not-on-ledger", "The ledger does not have the batch.");
  else tell("fsck.other-on-ledger", "The ledger has another commitment under this number.");
}
