/* A process whose folding thread is told to end when an answer of it is there and not taken. */
import { FoldThread } from "../../node/adapters/fold-thread.ts";

const thread = new FoldThread();
const entries = new Uint32Array(new SharedArrayBuffer(16)).fill(1);
await thread.fold(entries);
const answer = thread.fold(entries).catch(() => {});
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
await thread.close();
await answer;
process.stdout.write("ended");
