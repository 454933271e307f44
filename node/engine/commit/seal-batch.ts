import { fromHex, toHex } from "../../core/bytes.ts";
import { commitTrees } from "../../core/commitment/batch-commitment.ts";
import { BOOK_KIND } from "../../core/commitment/domain.ts";
import { BatchTrees } from "../../core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../core/commitment/kernel/chunk-proofs.ts";
import { TallystickError } from "../../core/errors.ts";
import { LeafRecomputer } from "../check/recompute-leaves.ts";
import { openKey } from "../number/subscriber-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { StoreSession } from "../store/store-session.ts";
import { encodeBytes } from "../store/stored-bytes.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import { type BatchPlace, findRows, scanLeaves } from "../store/stored-rows.ts";
import type { AllTotals, BookState, StoredBatch, StoredTick } from "../store/stored-types.ts";
import { lengthOfBatch } from "./batch-length.ts";

const DIGEST_BYTES = 32;

/**
 * Closes what waits in every book into batches: at least one for each book, empty or not, so that
 * timing tells nothing. Rows stay where they are; batches, levels and the tick that will commit them
 * become durable in one write, and a crash before it leaves all rows waiting.
 * @returns the tick, to be committed by one transaction
 * @throws TallystickError `seal.rows-changed`
 */
export async function sealTick(context: EngineContext): Promise<StoredTick> {
  const session = new StoreSession(context.store);
  const number = BigInt((await session.get<string>(keys.node("last-tick"))) ?? "0") + 1n;
  const now = new Date(Number(await context.time.seconds()) * 1000);
  const tick: StoredTick = {
    number: number.toString(),
    batches: [],
    sealedAt: now.toISOString(),
  };
  const suspense = await suspenseOf(context);
  for await (const { value } of scanJson<BookState>(context.store, below("book/"))) {
    // Through the session, which advances the book only from what it read.
    let book = (await session.get<BookState>(keys.book(value.domain))) as BookState;
    do {
      const batch = await sealOne(session, context, book, suspense);
      tick.batches.push({
        domain: book.domain,
        sequence: batch.sequence,
        commitment: batch.commitment,
      });
      book = (await session.get<BookState>(keys.book(book.domain))) as BookState;
    } while (book.pendingFirst !== book.pendingNext);
  }
  session.put(keys.tick(number), tick);
  session.put(keys.node("last-tick"), number.toString());
  await session.commit();
  return tick;
}

async function sealOne(
  session: StoreSession,
  context: EngineContext,
  book: BookState,
  suspense: { count: bigint; oldest: bigint },
): Promise<StoredBatch> {
  const first = BigInt(book.pendingFirst);
  const waiting = BigInt(book.pendingNext) - first;
  const { count, bytes } = await lengthOfBatch(
    context.store,
    book.domain,
    { first, waiting },
    context.profile,
  );
  const end = first + BigInt(count);
  const sequence = BigInt(book.lastSequence) + 1n;
  const { trees, from, to } = await buildTrees(context.store, book.domain, first, count);
  await requireRows(context.store, book.domain, first, trees);
  const isChargeBook = book.kind === BOOK_KIND.charges;
  const frame = {
    domain: fromHex(book.domain, 20),
    bookKey: await openKey(session, context.random, keys.bookKey(book.domain)),
    sequence,
    before: { sumNano: BigInt(book.runningSumNano), count: BigInt(book.runningCount) },
    suspended: isChargeBook ? suspense.count : 0n,
    oldestSuspended: isChargeBook ? suspense.oldest : 0n,
  };
  const sealed = commitTrees(frame, trees, { from, to });
  const batch = { ...storedBatch(sealed, sequence, first, count), bytes };
  session.put(keys.batch(book.domain, sequence), batch);
  if (count > 0) {
    const place: BatchPlace = { sequence: sequence.toString(), first: first.toString() };
    session.put(keys.batchEnd(book.domain, end - 1n), place);
    session.putLasting(keys.levels(book.domain, sequence), encodeBytes(upperLevels(trees)));
  }
  session.put(keys.book(book.domain), {
    ...book,
    lastSequence: sequence.toString(),
    runningSumNano: sealed.runningTotals.sumNano.toString(),
    runningCount: sealed.runningTotals.count.toString(),
    pendingFirst: end.toString(),
  } satisfies BookState);
  return batch;
}

