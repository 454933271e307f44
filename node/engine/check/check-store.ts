import { equalBytes, fromHex, type Hex, toHex } from "../../core/bytes.ts";
import {
  commitmentOf,
  runningTotalsDigest,
  sealOf,
  totalsDigest,
} from "../../core/commitment/batch-commitment.ts";
import { BatchTrees } from "../../core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../core/commitment/kernel/chunk-proofs.ts";
import type { LedgerReader } from "../commit/ledger.ts";
import { readRetention } from "../retention/retention-state.ts";
import { below, keys } from "../store/key-spaces.ts";
import { requireReadableFormat } from "../store/require-store-format.ts";
import type { StoreReader } from "../store/store.ts";
import { readBytes } from "../store/stored-bytes.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { BookState, StoredBatch } from "../store/stored-types.ts";
import { damagedValue } from "./check-damaged.ts";
import { checkEntries, type Entries, type Tell } from "./check-entries.ts";
import { checkHead } from "./check-heads.ts";
import { leadToRoot } from "./check-levels.ts";
import { checkNumbers } from "./check-numbers.ts";
import { checkSeen } from "./check-seen.ts";
import { checkTotals } from "./check-totals.ts";
import { checkValues } from "./check-values.ts";

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
  /** Charges and credits that are dropped because their retention is over. */
  retired: number;
  onLedger: number;
  /** Sealed, not yet final. */
  waiting: number;
  problems: StoreProblem[];
}

/** What the check asks the ledger. */
export type SealReader = Pick<LedgerReader, "bookOf" | "sealOf">;

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
 * @throws TallystickError `store.other-format`: what is right there may look wrong here
 */
export async function checkStore(
  store: StoreReader,
  ledger?: SealReader,
  onProgress: (progress: CheckProgress) => void = () => {},
): Promise<StoreCheck> {
  const { values, damaged, whole } = await checkValues(store, (done) =>
    onProgress({ stage: "values", done }),
  );
  await requireReadableFormat(whole);
  const problems: StoreProblem[] = [];
  for (const key of damaged) problems.push(await damagedValue(whole, key));
  const none = { batches: 0, charges: 0, retired: 0, onLedger: 0, waiting: 0 };
  const check: StoreCheck = { values, ...none, problems };
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
  store: StoreReader,
  ledger: SealReader | undefined,
  book: BookState,
  work: BookWork,
): Promise<void> {
  const { check } = work;
  const dropped = (await readRetention(store)).books[book.domain];
  const droppedTo = BigInt(dropped?.sequence ?? "0");
  check.retired += dropped?.entries ?? 0;
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
    work.tellRows(work.rowsBefore + Number(batch.first) - 1 + batch.count);
    if (sequence <= droppedTo) {
      await checkDropped(store, book, batch, tell);
      runningSum += BigInt(batch.opened.totals.sumNano);
    } else {
      const entries = await checkEntries(store, book, batch, check, tell);
      runningSum += entries.amounts.reduce((total, amount) => total + amount, 0n);
      await checkTrees(store, book, batch, entries, tell);
    }
    runningCount += BigInt(batch.count);
    checkOpenings(book, batch, tell);
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
  if (ledger !== undefined) await checkNewest(ledger, book, check);
  if (BigInt(book.runningSumNano) !== runningSum || BigInt(book.runningCount) !== runningCount) {
    check.problems.push({
      code: "fsck.book-totals",
      book: book.domain,
      sequence: book.lastSequence,
      message: "The book's totals are not the sum of its batches.",
    });
  }
}

/** A store that lost its end fits together, and only the ledger still knows what it had. */
async function checkNewest(
  ledger: SealReader,
  { domain, lastSequence }: BookState,
  { problems }: StoreCheck,
): Promise<void> {
  const newest = (await ledger.bookOf(domain))?.newestSequence ?? 0n;
  if (newest <= BigInt(lastSequence)) return;
  problems.push({
    code: "fsck.store-behind",
    book: domain,
    sequence: newest.toString(),
    message: `The ledger has batches up to ${newest}, the store up to ${lastSequence}: the store lost its end. Restore the last backup.`,
  });
}

/** Rows that wait for their batch: their digests are what will be signed. */
async function checkWaiting(store: StoreReader, book: BookState, check: StoreCheck): Promise<void> {
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

async function checkTrees(
  store: StoreReader,
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
  if (toHex(trees.sumRoot) !== batch.opened.totals.sumRoot) {
    tell("fsck.sum-root", "The amounts do not lead to the committed sum tree.");
  }
}

/** Of a batch whose rows are dropped: what is left of its tree leads to the committed root. */
async function checkDropped(
  store: StoreReader,
  book: BookState,
  batch: StoredBatch,
  tell: Tell,
): Promise<void> {
  if (batch.count === 0) return;
  const key = keys.levels(book.domain, BigInt(batch.sequence));
  const value = await store.get(key);
  const upper = value === undefined ? undefined : readBytes(key, value);
  if (upper !== undefined && leadToRoot(upper, batch)) return;
  tell("fsck.levels", "The stored levels of the tree do not lead to the committed root.");
}

/** What opens T and C, and that all parts lead to the commitment. */
function checkOpenings(book: BookState, batch: StoredBatch, tell: Tell): void {
  const { totals, runningTotals } = batch.opened;
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
  store: StoreReader,
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
  ledger: SealReader,
  book: BookState,
  batch: StoredBatch,
  check: StoreCheck,
  tell: Tell,
): Promise<void> {
  const onLedger = await ledger.sealOf(book.domain, BigInt(batch.sequence));
  if (onLedger === sealOfStored(batch)) check.onLedger++;
  else if (onLedger === undefined)
    tell("fsck.not-on-ledger", "The ledger does not have the batch.");
  else tell("fsck.other-on-ledger", "The ledger has another commitment under this number.");
}

/** What the ledger keeps of a batch that is final. */
export const sealOfStored = ({ commitment, blockTime }: StoredBatch): Hex =>
  toHex(sealOf(fromHex(commitment, 32), BigInt(blockTime as string)));
