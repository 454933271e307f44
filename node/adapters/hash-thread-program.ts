/* What the thread of hash-thread.ts runs: one block at a time, in the order of the tasks. */
import { parentPort } from "node:worker_threads";
import { assert } from "../core/errors.ts";
import { ChargeBlock } from "../engine/number/charge-block.ts";
import { ChargeHasher } from "../engine/number/hash-charges.ts";
import type { ThreadError } from "./answering-thread.ts";
import type { HashAnswer, HashTask } from "./hash-thread.ts";

const port = parentPort;
assert(port !== null, "runs in a thread");
let hasher: ChargeHasher | undefined;

port.on("message", ({ payload, leaves, secrets, domain }: HashTask) => {
  try {
    hasher ??= new ChargeHasher(domain);
    hasher.leavesOf(ChargeBlock.decode(payload), secrets, leaves);
    port.postMessage({ done: true } satisfies HashAnswer);
  } catch (error) {
    port.postMessage({ error: String(error) } satisfies ThreadError);
  }
});
