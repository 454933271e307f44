import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { EvmRpc } from "../../node/adapters/evm-rpc.ts";

const TIMEOUT_MS = 300;

describe("asking a ledger over JSON-RPC", () => {
  let hangs = true;
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    request.resume();
    if (hangs) return;
    response.setHeader("content-type", "application/json");
    request.on("end", () =>
      response.end(JSON.stringify({ jsonrpc: "2.0", id: asked, result: "0x1" })),
    );
  });
  let rpc: EvmRpc;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const urls = [`http://127.0.0.1:${port}`];
    rpc = new EvmRpc({ urls, timeoutMilliseconds: TIMEOUT_MS });
  });
  after(() => {
    rpc.close();
    server.closeAllConnections();
    server.close();
  });

  const ask = async () => {
    const began = performance.now();
    let code = "";
    await rpc.ask("eth_blockNumber", []).catch((error) => {
      code = error.code;
    });
    return { code, milliseconds: performance.now() - began };
  };

  it("waits once for a ledger that hangs, and finds by itself that it answers again", async () => {
    const first = await ask();
    assert.equal(first.code, "ledger.unreachable");
    assert.ok(first.milliseconds >= 0.9 * TIMEOUT_MS);
    for (let question = 0; question < 20; question++) {
      const { code, milliseconds } = await ask();
      assert.equal(code, "ledger.unreachable");
      assert.ok(milliseconds < TIMEOUT_MS / 3, `${milliseconds} ms`);
    }
    assert.equal(asked, 1);
    hangs = false;
    for (let look = 0; (await ask()).code !== ""; look++) {
      assert.ok(look < 100, "it answers again");
      await pause(50);
    }
  });
});
