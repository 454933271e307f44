/* What the thread of fold-thread.ts runs: one fold or merge at a time, in the order of the tasks. */
import { parentPort } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import { foldEntries } from "../engine/intake/fold-entries.ts";
import { MergeMemory, type MergeTask, mergeEntries } from "../engine/intake/merge-entries.ts";
import { SortMemory } from "../engine/intake/sort-entries.ts";
import type { ThreadError } from "./answering-thread.ts";
import type { FoldAnswer, FoldTask } from "./fold-thread.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");

/** Kept from task to task. */
const sorting = new SortMemory();
const rounds = new MergeMemory();

port.on("message", (task: FoldTask) => {
  try {
    const { answer, memory } = "merge" in task ? merged(task) : folded(task);
    const given = memory.map(({ buffer }) => buffer as ArrayBuffer);
    port.postMessage(answer satisfies FoldAnswer, given);
  } catch (error) {
    port.postMessage({ error: String(error) } satisfies ThreadError);
  }
});

function folded({ entries, memory: used }: { entries: Uint32Array; memory?: Uint8Array }) {
  const answer = { folded: foldEntries(entries, used, sorting) };
  const { segments, firsts, filter, parts } = answer.folded;
  return { answer, memory: [segments, firsts, filter, ...parts] };
}

function merged({ merge }: { merge: MergeTask }) {
  const answer = { merged: mergeEntries(merge, rounds) };
  const { segments, firsts } = answer.merged;
  return { answer, memory: [segments, firsts] };
}
