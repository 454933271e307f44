/* One thread of `tree-threads.ts`: one run of leaves after the other, each with the engine's own builder. */
import type { RunTop } from "../core/commitment/join-runs.ts";
import { RunBuilderHere } from "../engine/commit/run-builder.ts";
import { RunLeaves } from "../engine/commit/run-leaves.ts";
import { answerTasks } from "./task-thread.ts";
import type { TreeTask } from "./tree-threads.ts";

const builder = new RunBuilderHere();

answerTasks<TreeTask, RunTop>(({ memory, capacity, count, depth }) => {
  const leaves = new RunLeaves(capacity, memory);
  leaves.count = count;
  return { result: builder.build(leaves, depth), moved: [] };
});
