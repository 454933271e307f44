import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Transaction, Wallet } from "ethers";
import { EvmLedger } from "../../node/adapters/evm-ledger.ts";
import { LedgerRefusal } from "../../node/engine/commit/ledger-refusal.ts";

const BOOKS = `0x${"b0".repeat(20)}`;
const CONFIGURED = 7n;

describe("what a transaction costs on a ledger whose fee explodes", () => {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { id, method } = JSON.parse(text);
    asked.push(method);
    response.setHeader("content-type", "application/json");
    const answer =
      method === "eth_sendRawTransaction"
        ? { error: { code: -32000, message: "transaction underpriced" } }
        : { result: `0x${(10n ** 24n).toString(16)}` };
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
  });
  let ledger: EvmLedger;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    ledger = new EvmLedger({
      urls: [`http://127.0.0.1:${port}`],
      chainId: 31_337n,
      kind: "consortium",
      contracts: { books: BOOKS },
      finality: "latest",
      gasPrice: CONFIGURED,
      signers: { commit: Wallet.createRandom() },
    });
  });
  after(() => {
    ledger.close();
    server.closeAllConnections();
    server.close();
  });

  it("is the configured price at most, and what the ledger does not take for it waits", async () => {
    const call = ledger.prepare({ contract: "books", method: "commitMany", args: [[]] });
    const { raw } = await ledger.sign(call, { duty: "commit", nonce: 3n });
    const signed = Transaction.from(raw);
    assert.equal(signed.gasPrice, CONFIGURED);
    assert.equal(signed.gasLimit, call.gasLimit);
    assert.equal(signed.value, 0n);
    // Nobody asked the ledger what it wants.
    assert.deepEqual(asked, []);
    await assert.rejects(ledger.broadcast(raw), LedgerRefusal);
  });
});
