import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { NodeClient } from "../../node/cli/node-client.ts";
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
});
