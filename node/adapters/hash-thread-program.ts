/* What the thread of hash-thread.ts runs: one block at a time, in the order of the tasks. */
import { parentPort } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import { ChargeBlock } from "../engine/number/charge-block.ts";
import { ChargeHasher } from "../engine/number/hash-charges.ts";
import { type HashAnswer, type HashTask, taskParts } from "./hash-thread.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");
let hasher: ChargeHasher | undefined;

port.on("message", ({ buffer, domain, lengths }: HashTask) => {
  try {
    hasher ??= new ChargeHasher(domain);
    const { block, owners, monthKeys, monthOf } = taskParts({ lengths });
    const leaves = hasher.leavesOf(
      ChargeBlock.decode(new Uint8Array(buffer, block, lengths.block)),
      {
        owners: new Uint8Array(buffer, owners, lengths.owners),
        monthKeys: new Uint8Array(buffer, monthKeys, lengths.monthKeys),
        monthOf: new Uint16Array(buffer, monthOf, lengths.rows),
      },
    );
    new Uint8Array(buffer).set(leaves);
    port.postMessage({ buffer } satisfies HashAnswer, [buffer]);
  } catch (error) {
    port.postMessage({ error: String(error) } satisfies HashAnswer);
  }
});
