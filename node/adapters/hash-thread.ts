import { Worker } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import type { ChargeBlock } from "../engine/number/charge-block.ts";
import {
  type BlockSecrets,
  ChargeHasher,
  type LeafHasher,
  OWNER_SECRET_BYTES,
} from "../engine/number/hash-charges.ts";

/** What goes to the thread: a block, and where its digests go, in memory that both see; copies of the rest. */
export interface HashTask {
  payload: Uint8Array;
  leaves: Uint8Array;
  secrets: BlockSecrets;
  domain: Uint8Array;
}

/** Of the tasks in their order; the digests are where the task said. */
export type HashAnswer = { done: true } | { error: string };

interface Waiting {
  leaves: Uint8Array;
  resolve: (leaves: Uint8Array) => void;
  reject: (error: unknown) => void;
}

const PROGRAM = new URL("./hash-thread-program.ts", import.meta.url);
const THREAD_ROWS_MIN = 64;

/**
 * Hashes blocks of charges in a thread of its own, so that rating goes on meanwhile. What is under way is
 * bounded by the unit of work: it is written only when its digests are there. The thread is started at
 * first need, keeps the process alive only while it works, and is started again after it failed.
 */
export class HashThread implements LeafHasher {
  readonly #domain: Uint8Array;
  readonly #waiting: Waiting[] = [];
  /** For few rows, which are hashed before a thread has them. */
  #own: ChargeHasher | undefined;
  #worker: Worker | undefined;
  readonly #program: URL;

  /**
   * @param domain the book's
   * @param program the thread's; another one only in tests
   */
  constructor(domain: Uint8Array, program = PROGRAM) {
    this.#domain = domain;
    this.#program = program;
  }

  leavesOf(
    block: ChargeBlock,
    secrets: BlockSecrets,
    into?: Uint8Array,
  ): Uint8Array | Promise<Uint8Array> {
    if (block.count < THREAD_ROWS_MIN) {
      this.#own ??= new ChargeHasher(this.#domain);
      return this.#own.leavesOf(block, secrets, into);
    }
    const leaves = isShared(into) ? into : shared(32 * block.count);
    const task: HashTask = {
      payload: isShared(block.payload) ? block.payload : sharedCopy(block.encode()),
      leaves,
      secrets: {
        owners: secrets.owners.slice(0, block.owners.count * OWNER_SECRET_BYTES),
        monthKeys: Uint8Array.from(secrets.monthKeys),
        monthOf: secrets.monthOf.slice(0, block.count),
      },
      domain: this.#domain,
    };
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) worker.ref();
      this.#waiting.push({ leaves, resolve, reject });
      worker.postMessage(task);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#program);
    worker.unref();
    worker.on("message", (answer: HashAnswer) => {
      const waiting = this.#waiting.shift();
      assert(waiting !== undefined, "an answer follows a task");
      if (this.#waiting.length === 0) worker.unref();
      if ("error" in answer) return waiting.reject(new Error(answer.error));
      waiting.resolve(waiting.leaves);
    });
    const fail = (error: unknown) => {
      // Its end is told after its error: what waits by then is asked of the next thread.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new Error(`the hashing thread ended with ${code}`)));
    this.#worker = worker;
    return worker;
  }
}

const isShared = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
  bytes?.buffer instanceof SharedArrayBuffer;

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));

function sharedCopy(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = shared(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
