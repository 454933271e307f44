import type { EngineContext } from "../operator.ts";
import { below } from "../store/key-spaces.ts";
import { scanJson } from "../store/stored-json.ts";
import type { BookState } from "../store/stored-types.ts";
import { lengthOfBatch } from "./batch-length.ts";
import type { BuiltStretch, StretchBuilder } from "./build-stretch.ts";

/** Leaves that are held ahead, at two bytes each: whoever never seals has no more of them in memory. */
const LEAVES_MAX = 4_194_304;

/**
 * Batches that are full already, built while files still come in: a tick that is asked for afterwards has only the
 * rest of its rows to build. Rows that are stored never change, so a full batch is the same whenever it is built.
 * Nothing of it is durable: what a crash or an error leaves is built again by whoever seals, who tells what is wrong.
 */
export class StretchesAhead {
  readonly #context: EngineContext;
  readonly #builder: StretchBuilder;
  /** By book, each where the one before it ends. */
  readonly #built = new Map<string, BuiltStretch[]>();
  #running: Promise<void> | undefined;
  #isAsked = false;
  /** How many have it stand still. */
  #pauses = 0;

  constructor(context: EngineContext, builder: StretchBuilder) {
    this.#context = context;
    this.#builder = builder;
  }

  /** Rows became durable: what is full by now is built, beside all else. */
  grow(): void {
    this.#isAsked = true;
    if (this.#pauses > 0) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Builds nothing while `work` is done; what was under way is finished before. */
  async whilePaused<T>(work: () => Promise<T>): Promise<T> {
    this.#pauses++;
    try {
      await this.#running;
      return await work();
    } finally {
      this.#pauses--;
    }
  }

  /** For good, once what is under way is finished. */
  async stop(): Promise<void> {
    this.#pauses++;
    await this.#running;
  }

  /** How many of the rows that wait in a book are built. */
  rowsOf(book: BookState): bigint {
    return endOf(this.#chainOf(book), book) - BigInt(book.pendingFirst);
  }

  /** Those that come first in what waits of a book, for good. */
  take(book: BookState): BuiltStretch[] {
    const chain = this.#chainOf(book);
    this.#built.delete(book.domain);
    return chain;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isAsked && this.#pauses === 0) {
        this.#isAsked = false;
        const books = scanJson<BookState>(this.#context.store, below("book/"));
        for await (const { value } of books) await this.#buildFull(value);
      }
    } catch {
      // Whoever seals finds the same, and tells it.
      this.#built.clear();
    }
  }

  async #buildFull(book: BookState): Promise<void> {
    const { store, profile } = this.#context;
    const { domain } = book;
    const chain = this.#chainOf(book);
    this.#built.set(domain, chain);
    while (this.#pauses === 0) {
      const first = endOf(chain, book);
      const waiting = BigInt(book.pendingNext) - first;
      if (waiting === 0n) return;
      const length = await lengthOfBatch(store, domain, { first, waiting }, profile);
      const isFull = length.count === profile.batchChargesMax || BigInt(length.count) < waiting;
      if (!isFull || this.#leaves() + length.count > LEAVES_MAX) return;
      chain.push(await this.#builder.build(domain, first, length));
    }
  }

  /** What is built of a book from the first row on that waits. */
  #chainOf({ domain, pendingFirst }: BookState): BuiltStretch[] {
    let next = BigInt(pendingFirst);
    const chain: BuiltStretch[] = [];
    for (const stretch of this.#built.get(domain) ?? []) {
      if (stretch.first !== next) continue;
      chain.push(stretch);
      next += BigInt(stretch.count);
    }
    return chain;
  }

  #leaves(): number {
    let leaves = 0;
    for (const chain of this.#built.values()) for (const { count } of chain) leaves += count;
    return leaves;
  }
}

function endOf(chain: readonly BuiltStretch[], { pendingFirst }: BookState): bigint {
  const last = chain.at(-1);
  return last === undefined ? BigInt(pendingFirst) : last.first + BigInt(last.count);
}
