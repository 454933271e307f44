import assert from "node:assert/strict";
import express from "express";
import type { Hex } from "../../node/core/bytes.ts";
import type { ClaimState, Ledger, LedgerCall } from "../../node/engine/commit/ledger.ts";
import type { Outbox } from "../../node/engine/commit/outbox.ts";
import type { Settled } from "../../node/engine/commit/outbox-journal.ts";
import { errorHandler } from "../../node/http/http-error.ts";
import { relayRoutes } from "../../node/http/routes/relay-routes.ts";
import { filled } from "../adapters/memory-members.ts";
import { serve } from "./memory-server.ts";

const FINDER = filled("f1", 20);
const claim = (changes: object = {}) => ({
  kind: "mispriced",
  domain: filled("0b", 20),
  sequence: "1",
  leafIndex: 0,
  claimedNano: "1",
  evidenceHash: filled("e1", 32),
  finder: FINDER,
  nonce: "0",
  deadline: "99",
  signature: filled("51", 65),
  ...changes,
});

describe("the relay", () => {
  let node: Awaited<ReturnType<typeof serve>>;
  let sent: { key: string; call: LedgerCall }[];
  let settled: Map<string, Settled>;
  let refusal: string | undefined;
  let ending: string | undefined;
  let state: ClaimState;

  beforeEach(async () => {
    sent = [];
    settled = new Map();
    refusal = undefined;
    ending = undefined;
    state = "claimed";
    const json = (_: string, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value;
    const ledger = {
      prepare: (call: LedgerCall) => ({ to: FINDER, data: JSON.stringify(call, json) as Hex }),
      senderOf: () => FINDER,
      refusalOf: async () => (refusal === undefined ? undefined : { name: refusal, values: {} }),
      claimOf: async () => ({ state }),
      events: async ({ fromBlock }: { fromBlock: bigint }) =>
        [...settled.values()]
          .filter(({ blockNumber }) => blockNumber === fromBlock)
          .map(({ hash }) => ({ transactionHash: hash, values: { claim: filled("c1", 32) } })),
    };
    const outbox = {
      find: async (key: string) => settled.get(key),
      enqueue: async ({ key, call }: { key: string; call: LedgerCall }) => {
        if (settled.has(key)) return;
        sent.push({ key, call });
        const hash: Hex = `0x${sent.length.toString(16).padStart(64, "0")}`;
        const blockNumber = BigInt(sent.length);
        const error = ending === undefined ? {} : { error: { name: ending, values: {} } };
        settled.set(key, { key, hash, blockNumber, ...error } as Settled);
      },
      settled: async (key: string) => settled.get(key),
    };
    const app = express();
    app.use(express.json());
    app.use(relayRoutes(outbox as unknown as Outbox, ledger as unknown as Ledger));
    app.use(errorHandler(() => {}));
    node = await serve(app as never);
  });
  afterEach(() => node.close());

  async function post(path: string, json: unknown) {
    const response = await fetch(`${node.url}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(json),
    });
    const answer = (await response.json()) as { transaction?: Hex; error?: { code: string } };
    return { status: response.status, code: answer.error?.code, transaction: answer.transaction };
  }

  it("carries one open claim of a finder at a place, and answers the same one again", async () => {
    const first = await post("claims", claim());
    assert.equal(first.status, 201);
    assert.deepEqual(await post("claims", claim()), first);
    const second = await post("claims", claim({ nonce: "1", claimedNano: "2" }));
    assert.deepEqual([second.status, second.code], [409, "relay.claim-open"]);
    assert.equal((await post("claims", claim({ finder: filled("f2", 20) }))).status, 201);
    assert.equal((await post("claims", claim({ leafIndex: 1 }))).status, 201);
    state = "lapsed";
    assert.equal((await post("claims", claim({ nonce: "1" }))).status, 201);
  });

  it("carries twenty claims of a finder in an hour, and counts only what the ledger took", async () => {
    refusal = "SignatureInvalid";
    for (let at = 0; at < 25; at++) {
      assert.equal((await post("claims", claim({ leafIndex: at }))).code, "ledger.refused");
    }
    refusal = undefined;
    for (let at = 0; at < 20; at++) {
      assert.equal((await post("claims", claim({ leafIndex: at }))).status, 201);
    }
    const refused = await post("claims", claim({ leafIndex: 20 }));
    assert.deepEqual([refused.status, refused.code], [429, "relay.finder-too-many"]);
    const other = claim({ leafIndex: 20, finder: filled("f2", 20) });
    assert.equal((await post("claims", other)).status, 201);
  });

  it("refuses amounts that no charge has", async () => {
    const most = 2n ** 96n;
    assert.equal((await post("claims", claim({ claimedNano: `${most + 1n}` }))).code, "http.body");
    assert.equal((await post("claims", claim({ claimedNano: `${most}` }))).status, 201);
  });

  it("takes the steps that anyone may take, and no other", async () => {
    const claimId = filled("c1", 32);
    for (const step of ["concludeSilence", "lapse", "markOverdue"]) {
      assert.equal((await post("conclusions", { claimId, step })).status, 201, step);
      assert.deepEqual(sent.at(-1)?.call, { contract: "claims", method: step, args: [claimId] });
    }
    for (const body of [{ claimId, step: "concede" }, { claimId }, { step: "lapse" }]) {
      assert.equal((await post("conclusions", body)).code, "http.body");
    }
    refusal = "DeadlineNotPassed";
    const early = { claimId: filled("c2", 32), step: "lapse" };
    const refused = await post("conclusions", early);
    assert.deepEqual([refused.status, refused.code], [409, "ledger.refused"]);
    assert.equal(sent.length, 3);
  });

  it("sends a step again that the ledger refused, once it would pass", async () => {
    const body = { claimId: filled("c1", 32), step: "concludeSilence" };
    ending = "DeadlineNotPassed";
    assert.equal((await post("conclusions", body)).code, "ledger.refused");
    ending = undefined;
    assert.equal((await post("conclusions", body)).status, 201);
    assert.equal(sent.length, 2);
  });

  it("is bounded for all strangers together", async () => {
    refusal = "SignatureInvalid";
    for (let at = 0; at < 120; at++) await post("claims", {});
    const refused = await post("claims", claim());
    assert.deepEqual([refused.status, refused.code], [429, "relay.too-many"]);
  });
});
