import { Worker } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import type { ChargeBlock } from "../engine/number/charge-block.ts";
import {
  type BlockSecrets,
  ChargeHasher,
  type LeafHasher,
  OWNER_SECRET_BYTES,
} from "../engine/number/hash-charges.ts";

/** What goes to the thread: one buffer that is handed over, and where its parts lie. */
export interface HashTask {
  buffer: ArrayBuffer;
  domain: Uint8Array;
  /** Bytes of the encoded block, the owners' secrets and the months' keys; then two bytes a row. */
  lengths: { block: number; owners: number; monthKeys: number; rows: number };
}

/** The buffer comes back, with 32 bytes for each row at its beginning. */
export type HashAnswer = { buffer: ArrayBuffer } | { error: string };

interface Waiting {
  rows: number;
  resolve: (leaves: Uint8Array) => void;
  reject: (error: unknown) => void;
}

const PROGRAM = new URL("./hash-thread-program.ts", import.meta.url);
/** Buffers that are kept for the next blocks, and what a full block with its secrets takes. */
const SPARE_MAX = 8;
const THREAD_ROWS_MIN = 64;
const USUAL_BYTES = 196_608;

const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Bytes of a task's parts one after the other, each aligned to eight bytes. */
export function taskParts({ lengths }: Pick<HashTask, "lengths">) {
  const block = 0;
  const owners = block + aligned(lengths.block);
  const monthKeys = owners + aligned(lengths.owners);
  const monthOf = monthKeys + aligned(lengths.monthKeys);
  const end = monthOf + aligned(2 * lengths.rows);
  return { block, owners, monthKeys, monthOf, end };
}

/**
 * Hashes blocks of charges in a thread of its own, so that rating goes on meanwhile. What is under way is
 * bounded by the unit of work: it is written only when its digests are there. The thread is started at
 * first need, keeps the process alive only while it works, and is started again after it failed.
 */
export class HashThread implements LeafHasher {
  readonly #domain: Uint8Array;
  readonly #waiting: Waiting[] = [];
  readonly #spare: ArrayBuffer[] = [];
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

  leavesOf(block: ChargeBlock, secrets: BlockSecrets): Uint8Array | Promise<Uint8Array> {
    if (block.count < THREAD_ROWS_MIN) {
      this.#own ??= new ChargeHasher(this.#domain);
      return this.#own.leavesOf(block, secrets);
    }
    const parts = block.encode();
    const { monthKeys, monthOf } = secrets;
    const owners = secrets.owners.subarray(0, block.owners.count * OWNER_SECRET_BYTES);
    const lengths = {
      block: parts.reduce((sum, { length }) => sum + length, 0),
      owners: owners.length,
      monthKeys: monthKeys.length,
      rows: block.count,
    };
    const places = taskParts({ lengths });
    const buffer = this.#take(Math.max(places.end, 32 * block.count));
    const bytes = new Uint8Array(buffer);
    let at = places.block;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    bytes.set(owners, places.owners);
    bytes.set(monthKeys, places.monthKeys);
    new Uint16Array(buffer, places.monthOf, block.count).set(monthOf.subarray(0, block.count));
    const task: HashTask = { buffer, domain: this.#domain, lengths };
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) worker.ref();
      this.#waiting.push({ rows: block.count, resolve, reject });
      worker.postMessage(task, [buffer]);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #take(bytes: number): ArrayBuffer {
    const spare = this.#spare.pop();
    return spare !== undefined && spare.byteLength >= bytes
      ? spare
      : new ArrayBuffer(Math.max(bytes, USUAL_BYTES));
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
      waiting.resolve(new Uint8Array(answer.buffer).slice(0, 32 * waiting.rows));
      if (this.#spare.length < SPARE_MAX) this.#spare.push(answer.buffer);
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
