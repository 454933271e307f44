import { TallystickError } from "../core/errors.ts";
import type { EvidenceSealer, SealTask } from "../engine/evidence/evidence-sealer.ts";
import { TaskThreads, threadsForAll } from "./task-threads.ts";

/** Compresses and encrypts evidence files in threads of their own. */
export class EvidenceThreads implements EvidenceSealer {
  readonly #threads: TaskThreads<SealTask, Uint8Array>;

  constructor(threads: number) {
    const program = new URL("./evidence-thread.ts", import.meta.url);
    this.#threads = new TaskThreads({ program, facts: undefined, threads, failure: threadFailed });
  }

  seal(task: SealTask): Promise<Uint8Array> {
    return this.#threads.ask(task, []);
  }

  end(): Promise<void> {
    return this.#threads.close();
  }
}

/** Threads for as many processors as there are. */
export const openEvidenceSealer = (): EvidenceSealer => new EvidenceThreads(threadsForAll());

const threadFailed = (cause: unknown): TallystickError =>
  new TallystickError(
    "publish.thread-failed",
    "A thread that seals evidence files ended. What is written stays; publish the month again to go on.",
    {},
    cause,
  );
