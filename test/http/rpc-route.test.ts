import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { errorHandler } from "../../node/http/http-error.ts";
import { rpcRoute } from "../../node/http/routes/rpc-route.ts";
import { filled } from "../adapters/memory-members.ts";
import { serve } from "./memory-server.ts";

const BOOKS = filled("0b", 20);
const call = (method: string, params: unknown) => ({ jsonrpc: "2.0", id: 1, method, params });
const read = { to: BOOKS, data: "0x12345678" };

describe("reading the ledger through a node", () => {
  let node: Awaited<ReturnType<typeof serve>>;
  let ledger: Awaited<ReturnType<typeof serve>>;
  let asked: { params: unknown[] }[];
  let hangs = false;
  let answersAfterMilliseconds = 20;
  let aborted = 0;
  let underWay = 0;
  let mostUnderWay = 0;

  before(async () => {
    ledger = await serve(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      asked.push(JSON.parse(text));
      underWay++;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      response.once("close", () => {
        underWay--;
        if (!response.writableEnded) aborted++;
      });
      if (hangs) return;
      await sleep(answersAfterMilliseconds);
      response.end('{"jsonrpc":"2.0","id":1,"result":"0x"}');
    });
    const app = express();
    app.use("/rpc", express.json({ limit: "2mb" }));
    app.use(
      "/rpc",
      rpcRoute({
        ledgerUrl: ledger.url,
        contracts: [BOOKS],
        timeoutMilliseconds: 1_500,
        inFlightMax: 2,
        waitingMax: 3,
      }),
    );
    app.use(errorHandler(() => {}));
    node = await serve(app as never);
  });
  beforeEach(() => {
    asked = [];
    hangs = false;
    answersAfterMilliseconds = 20;
    aborted = 0;
    mostUnderWay = 0;
  });
  after(async () => {
    await node.close();
    await ledger.close();
  });

  async function post(body: unknown, signal?: AbortSignal) {
    const response = await fetch(`${node.url}/rpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
    const { error } = (await response.json()) as { error?: { code: string } };
    return { status: response.status, code: error?.code };
  }

  it("hands on what pages ask, with a cap on gas of its own", async () => {
    for (const [method, params] of [
      ["eth_chainId", []],
      ["eth_blockNumber", undefined],
      ["eth_getBlockByNumber", ["latest", false]],
      ["eth_getBlockByNumber", ["0x1f", false]],
      ["eth_getCode", [BOOKS, "latest"]],
    ] as const) {
      assert.equal((await post(call(method, params))).status, 200, method);
    }
    asked = [];
    assert.equal((await post(call("eth_call", [read, "finalized"]))).status, 200);
    assert.deepEqual(asked[0]?.params, [{ ...read, gas: "0x1c9c380" }, "finalized"]);
  });

  it("refuses state overrides, gas, senders, values and other blocks than by tag or number", async () => {
    for (const params of [
      [read, "latest", { [BOOKS]: { code: "0x5b600056" } }],
      [{ ...read, gas: "0xffffffffffff" }, "latest"],
      [{ ...read, from: BOOKS }, "latest"],
      [{ ...read, value: "0x1" }, "latest"],
      [read, { blockHash: filled("00", 32) }],
      [read],
      [{ to: BOOKS }, "latest"],
      [{ data: "0x5b600056" }, "latest"],
      [{ ...read, data: `0x${"00".repeat(65_537)}` }, "latest"],
      {},
      null,
    ]) {
      const refused = await post(call("eth_call", params));
      assert.deepEqual(
        [refused.status, refused.code],
        [400, "rpc.params"],
        JSON.stringify(params).slice(0, 200),
      );
    }
    assert.equal((await post(call("eth_getBlockByNumber", ["latest", true]))).code, "rpc.params");
    assert.equal((await post(call("eth_chainId", [1]))).code, "rpc.params");
    const stranger = { ...read, to: filled("aa", 20) };
    assert.equal((await post(call("eth_call", [stranger, "latest"]))).code, "rpc.contract");
    assert.equal((await post(call("toString", []))).code, "rpc.method");
    assert.deepEqual(asked, []);
  });

  it("hands on questions about events of a known contract, in a bounded range", async () => {
    const topics = [[filled("e1", 32)]];
    const filter = { address: BOOKS, topics, fromBlock: "0x1", toBlock: "0x3e8" };
    assert.equal((await post(call("eth_getLogs", [filter]))).status, 200);
    assert.deepEqual(asked[0]?.params, [filter]);
    const refused = async (change: object) =>
      (await post(call("eth_getLogs", [{ ...filter, ...change }]))).code;
    assert.equal(await refused({ toBlock: "0x3e9" }), "rpc.params");
    assert.equal(await refused({ fromBlock: "earliest" }), "rpc.params");
    assert.equal(await refused({ topics: [] }), "rpc.params");
    assert.equal(await refused({ address: [BOOKS] }), "rpc.params");
    assert.equal(await refused({ address: filled("0c", 20) }), "rpc.contract");
    assert.equal(asked.length, 1);
  });

  it("ends its question to the ledger when it gives up", async () => {
    hangs = true;
    const late = await post(call("eth_chainId", []));
    assert.deepEqual([late.status, late.code], [503, "ledger.unreachable"]);
    for (let wait = 0; wait < 50 && aborted === 0; wait++) await sleep(10);
    assert.equal(aborted, 1);
  });

  it("ends its question to the ledger when the asker goes away", async () => {
    hangs = true;
    await assert.rejects(post(call("eth_chainId", []), AbortSignal.timeout(50)));
    for (let wait = 0; wait < 50 && aborted === 0; wait++) await sleep(10);
    assert.equal(aborted, 1);
  });

  it("asks so many at once, lets so many wait, and refuses the rest", async () => {
    // Longer than a busy machine takes to bring all of them in.
    answersAfterMilliseconds = 500;
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post(call("eth_chainId", []))),
    );
    const refused = answers.filter(({ status }) => status === 429);
    assert.equal(refused.length, 7);
    assert.ok(refused.every(({ code }) => code === "rpc.too-many"));
    assert.ok(mostUnderWay <= 2);
    assert.equal((await post(call("eth_chainId", []))).status, 200);
  });
});
