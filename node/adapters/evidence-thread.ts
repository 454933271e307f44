/* One thread of `evidence-threads.ts`: makes files with the engine's own worker, which reads through a port. */
import { workerData } from "node:worker_threads";
import type { EvidenceTask } from "../engine/evidence/evidence-kernel.ts";
import { EvidenceWorker } from "../engine/evidence/evidence-worker.ts";
import type { InvoiceMessage, ReceiptMessage } from "../engine/evidence/issue-receipt.ts";
import type { EvidenceThreadFacts } from "./evidence-threads.ts";
import { PortCalls } from "./port-calls.ts";
import { PortStore } from "./port-store.ts";
import { answerTasks } from "./task-thread.ts";

const { facts, signs, port } = workerData as EvidenceThreadFacts;
const calls = new PortCalls(port);
const worker = new EvidenceWorker(facts, {
  store: new PortStore(calls),
  ...(signs.receipts
    ? { signReceipt: (message: ReceiptMessage) => calls.ask("signReceipt", message) }
    : {}),
  ...(signs.invoices
    ? { signInvoice: (message: InvoiceMessage) => calls.ask("signInvoice", message) }
    : {}),
});

answerTasks<EvidenceTask, Uint8Array<ArrayBuffer>[]>(async (task) => {
  const result = await worker.write(task);
  return { result, moved: result.map(({ buffer }) => buffer) };
});
