import { setImmediate as turn } from "node:timers/promises";
import type { MessagePort } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import type {
  EvidenceFacts,
  EvidenceKernel,
  EvidenceReach,
  EvidenceTask,
} from "../engine/evidence/evidence-kernel.ts";
import type { LineListing, WindowPart } from "../engine/evidence/evidence-worker.ts";
import type { InvoiceMessage, ReceiptMessage, Signed } from "../engine/evidence/issue-receipt.ts";
import type { LineMemory } from "../engine/evidence/line-window.ts";
import type { LineList } from "../engine/evidence/list-lines.ts";
import { EvidenceWindows } from "./evidence-windows.ts";
import { answerCalls, type CallHandlers } from "./port-calls.ts";
import { type StoreCalls, storeHandlers } from "./port-store.ts";
import { TaskThreads, threadsForAll } from "./task-threads.ts";

/** Half of V8's own: as fast, and 150 MB less for two threads. */
const YOUNG_MEGABYTES = 48;
/** Signatures after which others have their turn. */
const SIGNED_AT_ONCE = 16;

/** What each thread is told at its start. */
export interface EvidenceThreadFacts {
  facts: EvidenceFacts;
  /** What it may ask to be signed. */
  signs: { receipts: boolean; invoices: boolean };
  port: MessagePort;
}

export type EvidenceThreadTask =
  | { kind: "list"; listing: LineListing }
  | { kind: "fill"; part: WindowPart }
  | { kind: "write"; task: EvidenceTask; memory: LineMemory | undefined };

/** A list, a heap, files. */
export type EvidenceThreadResult = LineList | Uint8Array | Uint8Array<ArrayBuffer>[];

/** What a thread asks for. */
export type EvidenceCalls = StoreCalls & {
  signReceipts: { argument: ReceiptMessage[]; result: Signed[] };
  signInvoices: { argument: InvoiceMessage[]; result: Signed[] };
};

/** Makes evidence files in threads of their own; what they read, and what is signed, they ask for. */
export class EvidenceThreads implements EvidenceKernel {
  readonly tasksAtOnce: number;
  readonly #threads: TaskThreads<EvidenceThreadTask, EvidenceThreadResult>;
  readonly #windows: EvidenceWindows;

  constructor(facts: EvidenceFacts, reach: EvidenceReach, threads: number) {
    this.tasksAtOnce = 2 * threads;
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
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
      onPort: (port) => answerCalls<EvidenceCalls>(port, handlers),
    });
    this.#windows = new EvidenceWindows({
      list: (listing) => this.#ask<LineList>({ kind: "list", listing }),
      fill: (part) => this.#ask<Uint8Array>({ kind: "fill", part }),
    });
  }

  write(task: EvidenceTask): Promise<Uint8Array<ArrayBuffer>[]> {
    return this.#windows.with(task, (memory) =>
      this.#ask<Uint8Array<ArrayBuffer>[]>({ kind: "write", task, memory }),
    );
  }

  #ask<Result extends EvidenceThreadResult>(task: EvidenceThreadTask): Promise<Result> {
    return this.#threads.ask(task, []) as Promise<Result>;
  }

  end(): Promise<void> {
    return this.#threads.close();
  }
}

/** What nobody signs is not answered. */
function handlersOf({
  store,
  signReceipt,
  signInvoice,
}: EvidenceReach): Partial<CallHandlers<EvidenceCalls>> {
  return {
    ...storeHandlers(store),
    ...(signReceipt && {
      signReceipts: async (messages) => ({ result: await signAll(messages, signReceipt) }),
    }),
    ...(signInvoice && {
      signInvoices: async (messages) => ({ result: await signAll(messages, signInvoice) }),
    }),
  };
}

/** Some at a time: each is a tenth of a millisecond of the node's own thread. */
async function signAll<Message>(
  messages: readonly Message[],
  sign: (message: Message) => Promise<Signed>,
): Promise<Signed[]> {
  const signed: Signed[] = [];
  for (const message of messages) {
    if (signed.length % SIGNED_AT_ONCE === SIGNED_AT_ONCE - 1) await turn();
    signed.push(await sign(message));
  }
  return signed;
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
