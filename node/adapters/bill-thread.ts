/* One thread of `bill-threads.ts`: answers tasks with the engine's own worker, bytes in, bytes out. */
import { parentPort, workerData } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import type { BillFacts } from "../engine/bill/bill-kernel.ts";
import { BillWorker } from "../engine/bill/bill-worker.ts";
import type { BillAnswer, BillRequest } from "./bill-threads.ts";

const worker = new BillWorker(workerData as BillFacts);

parentPort?.on("message", (request: BillRequest) => {
  const { answer, moved } = answerTo(request);
  parentPort?.postMessage(answer, moved);
});

function answerTo(request: BillRequest): { answer: BillAnswer; moved: ArrayBuffer[] } {
  const { id } = request;
  try {
    if (request.kind === "gather") {
      const result = worker.gather(request.task);
      return { answer: { id, result }, moved: [result.values.bytes.buffer] };
    }
    const result = worker.compose(request.task);
    const moved = [result.invoices.bytes.buffer, result.leaves.bytes.buffer];
    return { answer: { id, result }, moved };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    const { code, message, place } = error;
    return { answer: { id, error: { code, message, place } }, moved: [] };
  }
}
