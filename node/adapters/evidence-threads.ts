import type { MessagePort } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import type {
  EvidenceFacts,
  EvidenceKernel,
  EvidenceReach,
  EvidenceTask,
} from "../engine/evidence/evidence-kernel.ts";
import { answerCalls, type CallHandlers } from "./port-calls.ts";
import { storeHandlers } from "./port-store.ts";
import { TASKS_AHEAD, TaskThreads, threadsForAll } from "./task-threads.ts";

/** What each thread is told at its start. */
export interface EvidenceThreadFacts {
  facts: EvidenceFacts;
  /** What it may ask to be signed. */
  signs: { receipts: boolean; invoices: boolean };
  port: MessagePort;
}

/** Makes evidence files in threads of their own; what they read, and what is signed, they ask for. */
export class EvidenceThreads implements EvidenceKernel {
  readonly tasksAtOnce: number;
  readonly #threads: TaskThreads<EvidenceTask, Uint8Array<ArrayBuffer>[]>;

  constructor(facts: EvidenceFacts, reach: EvidenceReach, threads: number) {
    this.tasksAtOnce = threads + TASKS_AHEAD;
    const program = new URL("./evidence-thread.ts", import.meta.url);
    const handlers = handlersOf(reach);
    const { signReceipt, signInvoice } = reach;
    this.#threads = new TaskThreads({
      program,
      facts: {
        facts,
        signs: { receipts: signReceipt !== undefined, invoices: signInvoice !== undefined },
      },
      threads,
      failure: threadFailed,
      onPort: (port) => answerCalls(port, handlers),
    });
  }

  write(task: EvidenceTask): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#threads.ask(task, []);
  }

  end(): Promise<void> {
    return this.#threads.close();
  }
}

function handlersOf({ store, signReceipt, signInvoice }: EvidenceReach): CallHandlers {
  return {
    ...storeHandlers(store),
    ...(signReceipt && {
      signReceipt: async (message: Parameters<typeof signReceipt>[0]) => ({
        result: await signReceipt(message),
      }),
    }),
    ...(signInvoice && {
      signInvoice: async (message: Parameters<typeof signInvoice>[0]) => ({
        result: await signInvoice(message),
      }),
    }),
  };
}

/** Threads for as many processors as there are. */
export const openEvidenceKernel = (facts: EvidenceFacts, reach: EvidenceReach): EvidenceKernel =>
  new EvidenceThreads(facts, reach, threadsForAll());

const threadFailed = (cause: unknown): TallystickError =>
  new TallystickError(
    "publish.thread-failed",
    "A thread that makes evidence files ended. What is written stays; publish the month again to go on.",
    {},
    cause,
  );