function storedBatch(
  sealed: ReturnType<typeof commitTrees>,
  sequence: bigint,
  first: bigint,
  count: number,
): StoredBatch {
  const { totals, runningTotals } = sealed;
  return {
    sequence: sequence.toString(),
    depth: sealed.parts.depth,
    root: toHex(sealed.parts.root),
    totals: toHex(sealed.parts.totals),
    runningTotals: toHex(sealed.parts.runningTotals),
    commitment: toHex(sealed.commitment),
    count,
    first: first.toString(),
    opened: {
      totals: {
        salt: toHex(totals.salt),
        sumRoot: toHex(totals.sumRoot),
        sumNano: totals.sumNano.toString(),
        count: totals.count.toString(),
        from: totals.from.toString(),
        to: totals.to.toString(),
        suspended: totals.suspended.toString(),
        oldestSuspended: totals.oldestSuspended.toString(),
      },
      runningTotals: {
        salt: toHex(runningTotals.salt),
        sumNano: runningTotals.sumNano.toString(),
        count: runningTotals.count.toString(),
      },
    },
  };
}

/** R and S from the leaf digests as they are stored: what is signed was read back. */
async function buildTrees(
  store: Store,
  domain: string,
  first: bigint,
  count: number,
): Promise<{ trees: BatchTrees; from: bigint; to: bigint }> {
  const trees = new BatchTrees(count);
  let at = 0;
  let earliest: bigint | undefined;
  let latest = 0n;
  for await (const { tile, from, to } of scanLeaves(store, domain, first, count)) {
    trees.leaves.set(
      tile.digests.subarray(DIGEST_BYTES * from, DIGEST_BYTES * to),
      DIGEST_BYTES * at,
    );
    trees.amounts.set(tile.amounts.subarray(2 * from, 2 * to), 2 * at);
    for (const start of tile.starts.subarray(from, to)) {
      if (earliest === undefined || start < earliest) earliest = start;
      if (start > latest) latest = start;
    }
    at += to - from;
  }
  return { trees: trees.build(), from: earliest ?? 0n, to: latest };
}

/**
 * Some of the stored rows, three values of up to 512, read back and hashed again, give the digests that are about to be signed: a bit that
 * flipped between writing and sealing is found before it is committed to. `fsck` does it with all.
 */
async function requireRows(
  store: Store,
  domain: string,
  first: bigint,
  trees: BatchTrees,
): Promise<void> {
  if (trees.count === 0) return;
  const recomputer = new LeafRecomputer(store, domain);
  // Beginning, end, and a place that nobody knows before the root is.
  const drawn = new DataView(trees.root.buffer).getUint32(0) % trees.count;
  for (const index of new Set([0, drawn, trees.count - 1])) {
    const rows = await findRows(store, domain, first + BigInt(index));
    const leaves = rows && (await recomputer.leavesOf(rows));
    if (rows !== undefined && leaves === undefined) continue;
    // All rows of the value were hashed, so all of them are compared.
    const before = rows === undefined ? index : Number(rows.first - first);
    const end = rows === undefined ? index + 1 : Math.min(trees.count, before + rows.count);
    for (let at = Math.max(0, before); at < end; at++) {
      const row = DIGEST_BYTES * (at - before);
      const digest = leaves?.subarray(row, row + DIGEST_BYTES);
      const stored = trees.leaves.subarray(DIGEST_BYTES * at, DIGEST_BYTES * (at + 1));
      if (digest?.every((byte, i) => byte === stored[i])) continue;
      throw new TallystickError(
        "seal.rows-changed",
        `Row ${first + BigInt(at)} of book ${domain} is not the one that its digest was made of. Nothing is sealed; run fsck.`,
      );
    }
  }
}

/** How many records wait in suspense, and the start of the oldest in milliseconds. */
async function suspenseOf({ store }: EngineContext): Promise<{ count: bigint; oldest: bigint }> {
  const totals = await getJson<AllTotals>(store, keys.node("control-totals"));
  const count = BigInt(totals?.classes.suspended.records ?? 0);
  const first = { ...below("suspense-start/"), limit: 1, keysOnly: true };
  for await (const { key } of store.scan(first)) {
    return { count, oldest: BigInt(`0x${key.split("/")[1]}`) };
  }
  return { count, oldest: 0n };
}
