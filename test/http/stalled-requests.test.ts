import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { endStalledRequests } from "../../node/http/stalled-requests.ts";

const STALLED = 600;

describe("requests that stall", () => {
  let server: Server;
  before(async () => {
    server = createServer(async (request, response) => {
      let bytes = 0;
      for await (const chunk of request) bytes += (chunk as Buffer).length;
      if (request.url === "/slow") await wait(1.5 * STALLED);
      response.end(`${bytes} bytes`);
    });
    server.keepAliveTimeout = STALLED;
    endStalledRequests(server, STALLED);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A connection, and all that it was told until it ended. */
  function open(): { socket: Socket; told: Promise<string> } {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    const told = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
    socket.on("error", () => {});
    return { socket, told };
  }

  const head = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: node\r\nContent-Length: ${length}\r\n\r\n`;

  it("are ended when nothing more of a body comes", async () => {
    const { socket, told } = open();
    socket.write(`${head("/", 10)}abc`);
    assert.equal(await told, "");
  });

  it("take as long as their line needs while something comes", async () => {
    const { socket, told } = open();
    socket.write(head("/", 10));
    for (let at = 0; at < 10; at++) {
      await wait(STALLED / 6);
      socket.write("x");
    }
    assert.match(await told, /10 bytes$/);
  });

  it("wait for their answer as long as that takes, and a kept connection that nobody uses ends", async () => {
    const { socket, told } = open();
    socket.write(head("/slow", 0));
    assert.match(await told, /0 bytes$/);
  });
});
