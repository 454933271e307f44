/* What the thread of fold-thread.ts runs: one fold at a time, in the order of the tasks. */
import { parentPort } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import { foldEntries } from "../engine/intake/fold-entries.ts";
import type { ThreadError } from "./answering-thread.ts";
import type { FoldAnswer, FoldTask } from "./fold-thread.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");

port.on("message", ({ entries }: FoldTask) => {
  try {
    const folded = foldEntries(entries);
    const { segments, firsts, filter, parts } = folded;
    const memory = [segments, firsts, filter, ...parts].map(({ buffer }) => buffer as ArrayBuffer);
    port.postMessage({ folded } satisfies FoldAnswer, memory);
  } catch (error) {
    port.postMessage({ error: String(error) } satisfies ThreadError);
  }
});
