/* One thread of `evidence-threads.ts`: makes files with the engine's own worker, which reads through a port. */
import { workerData } from "node:worker_threads";
import { EvidenceWorker } from "../engine/evidence/evidence-worker.ts";
import type { InvoiceMessage, ReceiptMessage } from "../engine/evidence/issue-receipt.ts";
import type {
  EvidenceCalls,
  EvidenceThreadFacts,
  EvidenceThreadResult,
  EvidenceThreadTask,
} from "./evidence-threads.ts";
import { PortCalls } from "./port-calls.ts";
import { PortStore } from "./port-store.ts";
import { answerTasks } from "./task-thread.ts";

const { facts, signs, port } = workerData as EvidenceThreadFacts;
const calls = new PortCalls<EvidenceCalls>(port);
const worker = new EvidenceWorker(facts, {
  store: new PortStore(calls),
  ...(signs.receipts
    ? { signReceipt: (message: ReceiptMessage) => calls.ask("signReceipt", message) }
    : {}),
  ...(signs.invoices
    ? { signInvoice: (message: InvoiceMessage) => calls.ask("signInvoice", message) }
    : {}),
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
