import { Worker } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import type { EntryFolder, FoldedEntries } from "../engine/intake/fold-entries.ts";

/** What goes to the thread; entries in memory that both see are not copied. */
export interface FoldTask {
  entries: Uint32Array;
}

/** Of the tasks in their order. */
export type FoldAnswer = { folded: FoldedEntries } | { error: string };

interface Waiting {
  resolve: (folded: FoldedEntries) => void;
  reject: (error: unknown) => void;
}

const PROGRAM = new URL("./fold-thread-program.ts", import.meta.url);

/**
 * Folds the index of records seen in a thread of its own, so that intake goes on meanwhile. The thread is
 * started at first need, keeps the process alive only while it works, and is started again after it failed.
 */
export class FoldThread implements EntryFolder {
  readonly #waiting: Waiting[] = [];
  #worker: Worker | undefined;
  readonly #program: URL;

  /** @param program the thread's; another one only in tests */
  constructor(program = PROGRAM) {
    this.#program = program;
  }

  fold(entries: Uint32Array): Promise<FoldedEntries> {
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) worker.ref();
      this.#waiting.push({ resolve, reject });
      worker.postMessage({ entries } satisfies FoldTask);
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
    worker.on("message", (answer: FoldAnswer) => {
      const waiting = this.#waiting.shift();
      assert(waiting !== undefined, "an answer follows a task");
      if (this.#waiting.length === 0) worker.unref();
      if ("error" in answer) return waiting.reject(new Error(answer.error));
      waiting.resolve(answer.folded);
    });
    const fail = (error: unknown) => {
      // Its end is told after its error: what waits by then is asked of the next thread.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new Error(`the folding thread ended with ${code}`)));
    this.#worker = worker;
    return worker;
  }
}
