import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, type ResourceLimits, Worker } from "node:worker_threads";
import { type Place, TallystickError } from "../core/errors.ts";

/** The store is read and written by one thread, which so many keep busy. */
const THREADS_MAX = 8;
/** Tasks beyond one for each thread: what is read while they compute. */
export const TASKS_AHEAD = 1;

/** A thread for each processor. */
export const threadsForAll = (): number => Math.min(THREADS_MAX, availableParallelism());

/** What a thread is asked, and what it answers: bytes are handed over, not copied. */
export interface TaskRequest<Task> {
  id: number;
  task: Task;
}

export type TaskAnswer<Result> =
  | { id: number; result: Result }
  | { id: number; error: { code: string; message: string; place: Place } };

interface Waiting<Result> {
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

interface Thread<Result> {
  worker: Worker;
  waiting: Map<number, Waiting<Result>>;
  /** Why it answers no more. */
  failed?: TallystickError;
  /** Whoever ends it waits for its end. */
  isClosing: boolean;
}

export interface TaskThreadsOptions {
  /** The program of each thread (task-thread.ts), and what it is told at its start. */
  program: URL;
  facts: unknown;
  threads: number;
  /** @param cause of a thread that ended while it was needed */
  failure: (cause: unknown) => TallystickError;
  /** Bounds of a thread's heap; V8's own unless given. */
  resourceLimits?: ResourceLimits;
  /** Gets one end of a port to each thread, which gets the other one as `port` beside its facts. */
  onPort?: (port: MessagePort) => void;
}

/** Threads that answer tasks of one kind; a task goes to the idlest of them. */
export class TaskThreads<Task, Result> {
  readonly #threads: Thread<Result>[];
  #lastId = 0;

  constructor(options: TaskThreadsOptions) {
    this.#threads = Array.from({ length: options.threads }, () => startThread(options));
  }

  /** @param moved memory of the task that is the thread's from now on */
  ask(task: Task, moved: ArrayBuffer[]): Promise<Result> {
    const idlest = this.#threads.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
    // A task that was being read while its thread ended is asked for now; nobody would answer it.
    if (idlest.failed !== undefined) return Promise.reject(idlest.failed);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      // A process whose threads have nothing to do may end.
      idlest.worker.ref();
      idlest.waiting.set(id, { resolve, reject });
      idlest.worker.postMessage({ id, task } satisfies TaskRequest<Task>, moved);
    });
  }

  async close(): Promise<void> {
    for (const thread of this.#threads) thread.isClosing = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}

function startThread<Result>(options: TaskThreadsOptions): Thread<Result> {
  const { failure } = options;
  const worker = startWorker(options);
  worker.unref();
  const waiting: Thread<Result>["waiting"] = new Map();
  const thread: Thread<Result> = { worker, waiting, isClosing: false };
  worker.on("message", (answer: TaskAnswer<Result>) => {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    // A last answer is no reason for the process to end before the thread has.
    if (waiting.size === 0 && !thread.isClosing) worker.unref();
    if (!("error" in answer)) return asked?.resolve(answer.result);
    const { code, message, place } = answer.error;
    asked?.reject(new TallystickError(code, message, place));
  });
  const fail = (cause: unknown) => {
    const error = failure(cause);
    thread.failed ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("error", fail);
  worker.on("exit", fail);
  return thread;
}

function startWorker({ program, facts, onPort, resourceLimits }: TaskThreadsOptions): Worker {
  const limits = resourceLimits === undefined ? {} : { resourceLimits };
  if (onPort === undefined) return new Worker(program, { workerData: facts, ...limits });
  const { port1, port2 } = new MessageChannel();
  onPort(port1);
  const workerData = { ...(facts as object), port: port2 };
  return new Worker(program, { workerData, transferList: [port2], ...limits });
}
