import { fromHex, toHex } from "../../core/bytes.ts";
import { commitTrees } from "../../core/commitment/batch-commitment.ts";
import { BOOK_KIND } from "../../core/commitment/domain.ts";
import { assert } from "../../core/errors.ts";
import { openKey } from "../number/subscriber-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { encodeBytes } from "../store/stored-bytes.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { BatchPlace } from "../store/stored-rows.ts";
import type { AllTotals, BookState, StoredBatch, StoredTick } from "../store/stored-types.ts";
import { lengthOfBatch } from "./batch-length.ts";
import { type BuiltStretch, StretchBuilder } from "./build-stretch.ts";
import { StretchesAhead } from "./stretches-ahead.ts";

/** Batches of a book that are built beside each other: one is read back and looked at while the next one is hashed. */
const BATCHES_UNDER_WAY = 2;

/** Which rows a tick commits to, and what waits in suspense at that moment. */
export interface TickCut {
  /** Heads of the books as they were read. */
  books: BookState[];
  /** Of all books, that wait for a batch and are not built yet. */
  rows: number;
  sealedAt: string;
  suspense: { count: bigint; oldest: bigint };
}

/** Every batch of a cut with its trees; nothing of it is stored. */
export interface BuiltTick {
  cut: TickCut;
  /** By book, in the order of the cut. */
  stretches: BuiltStretch[][];
}

/**
 * Closes what waits in every book into batches: at least one for each book, empty or not, so that
 * timing tells nothing. In three steps. `cut` and `write` want the engine's turn: nobody else writes then.
 * `build`, which is nearly all of the work, does not: rows below the cut never change, whatever is appended
 * behind it meanwhile. From a cut up to its `write` there is no other cut; one that is given up changes nothing.
 */
export class TickSealer {
  readonly #context: EngineContext;
  readonly #builder: StretchBuilder;
  /** Paused by whoever seals from a cut up to its write. */
  readonly ahead: StretchesAhead;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#builder = new StretchBuilder(context);
    this.ahead = new StretchesAhead(context, this.#builder);
  }

  /** Which rows go into the tick: all that are there. */
  async cut(): Promise<TickCut> {
    const { store, time } = this.#context;
    const now = new Date(Number(await time.seconds()) * 1000);
    const books: BookState[] = [];
    for await (const { value } of scanJson<BookState>(store, below("book/"))) books.push(value);
    return {
      books,
      rows: books.reduce((sum, book) => sum + Number(waitingIn(book) - this.ahead.rowsOf(book)), 0),
      sealedAt: now.toISOString(),
      suspense: await suspenseOf(this.#context),
    };
  }

  /** Whether the cut is built in milliseconds: it may keep the turn then. */
  isBrief({ rows }: TickCut): boolean {
    return rows <= this.#builder.briefRowsMax;
  }

  /**
   * The trees, and what is signed is looked at again.
   * @throws TallystickError `seal.rows-changed`; as `BatchBuilder.build`
   */
  async build(cut: TickCut): Promise<BuiltTick> {
    const stretches: BuiltStretch[][] = [];
    for (const book of cut.books) stretches.push(await this.#buildBook(book));
    return { cut, stretches };
  }

  /**
   * Rows stay where they are; batches, levels and the tick that will commit them become durable in one write,
   * and a crash before it leaves all rows waiting.
   * @returns the tick, to be committed by one transaction
   */
  async write({ cut, stretches }: BuiltTick): Promise<StoredTick> {
    const session = new StoreSession(this.#context.store);
    const number = BigInt((await session.get<string>(keys.node("last-tick"))) ?? "0") + 1n;
    const tick: StoredTick = { number: number.toString(), batches: [], sealedAt: cut.sealedAt };
    for (const [at, { domain, lastSequence, pendingFirst }] of cut.books.entries()) {
      const book = await session.get<BookState>(keys.book(domain));
      const isAsCut = book?.lastSequence === lastSequence && book.pendingFirst === pendingFirst;
      assert(isAsCut, `book ${domain} was sealed by nobody else since the cut`);
      for (const stretch of stretches[at] as BuiltStretch[]) {
        const { sequence, commitment } = await this.#put(session, domain, stretch, cut);
        tick.batches.push({ domain, sequence, commitment });
      }
    }
    session.put(keys.tick(number), tick);
    session.put(keys.node("last-tick"), number.toString());
    await session.commit();
    return tick;
  }

  /** All three, for whoever is alone with the store. */
  async seal(): Promise<StoredTick> {
    return await this.write(await this.build(await this.cut()));
  }

  async #buildBook(book: BookState): Promise<BuiltStretch[]> {
    const { store, profile } = this.#context;
    const { domain, pendingFirst } = book;
    let first = BigInt(pendingFirst) + this.ahead.rowsOf(book);
    const end = BigInt(book.pendingNext);
    const stretches = this.ahead.take(book);
    const underWay: Promise<BuiltStretch>[] = [];
    try {
      while (first < end || stretches.length + underWay.length === 0) {
        if (underWay.length === BATCHES_UNDER_WAY) {
          stretches.push(await (underWay[0] as Promise<BuiltStretch>));
          underWay.shift();
        }
        const waits = { first, waiting: end - first };
        const length = await lengthOfBatch(store, domain, waits, profile);
        const building = this.#builder.build(domain, first, length);
        // Who fails is told when it is waited for.
        building.catch(() => {});
        underWay.push(building);
        first += BigInt(length.count);
      }
      stretches.push(...(await Promise.all(underWay)));
    } finally {
      // Nobody reads or builds for a tick that was given up.
      await Promise.allSettled(underWay);
    }
    return stretches;
  }

  async #put(
    session: StoreSession,
    domain: string,
    { roots, from, to, first, count, bytes }: BuiltStretch,
    { suspense }: TickCut,
  ): Promise<StoredBatch> {
    // Through the session, which advances the book only from what it read.
    const book = (await session.get<BookState>(keys.book(domain))) as BookState;
    const sequence = BigInt(book.lastSequence) + 1n;
    const isChargeBook = book.kind === BOOK_KIND.charges;
    const frame = {
      domain: fromHex(domain, 20),
      bookKey: await openKey(session, this.#context.random, keys.bookKey(domain)),
      sequence,
      before: { sumNano: BigInt(book.runningSumNano), count: BigInt(book.runningCount) },
      suspended: isChargeBook ? suspense.count : 0n,
      oldestSuspended: isChargeBook ? suspense.oldest : 0n,
    };
    const sealed = commitTrees(frame, roots, { from, to });
    const batch = { ...storedBatch(sealed, sequence, first, count), bytes };
    session.put(keys.batch(domain, sequence), batch);
    const end = first + BigInt(count);
    if (count > 0) {
      const place: BatchPlace = { sequence: sequence.toString(), first: first.toString() };
      session.put(keys.batchEnd(domain, end - 1n), place);
      session.putLasting(keys.levels(domain, sequence), encodeBytes(roots.upper));
    }
    session.put(keys.book(domain), {
      ...book,
      lastSequence: sequence.toString(),
      runningSumNano: sealed.runningTotals.sumNano.toString(),
      runningCount: sealed.runningTotals.count.toString(),
      pendingFirst: end.toString(),
    } satisfies BookState);
    return batch;
  }
}

const waitingIn = ({ pendingFirst, pendingNext }: BookState): bigint =>
  BigInt(pendingNext) - BigInt(pendingFirst);

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
