/* One thread of `closing-threads.ts`: answers tasks with the engine's own worker, bytes in, bytes out. */
import { workerData } from "node:worker_threads";
import type { ClosedUnit, ClosingFacts, ClosingTask } from "../engine/bill/closing-kernel.ts";
import { ClosingWorker } from "../engine/bill/closing-worker.ts";
import { answerTasks } from "./task-thread.ts";

const worker = await ClosingWorker.open(workerData as ClosingFacts);

answerTasks<ClosingTask, ClosedUnit>((task) => {
  const result = worker.close(task);
  const { rows, tiles, states, credits } = result;
  return { result, moved: [rows, tiles, states, credits].map(({ bytes }) => bytes.buffer) };
});
