import { Worker } from "node:worker_threads";
import { assert } from "../core/errors.ts";

/** What a thread says of a task that it could not do; it goes on with the next one. */
export interface ThreadError {
  error: string;
}

interface Waiting<Answer> {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/**
 * A thread that answers tasks in their order. It is started at first need, keeps the process alive only while
 * it works, and is started again after it failed: what waited by then is refused, and nobody gets the answer
 * of a thread before.
 */
export class AnsweringThread<Task, Answer extends object> {
  readonly #program: URL;
  readonly #name: string;
  readonly #waiting: Waiting<Answer>[] = [];
  #worker: Worker | undefined;
  #closing: Worker | undefined;

  /** @param name what it is called where it ended, such as "the hashing thread" */
  constructor(program: URL, name: string) {
    this.#program = program;
    this.#name = name;
  }

  /** @param given memory that goes over to the thread @throws Error what the thread said, or that it ended */
  ask(task: Task, given: readonly ArrayBuffer[] = []): Promise<Answer> {
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) worker.ref();
      this.#waiting.push({ resolve, reject });
      worker.postMessage(task, given);
    });
  }

  /** What waits is refused; who asks afterwards starts another thread. */
  async close(): Promise<void> {
    this.#closing = this.#worker;
    await this.#closing?.terminate();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#program);
    worker.unref();
    worker.on("message", (answer: Answer | ThreadError) => {
      const waiting = this.#waiting.shift();
      assert(waiting !== undefined, "an answer follows a task");
      // One that ends is waited for: a last answer is no reason for the process to end before.
      if (this.#waiting.length === 0 && worker !== this.#closing) worker.unref();
      if ("error" in answer) return waiting.reject(new Error(answer.error));
      waiting.resolve(answer);
    });
    const fail = (error: unknown) => {
      // Its end is told after its error: what waits by then is asked of the next thread.
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    };
    worker.on("error", fail);
    worker.on("exit", (code) => fail(new Error(`${this.#name} ended with ${code}`)));
    this.#worker = worker;
    return worker;
  }
}
