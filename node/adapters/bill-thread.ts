/* One thread of `bill-threads.ts`: answers tasks with the engine's own worker, bytes in, bytes out. */
import { workerData } from "node:worker_threads";
import type { BillFacts } from "../engine/bill/bill-kernel.ts";
import { BillWorker } from "../engine/bill/bill-worker.ts";
import type { BillResult, BillTask } from "./bill-threads.ts";
import { answerTasks } from "./task-thread.ts";

const worker = new BillWorker(workerData as BillFacts);

answerTasks<BillTask, BillResult>((task) => {
  if (task.kind === "gather") {
    const result = worker.gather(task.of);
    return { result, moved: [result.values.bytes.buffer] };
  }
  const result = worker.compose(task.of);
  return { result, moved: [result.invoices.bytes.buffer, result.leaves.bytes.buffer] };
});
