import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { readLedgerFacts } from "../../node/adapters/evidence-ledger-reader.ts";
import { encodeCall } from "../../node/adapters/evm-contracts.ts";
import { fromHex, type Hex, toHex } from "../../node/core/bytes.ts";
import { sealOf } from "../../node/core/commitment/batch-commitment.ts";
import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { sealKey } from "../../node/core/evidence/ledger-facts.ts";
import { agreeingMembers } from "../../node/core/evidence/merge-facts.ts";
import type { ContractName } from "../../node/engine/commit/ledger.ts";
import { hasCode } from "./ledger-conformance.ts";

/** An end point that answers as the contracts would, or not. */
class FakeEndpoint {
  readonly #server: Server;
  url = "";
  chainId = 31337n;
  block = 100n;
  seals: Record<string, Hex> = {};
  knowsFinalized = true;
  isBroken = false;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const { id, method, params } = JSON.parse((await request.toArray()).join(""));
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ jsonrpc: "2.0", id, ...this.#answer(method, params) }));
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

  #answer(method: string, params: [{ to: Hex; data: Hex }, string]): object {
    if (this.isBroken) return { result: "0xzz" };
    if (method === "eth_chainId") return { result: `0x${this.chainId.toString(16)}` };
    if (method === "eth_getBlockByNumber") {
      if (String(params[0]) === "finalized" && !this.knowsFinalized) {
        return { error: { code: -32602, message: "unknown block tag" } };
      }
      const ahead = String(params[0]) === "latest" && this.knowsFinalized ? 5n : 0n;
      return { result: { number: `0x${(this.block + ahead).toString(16)}` } };
    }
    const [call, block] = params;
    const expected = KIND === "embedded" ? this.block + 5n : this.block;
    assert.equal(BigInt(block), expected, "everything is read at the final block");
    return { result: this.#call(call.data) };
  }

  #call(data: Hex): Hex {
    for (const [key, seal] of Object.entries(this.seals)) {
      const [book, sequence] = key.split(":");
      if (data === call("books", "sealOf", [book, sequence])) return seal;
    }
    const selector = data.slice(0, 10);
    const is = (contract: ContractName, method: string, args: unknown[]) =>
      selector === call(contract, method, args).slice(0, 10);
    if (is("books", "sealOf", [BOOK, 1])) return word(0n);
    if (is("tariffs", "versionCount", [AGREEMENT, OPERATOR])) return word(1n);
    if (is("tariffs", "versionAt", [AGREEMENT, OPERATOR, 1])) {
      return `0x${"33".repeat(32)}${word(1_700_000_000n).slice(2)}`;
    }
    return word(0n);
  }
}

const KIND: Bundle["ledger"]["kind"] = "consortium";
const call = (contract: ContractName, method: string, args: unknown[]): Hex =>
  encodeCall({ contract, method, args });
const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;
const filled = (byte: string, bytes: number): Hex => `0x${byte.repeat(bytes)}`;
const BOOK = filled("0b", 20);
const OPERATOR = filled("a0", 20);
const AGREEMENT = filled("1a", 32);
const SEAL = toHex(sealOf(fromHex(filled("c1", 32)), 1_700_000_000n));
const FORGED = toHex(sealOf(fromHex(filled("c2", 32)), 1_700_000_000n));
const KEY = sealKey(BOOK, "1");

const CONTRACTS = {
  books: filled("01", 20),
  tariffs: filled("02", 20),
  agreements: filled("03", 20),
  claims: filled("04", 20),
  members: filled("05", 20),
};

/** Only what the reading of facts looks at. */
const BUNDLE = {
  ledger: { chainId: "31337", kind: KIND, runBy: "", contracts: CONTRACTS, endpoints: [] },
  operator: { id: OPERATOR, name: "Alder Mobile" },
  agreement: AGREEMENT,
  batches: [
    { domain: BOOK, sequence: "1" },
    { domain: BOOK, sequence: "2" },
  ],
  tariffs: [{ version: 1 }, { version: 2 }],
} as unknown as Bundle;

describe("reading a bundle's facts from members' end points", () => {
  let alder: FakeEndpoint;
  let birch: FakeEndpoint;
  let cedar: FakeEndpoint;
  const endpoints = () => [
    { member: "alder", url: alder.url },
    { member: "birch", url: birch.url },
    { member: "cedar", url: cedar.url },
  ];

  beforeEach(async () => {
    [alder, birch, cedar] = [new FakeEndpoint(), new FakeEndpoint(), new FakeEndpoint()];
    for (const endpoint of [alder, birch, cedar]) {
      endpoint.seals = { [KEY]: SEAL };
      await endpoint.start();
    }
  });
  afterEach(async () => {
    for (const endpoint of [alder, birch, cedar]) await endpoint.stop();
  });

  it("takes what all say, at the block that each calls final", async () => {
    cedar.knowsFinalized = false;
    const { facts, problems } = await readLedgerFacts(BUNDLE, endpoints());
    assert.deepEqual(problems, []);
    assert.deepEqual(facts.seals, { [KEY]: SEAL });
    assert.deepEqual(facts.tariffs, {
      1: { root: filled("33", 32), validFrom: "1700000000" },
    });
    assert.deepEqual(facts.sources[0], {
      member: "alder",
      url: alder.url,
      finalizedBlock: "100",
      agrees: true,
    });
    assert.deepEqual(agreeingMembers(facts.sources), ["alder", "birch", "cedar"]);
  });

  it("is not led astray by one member's end point", async () => {
    alder.seals = { [KEY]: FORGED, [sealKey(BOOK, "2")]: FORGED };
    const { facts, problems } = await readLedgerFacts(BUNDLE, endpoints());
    assert.deepEqual(facts.seals, { [KEY]: SEAL });
    assert.deepEqual(agreeingMembers(facts.sources), ["birch", "cedar"]);
    assert.deepEqual(
      problems.map(({ code, member }) => [code, member]),
      [["facts.source-contradicts", "alder"]],
    );
  });

  it("goes on without end points that are away, of another chain or talk nonsense", async () => {
    await alder.stop();
    birch.chainId = 1n;
    const { facts, problems } = await readLedgerFacts(BUNDLE, endpoints(), {
      timeoutMilliseconds: 1_000,
    });
    assert.deepEqual(facts.seals, { [KEY]: SEAL });
    assert.deepEqual(problems.map(({ code, member }) => `${member} ${code}`).sort(), [
      "alder ledger.unreachable",
      "birch ledger.wrong-chain",
    ]);
    cedar.isBroken = true;
    await assert.rejects(readLedgerFacts(BUNDLE, endpoints()), hasCode("ledger.unreachable"));
    await alder.start();
  });

  it("does not follow a bundle to contracts that are not the consortium's", async () => {
    const contracts = { ...CONTRACTS, books: filled("66", 20) };
    await assert.rejects(
      readLedgerFacts(BUNDLE, endpoints(), { contracts }),
      hasCode("facts.other-contracts"),
    );
    await readLedgerFacts(BUNDLE, endpoints(), { contracts: CONTRACTS });
  });
});
