/* A thread of tree-threads.ts that dies of a run of 60 leaves, as one does that has no memory left. */
import { parentPort } from "node:worker_threads";
import type { TreeTask } from "../../node/adapters/tree-threads.ts";
import { assert } from "../../node/core/errors.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");
const listen = port.on.bind(port);
Object.assign(port, {
  on: (event: string, listener: (asked: { task: TreeTask }) => void) =>
    listen(event, (asked: { task: TreeTask }) => {
      if (asked.task.count === 60) throw new Error("dies of it");
      listener(asked);
    }),
});
await import("../../node/adapters/tree-thread.ts");
