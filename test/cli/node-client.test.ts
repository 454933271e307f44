import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { NodeClient } from "../../node/cli/node-client.ts";
import { ServiceError } from "../../node/cli/output.ts";
import { hasCode } from "../engine/engine-scene.ts";

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
    assert.equal(await toldOf(node.tell("/file", pieces())), ofFile);
    const ofOther = await toldOf(node.send("POST", "/other", { one: 1 }));
    assert.ok(ofFile.startsWith(ofOther) && ofFile.length > ofOther.length, ofFile);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await toldOf(node.upload("/file", pieces())), ofFile);
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
