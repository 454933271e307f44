import { constants, openSync, write, writeSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/*
 * The limit of a server that answers only what is on the disk: Node's own HTTP, as many bytes for
 * each request as a charging node logs, all that wait in one synchronous write, and always the same
 * answer. Nothing is read, checked, decided or remembered.
 */

const LOGGED_BYTES = 780;
const FILE_BYTES = 64 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);
const BODY = JSON.stringify({
  session: "call-12345",
  request: 0,
  result: "granted",
  granted: { durationSeconds: 300 },
  validitySeconds: 600,
  charged: "0.00",
  reserved: "0.50",
  balance: "999.50",
  currency: "EUR",
});
const HEADERS = [
  ["content-type", "application/json; charset=utf-8"],
  ["cache-control", "no-store"],
  ["x-content-type-options", "nosniff"],
  ["content-length", String(BODY.length)],
].flat();

const name = join(process.argv[2] as string, "bare.bin");
const laying = openSync(name, constants.O_CREAT | constants.O_WRONLY | constants.O_DSYNC);
for (let at = 0; at < FILE_BYTES; at += ZEROS.length) writeSync(laying, ZEROS, 0, ZEROS.length, at);
const file = openSync(name, constants.O_RDWR | constants.O_DSYNC);

let waiting: ServerResponse[] = [];
let isWriting = false;
let position = 0;

const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    waiting.push(response);
    if (isWriting) return;
    isWriting = true;
    setImmediate(writeAll);
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ serving: { url: `http://127.0.0.1:${port}` } }));
});

function writeAll(): void {
  const group = waiting;
  waiting = [];
  isWriting = group.length > 0;
  if (!isWriting) return;
  const length = Math.min(group.length * LOGGED_BYTES, ZEROS.length);
  if (position + length > FILE_BYTES) position = 0;
  write(file, ZEROS, 0, length, position, (error) => {
    if (error !== null) throw error;
    position += length;
    for (const response of group) {
      response.writeHead(200, HEADERS);
      response.end(BODY);
    }
    writeAll();
  });
}
