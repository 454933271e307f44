import { parentPort } from "node:worker_threads";

/* The thread that reads, killed after its second batch, in the middle of a file. */

const port = parentPort;
const post = port?.postMessage.bind(port);
let batches = 0;
if (port !== null && post !== undefined) {
  port.postMessage = (news: object) => {
    post(news);
    if ("buffer" in news && ++batches === 2) process.exit(1);
  };
}
await import("../../node/adapters/columns-worker.ts");
