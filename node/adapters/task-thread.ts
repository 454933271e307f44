import { parentPort } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import type { TaskAnswer, TaskRequest } from "./task-threads.ts";

interface Computed<Result> {
  result: Result;
  moved: ArrayBuffer[];
}

/**
 * The thread's side of `task-threads.ts`. Errors of ours are answered; another one ends the thread.
 * @param compute the answer, and what of its memory is handed over
 */
export function answerTasks<Task, Result>(
  compute: (task: Task) => Computed<Result> | Promise<Computed<Result>>,
): void {
  parentPort?.on("message", async ({ id, task }: TaskRequest<Task>) => {
    let answer: TaskAnswer<Result>;
    let moved: ArrayBuffer[] = [];
    try {
      const computed = await compute(task);
      answer = { id, result: computed.result };
      moved = computed.moved;
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      const { code, message, place } = error;
      answer = { id, error: { code, message, place } };
    }
    parentPort?.postMessage(answer, moved);
  });
}
