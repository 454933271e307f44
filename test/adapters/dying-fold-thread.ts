/* A folding thread that dies of 511 entries, as one does that has no memory left. */
import { parentPort } from "node:worker_threads";
import type { FoldTask } from "../../node/adapters/fold-thread.ts";
import { assert } from "../../node/core/errors.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");
const listen = port.on.bind(port);
Object.assign(port, {
  on: (event: string, listener: (task: FoldTask) => void) =>
    listen(event, (task: FoldTask) => {
      if ("entries" in task && task.entries.length === 4 * 511) throw new Error("dies of it");
      listener(task);
    }),
});
await import("../../node/adapters/fold-thread-program.ts");
