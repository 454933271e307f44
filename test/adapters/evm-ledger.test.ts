import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { EvmLedger } from "../../node/adapters/evm-ledger.ts";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import type { Hex } from "../../node/core/bytes.ts";
import { fromHex, toHex } from "../../node/core/bytes.ts";
import { commitBatch } from "../../node/core/commitment/batch-commitment.ts";
import { bookDomain } from "../../node/core/commitment/domain.ts";
import type { Duty, LedgerCall } from "../../node/engine/commit/ledger.ts";
import { Outbox } from "../../node/engine/commit/outbox.ts";
import { ANVIL_CHAIN_ID, AnvilNetwork, freePort } from "./anvil-network.ts";
import { describeLedger, hasCode } from "./ledger-conformance.ts";

/** Passes JSON-RPC on, unless told otherwise: answers of its own, or none at all. */
class Relay {
  readonly #server: Server;
  url = "";
  readonly asked: { method: string; params: unknown[] }[] = [];
  answer: (method: string, params: unknown[]) => object | undefined = () => undefined;
  isCut = false;

  constructor(target: string) {
    this.#server = createServer(async (request, response) => {
      if (this.isCut) return void request.socket.destroy();
      const body = (await request.toArray()).join("");
      const { id, method, params } = JSON.parse(body);
      this.asked.push({ method, params });
      const own = this.answer(method, params);
      response.setHeader("content-type", "application/json");
      if (own !== undefined)
        return void response.end(JSON.stringify({ jsonrpc: "2.0", id, ...own }));
      const headers = { "content-type": "application/json" };
      const passed = await fetch(target, { method: "POST", headers, body });
      response.end(await passed.text());
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.url = `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

describeLedger("an EVM network over JSON-RPC", async () => {
  const network = await AnvilNetwork.start();
  const relay = await new Relay(network.url).start();
  const alder = network.ledgerOf(network.alder, { urls: [relay.url] });
  const birch = network.ledgerOf(network.birch);
  return {
    alder,
    birch,
    alderId: network.alder.id,
    birchId: network.birch.id,
    retailAlder: network.retailAlder,
    cutOff: async () => {
      relay.isCut = true;
    },
    close: async () => {
      alder.close();
      birch.close();
      await relay.stop();
      await network.stop();
    },
  };
});

describe("an EVM network", function () {
  this.timeout(240_000);
  let network: AnvilNetwork;
  let first: Relay;
  let second: Relay;
  let ledger: EvmLedger;
  let book: Hex;
  const tick: LedgerCall = { contract: "clock", method: "tick", args: [] };
  const commit = (sequence: bigint): LedgerCall => ({
    contract: "books",
    method: "commit",
    args: [book, sequence, `0x${"c1".repeat(32)}`],
  });

  before(async () => {
    network = await AnvilNetwork.start();
    book = toHex(bookDomain({ ...bookIdentity(), kind: 1, number: 1n }));
  });
  beforeEach(async () => {
    first = await new Relay(network.url).start();
    second = await new Relay(network.url).start();
    const urls = [first.url, second.url];
    ledger = network.ledgerOf(network.alder, { urls, timeoutMilliseconds: 2_000 });
  });
  afterEach(async () => {
    ledger.close();
    await first.stop();
    await second.stop();
  });
  after(() => network.stop());

  const bookIdentity = () => ({
    chainId: ANVIL_CHAIN_ID,
    books: fromHex(network.addresses.books.toLowerCase(), 20),
    operator: fromHex(network.alder.id, 20),
    agreement: fromHex(network.retailAlder, 32),
  });

  async function pumpUntilEmpty(outbox: Outbox): Promise<void> {
    for (let pumps = 0; pumps < 200; pumps++) {
      await outbox.pump();
      if (outbox.pending().length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail("still pending");
  }

  it("goes on with the next end point when one fails, and stays with it", async () => {
    first.isCut = true;
    const { number } = await ledger.head();
    assert.equal(typeof number, "bigint");
    await ledger.head();
    assert.deepEqual([first.asked.length, second.asked.length], [0, 2]);
    second.isCut = true;
    await assert.rejects(ledger.head(), hasCode("ledger.unreachable"));
  });

  it("does not wait for ever for an end point that hangs", async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const hanging = network.ledgerOf(network.alder, { urls: [url], timeoutMilliseconds: 200 });
    await assert.rejects(hanging.head(), hasCode("ledger.unreachable"));
    server.closeAllConnections();
    server.close();
  });

  it("takes an end point that is not ready, or talks nonsense, for one that is away", async () => {
    for (const answer of [
      { error: { code: -32000, message: "invalid height: context did not contain latest block" } },
      { error: { code: -32603, message: "internal error" } },
      {},
    ]) {
      first.answer = () => answer;
      await ledger.head();
      assert.ok(second.asked.length > 0);
      second.asked.length = 0;
      second.answer = () => answer;
      await assert.rejects(ledger.head(), hasCode("ledger.unreachable"));
      second.answer = () => undefined;
      await ledger.head();
      second.asked.length = 0;
      first.answer = () => undefined;
      second.isCut = true;
      await ledger.head();
      second.isCut = false;
    }
  });

  it("says bytes that were said before to every end point", async () => {
    const nonce = await ledger.accountNonce(ledger.senderOf("settle"), "head");
    const { raw } = await ledger.sign(ledger.prepare(tick), { duty: "settle", nonce });
    const count = (relay: Relay) =>
      relay.asked.filter(({ method }) => method === "eth_sendRawTransaction").length;
    await ledger.broadcast(raw);
    assert.deepEqual([count(first), count(second)], [1, 0]);
    await ledger.broadcast(raw);
    assert.deepEqual([count(first), count(second)], [2, 1]);
  });

  it("tells a refusal at the door from an outage, in the node's words", async () => {
    first.answer = (method) =>
      method === "eth_sendRawTransaction"
        ? { error: { code: -32003, message: "insufficient funds for gas" } }
        : undefined;
    const { raw } = await ledger.sign(ledger.prepare(tick), { duty: "settle", nonce: 0n });
    await assert.rejects(ledger.broadcast(raw), (error: unknown) => {
      assert.ok(hasCode("ledger.refused")(error));
      assert.match(JSON.stringify(error), /insufficient funds/);
      return true;
    });
  });

  it("asks the newest state why, where that of an old block is gone", async () => {
    first.answer = (method, params) =>
      method === "eth_call" && params[1] !== "latest"
        ? { error: { code: -32000, message: "missing trie node" } }
        : undefined;
    const unknown: LedgerCall = {
      ...commit(1n),
      args: [`0x${"77".repeat(20)}`, 1n, book.padEnd(66, "0")],
    };
    const reason = await ledger.refusalOf(ledger.prepare(unknown), ledger.senderOf("commit"), 1n);
    assert.equal(reason?.name, "BookUnknown");
  });

  it("refuses another chain, and an address without a contract", async () => {
    const other = network.ledgerOf(network.alder, { chainId: 1n });
    await assert.rejects(other.check(), hasCode("ledger.wrong-chain"));
    const contracts = { ...network.addresses, books: `0x${"12".repeat(20)}` };
    const empty = network.ledgerOf(network.alder, { contracts });
    await assert.rejects(empty.check(), hasCode("ledger.contract-missing"));
    const none = network.ledgerOf(network.alder, { contracts: {} });
    await assert.rejects(none.sealOf(book, 1n), hasCode("ledger.contract-missing"));
    assert.throws(() => none.prepare(tick), hasCode("ledger.contract-missing"));
  });

  it("does not write for a duty without a key", () => {
    const { commit: key } = network.alder.keys;
    const reader = network.ledgerOf(network.alder, { signers: { commit: key } });
    assert.throws(() => reader.senderOf("settle"), hasCode("ledger.key-missing"));
  });

  it("takes the number of blocks that the finality rule names", async () => {
    const deep = network.ledgerOf(network.alder, { finality: { blocks: 3 } });
    const head = await deep.head();
    assert.equal((await deep.finalHead()).number, head.number - 3n);
  });

  it("asks for events in bounded pieces, and halves what an end point finds too large", async () => {
    first.answer = (method, params) => {
      if (method !== "eth_getLogs") return undefined;
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      const blocks = Number(toBlock) - Number(fromBlock) + 1;
      assert.ok(blocks <= 1_000);
      return blocks > 10 ? { error: { code: -32005, message: "range too large" } } : undefined;
    };
    const range = { fromBlock: 0n, toBlock: (await ledger.head()).number };
    const names = ["TokenAllowed", "AgreementInForce"];
    const events = await ledger.events({ contract: "agreements", names, ...range });
    assert.deepEqual(
      events.map(({ name }) => name),
      ["TokenAllowed", "AgreementInForce", "AgreementInForce"],
    );
    first.asked.length = 0;
    first.answer = () => ({ result: [] });
    await ledger.events({ contract: "agreements", names, fromBlock: 0n, toBlock: 2_500n });
    assert.deepEqual(
      first.asked.map(({ params }) => Object.values(params[0] as object).slice(-2)),
      [
        ["0x0", "0x3e7"],
        ["0x3e8", "0x7cf"],
        ["0x7d0", "0x9c4"],
      ],
    );
  });

  it("carries an outbox through an outage and a ledger that lost its tail", async () => {
    const outbox = new Outbox(ledger, new MemoryStore(), { resendAfterPumps: 3 });
    const call: LedgerCall = {
      contract: "books",
      method: "openBook",
      args: [network.retailAlder, 1, 1n, 1],
    };
    await outbox.enqueue({ key: "open", purpose: "open", duty: "commit", call });
    await outbox.enqueue({ key: "1", purpose: "commit", duty: "commit", call: commit(1n) });
    await pumpUntilEmpty(outbox);
    const saved = await network.provider.send("evm_snapshot", []);
    first.isCut = true;
    second.isCut = true;
    await outbox.enqueue({ key: "2", purpose: "commit", duty: "commit", call: commit(2n) });
    await outbox.enqueue({ key: "gap", purpose: "commit", duty: "commit", call: commit(9n) });
    await outbox.enqueue({ key: "3", purpose: "commit", duty: "commit", call: commit(3n) });
    await assert.rejects(outbox.pump(), hasCode("ledger.unreachable"));
    first.isCut = false;
    await pumpUntilEmpty(outbox);
    assert.equal((await outbox.settled("3")).status, "final");
    assert.deepEqual((await outbox.settled("gap")).error, {
      name: "SequenceOutOfOrder",
      values: { book, expected: "3", given: "9" },
    });
    await network.provider.send("evm_revert", [saved]);
    assert.equal((await ledger.bookOf(book))?.newestSequence, 1n);
    await pumpUntilEmpty(outbox);
    assert.equal((await ledger.bookOf(book))?.newestSequence, 3n);
    const { hash, blockTime } = await outbox.settled("3");
    assert.equal((await ledger.receipt(hash))?.blockTime, blockTime);
  });

  it("tells how long evidence can be demanded, and that it can not where no contract takes demands", async () => {
    const twoYears = 2n * 365n * 86_400n;
    assert.equal(await network.ledgerOf(network.alder).evidenceAgeMaxSeconds(), twoYears);
    const { demands: _, ...others } = network.addresses;
    const without = network.ledgerOf(network.alder, { contracts: others });
    assert.equal(await without.evidenceAgeMaxSeconds(), 0n);
  });

  it("reads claims and statements as the contracts keep them", async () => {
    const outbox = new Outbox(ledger, new MemoryStore());
    const domain = bookDomain({ ...bookIdentity(), kind: 1, number: 2n });
    const batch = commitBatch({
      domain,
      bookKey: new Uint8Array(32),
      sequence: 1n,
      leaves: [],
      before: { sumNano: 0n, count: 0n },
      suspended: 0n,
      oldestSuspended: 0n,
    });
    const own = toHex(domain);
    const write = async (key: string, duty: Duty, call: LedgerCall) => {
      await outbox.enqueue({ key, purpose: key, duty, call });
      await pumpUntilEmpty(outbox);
      const settled = await outbox.settled(key);
      assert.equal(settled.status, "final", JSON.stringify(settled.error));
      return settled;
    };
    await write("open 2", "commit", {
      contract: "books",
      method: "openBook",
      args: [network.retailAlder, 1, 2n, 1],
    });
    const committed = await write("commit 2", "commit", {
      contract: "books",
      method: "commit",
      args: [own, 1n, toHex(batch.commitment)],
    });

    const evidenceHash: Hex = `0x${"e1".repeat(32)}`;
    const lodged = await write("claim", "settle", {
      contract: "claims",
      method: "claim",
      args: [1, own, 1n, 0, 320_000_000n, evidenceHash],
    });
    const [lodging] = await ledger.events({
      contract: "claims",
      names: ["ClaimLodged"],
      fromBlock: lodged.blockNumber,
      toBlock: lodged.blockNumber,
    });
    assert.equal(lodging?.transactionHash, lodged.hash);
    assert.deepEqual(lodging?.values.request, {
      kind: 1n,
      book: own,
      sequence: 1n,
      leafIndex: 0n,
      claimedNano: 320_000_000n,
      evidenceHash,
    });
    const id = lodging?.values.claim as Hex;
    const claim = await ledger.claimOf(id);
    assert.deepEqual(
      { ...claim, deadline: 0n },
      {
        kind: 1,
        book: own,
        sequence: 1n,
        leafIndex: 0,
        claimedNano: 320_000_000n,
        evidenceHash,
        state: "claimed",
        operator: network.alder.id,
        agreement: network.retailAlder,
        finder: ledger.senderOf("settle"),
        deadline: 0n,
        dueNano: 0n,
        isOverdue: false,
      },
    );
    await write("concede", "settle", { contract: "claims", method: "concede", args: [id] });
    assert.equal((await ledger.claimOf(id))?.state, "conceded");
    assert.equal((await ledger.claimOf(id))?.dueNano, 320_000_000n);

    const opening = {
      root: toHex(batch.parts.root),
      depth: batch.parts.depth,
      totals: toHex(batch.parts.totals),
      blockTime: committed.blockTime,
      salt: toHex(batch.runningTotals.salt),
      sumNano: batch.runningTotals.sumNano,
      count: batch.runningTotals.count,
    };
    const posted = await write("post", "settle", {
      contract: "statements",
      method: "post",
      args: [own, 1n, opening, `0x${"00".repeat(20)}`, 0n, opening],
    });
    const [posting] = await ledger.events({
      contract: "statements",
      names: ["StatementPosted"],
      fromBlock: posted.blockNumber,
      toBlock: posted.blockNumber,
    });
    const statement = await ledger.statementOf(posting?.values.statement as Hex);
    assert.equal(statement?.state, "posted");
    assert.equal(statement?.book, own);
    assert.deepEqual([statement?.fromSequence, statement?.toSequence], [1n, 1n]);
    assert.deepEqual([statement?.payableNano, statement?.isObjected], [0n, false]);
    const { demoToken } = network.addresses;
    const token = demoToken.toLowerCase() as Hex;
    assert.equal(await ledger.withdrawableUnits(token, network.alder.id), 0n);
  });

  it("is unreachable where nobody listens", async () => {
    const urls = [`http://127.0.0.1:${await freePort()}`];
    const nowhere = network.ledgerOf(network.alder, { urls });
    await assert.rejects(nowhere.head(), hasCode("ledger.unreachable"));
  });
});
