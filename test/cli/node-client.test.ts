import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { Announcements } from "../../node/cli/announcements.ts";
import { NodeClient } from "../../node/cli/node-client.ts";
import { ServiceError } from "../../node/cli/output.ts";
import { hasCode } from "../engine/engine-scene.ts";

const REFUSING_SERVER = `
  const { createServer } = require("node:http");
  const { parentPort } = require("node:worker_threads");
  const server = createServer((request, response) => {
    response.writeHead(422).end('{"error":{"code":"a.refusal","message":"no"}}');
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

describe("a node's client", () => {
  it("is not left without an answer by a connection that the node closed meanwhile", async () => {
    const used = new WeakSet<Socket>();
    // A node closes what does nothing for some seconds; a request can be on its way just then.
    const server = createServer(({ socket }, response) => {
      if (used.has(socket)) return socket.destroy();
      used.add(socket);
      return response.end('{"done":true}');
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const node = new NodeClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "t");
    for (const method of ["POST", "PUT"] as const) {
      assert.deepEqual(await node.send(method, "/one"), { status: 200, body: { done: true } });
      assert.equal((await node.get("/two")).status, 200);
    }
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(node.get("/three"), hasCode("node.unreachable"));
  });

  it("tells who sends a file more than others when the node goes away: that it may be sent again", async () => {
    // Takes some of what is sent, and dies.
    const server = createServer((request, response) => {
      response.writeProcessing();
      request.once("data", () => request.destroy());
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const node = new NodeClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "t");
    const toldOf = (asked: Promise<unknown>): Promise<string> =>
      asked.then(
        () => assert.fail("answered"),
        (error) => {
          assert.ok(error instanceof ServiceError && error.code === "node.unreachable");
          return error.message;
        },
      );
    async function* pieces() {
      for (let piece = 0; piece < 3; piece++) yield new Uint8Array(65_536);
    }
    const ofFile = await toldOf(node.upload("/file", pieces()));
    assert.equal(await toldOf(node.tell("/file", pieces(), new Announcements())), ofFile);
    const ofOther = await toldOf(node.send("POST", "/other", { one: 1 }));
    assert.ok(ofFile.startsWith(ofOther) && ofFile.length > ofOther.length, ofFile);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await toldOf(node.upload("/file", pieces())), ofFile);
  });

  it("hears why it is refused while it still sends", async () => {
    // On a thread of its own, so that it answers while the client has something else to do.
    const refusing = new Worker(REFUSING_SERVER, { eval: true });
    const [port] = (await once(refusing, "message")) as [number];
    const node = new NodeClient(`http://127.0.0.1:${port}`, "t");
    async function* pieces() {
      for (let piece = 0; piece < 10; piece++) {
        yield new Uint8Array(1_048_576);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
      }
    }
    for (let at = 0; at < 2; at++) {
      await assert.rejects(node.upload("/file", pieces()), hasCode("a.refusal"));
    }
    await refusing.terminate();
  });

  it("is told of a connection that ends in something else than an answer", async () => {
    const server = createServer(({ socket }) => {
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const node = new NodeClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "t");
    await assert.rejects(node.get("/one"), hasCode("node.unreachable"));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
