import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Place, TallystickError } from "../core/errors.ts";
import {
  type BillFacts,
  type BillKernel,
  type ComposedBucket,
  type ComposeTask,
  type GatheredUnit,
  type GatherTask,
  openPlainBillKernel,
} from "../engine/bill/bill-kernel.ts";

export type BillRequest =
  | { id: number; kind: "gather"; task: GatherTask }
  | { id: number; kind: "compose"; task: ComposeTask };

export type BillAnswer =
  | { id: number; result: GatheredUnit | ComposedBucket }
  | { id: number; error: { code: string; message: string; place: Place } };

/** A smaller month is billed before threads have started. */
const ROWS_WORTH_THREADS = 50_000;
/** The store is read and written by one thread, which so many keep busy. */
const THREADS_MAX = 8;
/** Tasks beyond one for each thread: what is read while they compute. */
const TASKS_AHEAD = 1;

/** Threads for as many processors as there are; none for a small month. */
export function openBillKernel(facts: BillFacts): BillKernel {
  if (facts.rows < ROWS_WORTH_THREADS) return openPlainBillKernel(facts);
  return new BillThreads(facts, Math.min(THREADS_MAX, availableParallelism()));
}

interface Waiting {
  resolve: (result: GatheredUnit | ComposedBucket) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  waiting: Map<number, Waiting>;
  /** Why it answers no more. */
  failed?: TallystickError;
}

/** Computes a bill run in threads of their own; bytes are handed over, not copied. */
export class BillThreads implements BillKernel {
  readonly tasksAtOnce: number;
  readonly #threads: Thread[];
  #lastId = 0;

  constructor(facts: BillFacts, threads: number) {
    this.tasksAtOnce = threads + TASKS_AHEAD;
    this.#threads = Array.from({ length: threads }, () => startThread(facts));
  }

  gather(task: GatherTask): Promise<GatheredUnit> {
    const request = { id: ++this.#lastId, kind: "gather" as const, task };
    return this.#ask(request, [task.values.bytes.buffer]) as Promise<GatheredUnit>;
  }

  compose(task: ComposeTask): Promise<ComposedBucket> {
    const request = { id: ++this.#lastId, kind: "compose" as const, task };
    const moved = [task.charges, task.credits, task.gathered].map(({ bytes }) => bytes.buffer);
    return this.#ask(request, moved) as Promise<ComposedBucket>;
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #ask(request: BillRequest, moved: ArrayBuffer[]): Promise<GatheredUnit | ComposedBucket> {
    const idlest = this.#threads.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
    // A step that was being read while its thread ended is asked for now; nobody would answer it.
    if (idlest.failed !== undefined) return Promise.reject(idlest.failed);
    return new Promise((resolve, reject) => {
      idlest.waiting.set(request.id, { resolve, reject });
      idlest.worker.postMessage(request, moved);
    });
  }
}

function startThread(facts: BillFacts): Thread {
  const worker = new Worker(new URL("./bill-thread.ts", import.meta.url), { workerData: facts });
  const waiting: Thread["waiting"] = new Map();
  const thread: Thread = { worker, waiting };
  worker.on("message", (answer: BillAnswer) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (!("error" in answer)) return asked?.resolve(answer.result);
    const { code, message, place } = answer.error;
    asked?.reject(new TallystickError(code, message, place));
  });
  const fail = (cause: unknown) => {
    const error = new TallystickError(
      "bill.thread-failed",
      "A thread of the bill run ended. What was billed is stored; ask for the bill again to go on.",
      {},
      cause,
    );
    thread.failed ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("error", fail);
  worker.on("exit", fail);
  return thread;
}
