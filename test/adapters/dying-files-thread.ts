/* A thread of an evidence folder that dies of its first task where the folder holds a file named "die". */
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import type { FilesTask } from "../../node/adapters/evidence-files.ts";
import { assert } from "../../node/core/errors.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");
const listen = port.on.bind(port);
Object.assign(port, {
  on: (event: string, listener: (request: { task: FilesTask }) => void) =>
    listen(event, (request: { task: FilesTask }) => {
      const { task } = request;
      if (task.kind === "write") {
        const die = join(dirname(task.folder), "die");
        if (existsSync(die)) {
          rmSync(die);
          throw new Error("dies of it");
        }
      }
      listener(request);
    }),
});
await import("../../node/adapters/evidence-files-thread.ts");
