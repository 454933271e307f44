/* A hashing thread that dies of a block of 511 rows, as one does that has no memory left. */
import { parentPort } from "node:worker_threads";
import type { HashTask } from "../../node/adapters/hash-thread.ts";
import { assert } from "../../node/core/errors.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");
const listen = port.on.bind(port);
Object.assign(port, {
  on: (event: string, listener: (task: HashTask) => void) =>
    listen(event, (task: HashTask) => {
      if (task.secrets.monthOf.length === 511) throw new Error("dies of it");
      listener(task);
    }),
});
await import("../../node/adapters/hash-thread-program.ts");
