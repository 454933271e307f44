import assert from "node:assert/strict";
import { createLog } from "../../node/adapters/log.ts";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { createChargingServer } from "../../node/http/charging-server.ts";
import { filled } from "../adapters/memory-members.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";
import { serve } from "./memory-server.ts";

const TOKEN = filled("7e", 32);

describe("charging over HTTP", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let now = START;
  let isReady = true;
  before(async () => {
    const charging = await ChargingNode.open({
      log: new MemoryChargingLog(),
      pricers: pricersOf(PREPAID_TARIFF),
      now: () => now,
    });
    const log = createLog("silent");
    const health = async () => ({ live: true, ready: isReady });
    const parts = { charging, token: TOKEN, health, log };
    server = await serve(createChargingServer(parts) as never);
  });
  after(() => server.close());

  async function ask(method: string, path: string, body?: object, token: string = TOKEN) {
    const response = await fetch(`${server.url}/v1/charging${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
    const answer: any = await response.json();
    return { status: response.status, code: answer.error?.code, answer };
  }
  const { start, ...use } = CALL;

  it("says without a token that it lives and is ready", async () => {
    for (const path of ["health", "ready", "live"]) {
      const response = await fetch(`${server.url}/${path}`);
      const told = path === "live" ? { live: true } : { live: true, ready: true };
      assert.deepEqual([response.status, await response.json()], [200, told], path);
    }
    isReady = false;
    for (const path of ["health", "ready", "live"]) {
      const response = await fetch(`${server.url}/${path}`);
      assert.equal(response.status, path === "live" ? 200 : 503, path);
      await response.body?.cancel();
    }
    isReady = true;
  });

  it("sets an account up, tops it up once, and shows its money", async () => {
    await ask("PUT", "/accounts/anna", {
      finalUnit: { action: "redirect", to: "https://pay.example" },
    });
    for (let i = 0; i < 2; i++) {
      const { answer } = await ask("PUT", "/accounts/anna/payments/p1", { amount: "1.00" });
      assert.deepEqual(answer, {
        account: "anna",
        reference: "p1",
        unlocked: false,
        balance: "1.00",
        currency: "EUR",
      });
    }
    const { answer } = await ask("GET", "/accounts/anna");
    assert.equal(answer.balance, "1.00");
    assert.deepEqual(answer.policy, {
      overspend: "0.00",
      finalUnit: { action: "redirect", to: "https://pay.example" },
      validitySeconds: 600,
    });
    assert.equal((await ask("GET", "/accounts")).answer.accounts.length, 1);
  });

  it("refuses bodies that can be read in two ways, before Express and behind it", async () => {
    const bodies: [string, string][] = [
      ['{"kind":"update","used":{"totalOctets":9007199254740993}}', "json.number-inexact"],
      ['{"kind":"update","used":{"durationSeconds":7e1}}', "json.exponent"],
      ['{"kind":"update","used":{"durationSeconds":1,"durationSeconds":9}}', "json.duplicate-key"],
      ["[".repeat(9000) + "]".repeat(9000), "json.too-deep"],
      ["{", "http.entity.parse.failed"],
    ];
    for (const type of ["application/json", "application/json; charset=utf-8"]) {
      for (const [body, code] of bodies) {
        const response = await fetch(`${server.url}/v1/charging/sessions/t/requests/0`, {
          method: "PUT",
          headers: { authorization: `Bearer ${TOKEN}`, "content-type": type },
          body,
        });
        assert.equal(response.status, 400);
        assert.equal(((await response.json()) as { error: { code: string } }).error.code, code);
      }
    }
  });

  it("refuses a debit that states use in place of what it requests", async () => {
    const body = { kind: "debit", account: "anna", use, used: { durationSeconds: 60 } };
    const { status, code } = await ask("PUT", "/sessions/t/requests/0", body);
    assert.deepEqual([status, code], [400, "http.body"]);
  });

  it("runs a session by PUTs that can be repeated, also later", async () => {
    const body = { kind: "reserve", account: "anna", use, requested: { durationSeconds: 120 } };
    const first = await ask("PUT", "/sessions/s1/requests/0", body);
    assert.equal(first.status, 200);
    assert.deepEqual(first.answer, {
      session: "s1",
      request: 0,
      result: "granted",
      granted: { durationSeconds: 120 },
      validitySeconds: 600,
      charged: "0.00",
      reserved: "0.50",
      balance: "0.50",
      currency: "EUR",
    });
    now += 5_000;
    assert.deepEqual((await ask("PUT", "/sessions/s1/requests/0", body)).answer, first.answer);
    const { answer: found } = await ask("GET", "/accounts/anna/sessions");
    assert.equal(found.sessions[0].use.start, start);
    assert.equal(found.sessions[0].reserved, "0.50");
    const commit = { kind: "commit", used: { durationSeconds: 61.5 } };
    const last = await ask("PUT", "/sessions/s1/requests/1", commit);
    assert.deepEqual([last.answer.charged, last.answer.balance], ["0.50", "0.50"]);
    const { answer } = await ask("GET", "/records");
    assert.equal(answer.records[0].usage.durationSeconds, 61.5);
    assert.equal(answer.records[0].charged, "0.50");
    await ask("PUT", "/records/taken", { upTo: answer.records[0].number });
    assert.deepEqual((await ask("GET", "/records")).answer.records, []);
    const refund = await ask("PUT", "/sessions/s1/requests/2", { kind: "refund", amount: "0.20" });
    assert.deepEqual([refund.answer.charged, refund.answer.balance], ["0.30", "0.70"]);
  });

  it("answers a session's request the same by its short way and by Express", async () => {
    const put = async (path: string, body: string, headers: Record<string, string>) => {
      const response = await fetch(`${server.url}/v1/charging/sessions/${path}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        body,
      });
      // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
      const answer: any = await response.json();
      return { status: response.status, answer };
    };
    const reserve = JSON.stringify({ kind: "reserve", account: "anna", use });
    const refusals: [string, string, Record<string, string>][] = [
      ["s1/requests/0", reserve, { authorization: "none" }],
      ["s1/requests/0", reserve, { authorization: `Bearer ${filled("11", 32)}` }],
      ["s1/requests/0", "{", {}],
      ["s1/requests/0", "[]", {}],
      ["s1/requests/0", reserve.replace("anna", "bert"), {}],
      ["s1/requests/99999999999999999999", reserve, {}],
      [`${"x".repeat(99)}/requests/0`, reserve, {}],
      ["nobody/requests/0", reserve.replace("anna", "nobody"), {}],
      ["s1/requests/0", JSON.stringify({ kind: "commit" }), {}],
    ];
    for (const [path, body, headers] of refusals) {
      const type = "application/json";
      const short = await put(path, body, { "content-type": type, ...headers });
      // A charset is unusual enough for Express.
      const long = await put(path, body, { "content-type": `${type}; charset=utf-8`, ...headers });
      assert.deepEqual(short, long, path);
      assert.ok(short.status >= 400 && short.status < 500, `${path} ${body}`);
    }
    const escaped = await put("s%31/requests/0", reserve, { "content-type": "application/json" });
    assert.equal(escaped.answer.error.code, "charging.request-differs");
  });

  it("locks, unlocks on pay, and tells of both", async () => {
    await ask("PUT", "/accounts/anna/lock", { reason: "unpaid", unlockAt: "1.00" });
    const body = { kind: "reserve", account: "anna", use };
    assert.equal((await ask("PUT", "/sessions/s2/requests/0", body)).answer.result, "locked");
    const { answer } = await ask("PUT", "/accounts/anna/payments/p2", { amount: "0.30" });
    assert.equal(answer.unlocked, true);
    const { notices } = (await ask("GET", "/notices?after=0")).answer;
    assert.deepEqual(
      notices.map(({ kind }: { kind: string }) => kind),
      ["locked", "unlocked"],
    );
    assert.deepEqual((await ask("GET", "/notices?after=2")).answer.notices, []);
  });

  it("refuses what is unusable, by code and status, and changes nothing", async () => {
    const before = (await ask("GET", "/accounts/anna")).answer;
    const reserve = (changes: object) => ({ kind: "reserve", account: "anna", use, ...changes });
    const cases: [string, string, object, number, string][] = [
      ["PUT", "/sessions/x/requests/0", { kind: "steal" }, 400, "http.body"],
      ["PUT", "/sessions/x/requests/-1", reserve({}), 400, "http.body"],
      [
        "PUT",
        "/sessions/x/requests/0",
        reserve({ account: "nobody" }),
        404,
        "charging.account-unknown",
      ],
      [
        "PUT",
        "/sessions/x/requests/0",
        reserve({ use: { ...use, bParty: "x" } }),
        422,
        "rating.no-number",
      ],
      [
        "PUT",
        "/sessions/x/requests/0",
        reserve({ requested: { durationSeconds: -1 } }),
        400,
        "http.body",
      ],
      [
        "PUT",
        "/sessions/x/requests/0",
        reserve({ requested: { units: 1 } }),
        422,
        "rating.no-quantity",
      ],
      ["PUT", "/sessions/x/requests/1", { kind: "update" }, 404, "charging.session-unknown"],
      [
        "PUT",
        "/sessions/s1/requests/1",
        { kind: "commit", used: { durationSeconds: 1 } },
        409,
        "charging.request-differs",
      ],
      ["PUT", "/accounts/anna/payments/p1", { amount: "2.00" }, 409, "charging.payment-differs"],
      ["PUT", "/accounts/anna/payments/p9", { amount: "1e3" }, 400, "http.body"],
      ["PUT", "/accounts/anna/payments/p9", { amount: "0.0000000001" }, 400, "http.body"],
      ["PUT", "/accounts/anna/payments/p9", { amount: "-100" }, 409, "charging.balance-too-low"],
      ["PUT", "/accounts/anna", { overspend: "-1" }, 400, "http.body"],
      ["PUT", "/accounts/nobody/lock", { reason: "x" }, 404, "charging.account-unknown"],
    ];
    for (const [method, path, body, status, code] of cases) {
      const refused = await ask(method, path, body);
      assert.deepEqual([refused.status, refused.code], [status, code], JSON.stringify(body));
    }
    assert.deepEqual((await ask("GET", "/accounts/anna")).answer, before);
    const stranger = await ask("GET", "/accounts/anna", undefined, filled("00", 32));
    assert.deepEqual([stranger.status, stranger.code], [403, "access.not-operator"]);
  });
});
