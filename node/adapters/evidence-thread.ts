/* One thread of `evidence-threads.ts`: makes files with the engine's own worker, which reads through a port. */
import { getPriority, setPriority } from "node:os";
import { workerData } from "node:worker_threads";
import { EvidenceWorker } from "../engine/evidence/evidence-worker.ts";
import type { InvoiceMessage, ReceiptMessage, Signed } from "../engine/evidence/issue-receipt.ts";
import { AskedTogether } from "../engine/store/asked-together.ts";
import type {
  EvidenceCalls,
  EvidenceThreadFacts,
  EvidenceThreadResult,
  EvidenceThreadTask,
} from "./evidence-threads.ts";
import { PortCalls } from "./port-calls.ts";
import { PortStore } from "./port-store.ts";
import { answerTasks } from "./task-thread.ts";

/** On Linux a priority is the thread's own: intake goes first, and where nothing else is done it is no slower. */
const LOWER_BY = 10;
const LOWEST = 19;
if (process.platform === "linux") setPriority(Math.min(LOWEST, getPriority() + LOWER_BY));

const { facts, signs, port } = workerData as EvidenceThreadFacts;
const calls = new PortCalls<EvidenceCalls>(port);
const receipts = new AskedTogether<ReceiptMessage, Signed>((some) =>
  calls.ask("signReceipts", some),
);
const invoices = new AskedTogether<InvoiceMessage, Signed>((some) =>
  calls.ask("signInvoices", some),
);
const worker = new EvidenceWorker(facts, {
  store: new PortStore(calls),
  ...(signs.receipts ? { signReceipt: (message: ReceiptMessage) => receipts.ask(message) } : {}),
  ...(signs.invoices ? { signInvoice: (message: InvoiceMessage) => invoices.ask(message) } : {}),
});

answerTasks<EvidenceThreadTask, EvidenceThreadResult>(async (asked) => {
  if (asked.kind === "list") {
    const result = await worker.list(asked.listing);
    return { result, moved: [result.places.buffer as ArrayBuffer] };
  }
  if (asked.kind === "fill") {
    const bytes = await worker.fill(asked.part);
    const result = new Uint8Array(new SharedArrayBuffer(bytes.length));
    result.set(bytes);
    return { result, moved: [] };
  }
  const result = await worker.write(asked.task, asked.memory);
  return { result, moved: result.map(({ buffer }) => buffer) };
});
