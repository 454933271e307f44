import assert from "node:assert/strict";
import { createLog } from "../../node/adapters/log.ts";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { createChargingServer } from "../../node/http/charging-server.ts";
import { filled } from "../adapters/memory-members.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";
import { serve } from "../http/memory-server.ts";
import { tallystick } from "./run-tallystick.ts";

const TOKEN = filled("7e", 32);

describe("tallystick balance", function () {
  this.timeout(240_000);

  let server: Awaited<ReturnType<typeof serve>>;
  let charging: ChargingNode;
  before(async () => {
    charging = await ChargingNode.open({
      log: new MemoryChargingLog(),
      pricers: pricersOf(PREPAID_TARIFF),
      now: () => START,
    });
    const log = createLog("silent");
    const parts = { charging, token: TOKEN, health: async () => ({ ready: true }), log };
    server = await serve(createChargingServer(parts) as never);
  });
  after(() => server.close());

  const balance = (...args: string[]) =>
    tallystick(["balance", ...args, "--node", server.url], { env: { TALLYSTICK_TOKEN: TOKEN } });

  it("tops up once by its reference, and shows what there is", async () => {
    assert.match((await balance("list")).stdout, /^no accounts$/m);
    assert.equal((await balance("top-up", "anna", "10", "--reference", "r1")).status, 3);
    await balance("top-up", "anna", "10", "--reference", "r1", "--open");
    const again = await balance("top-up", "anna", "10", "--reference", "r1", "--json");
    assert.deepEqual([again.status, again.lines[0].payment.balance], [0, "10.00"]);
    await balance("pay-out", "anna", "2.50");
    const set = await balance(
      "set",
      "anna",
      "--overspend",
      "5",
      "--final-unit",
      "redirect",
      "--to",
      "https://p",
    );
    assert.equal(set.status, 0, set.stderr);
    await balance("set", "anna", "--spend-limit", "50");
    const { lines } = await balance("show", "anna", "--json");
    assert.equal(lines[0].account.balance, "7.50");
    assert.deepEqual(lines[0].account.policy, {
      overspend: "5.00",
      spendLimit: "50.00",
      finalUnit: { action: "redirect", to: "https://p" },
      validitySeconds: 600,
    });
    const words = await balance("show", "anna");
    assert.match(words.stdout, /balance {3}7\.50 EUR/);
  });

  it("lists sessions, locks, unlocks and notices", async () => {
    await charging.answer({
      kind: "reserve",
      session: "s",
      request: 0,
      account: "anna",
      use: CALL,
    });
    const sessions = await balance("sessions", "anna", "--json");
    assert.equal(sessions.lines[0].session.state, "open");
    assert.deepEqual(sessions.lines[1], { summary: { sessions: 1 } });
    assert.equal((await balance("lock", "anna", "--reason", "unpaid")).status, 0);
    assert.match((await balance("show", "anna")).stdout, /LOCKED {4}unpaid/);
    assert.equal((await balance("unlock", "anna")).status, 0);
    const notices = await balance("notices", "--json");
    assert.deepEqual(
      notices.lines.map(({ notice, summary }) => notice?.kind ?? summary),
      ["locked", "unlocked", { notices: 2 }],
    );
    assert.match((await balance("notices", "--after", "2")).stdout, /^no notices$/m);
    assert.match((await balance("list")).stdout, /^anna {2}/);
  });

  it("tells a wrong call from an account that is not there", async () => {
    assert.equal((await balance("spend", "anna")).status, 2);
    assert.equal((await balance("top-up", "anna")).status, 2);
    assert.equal((await balance("top-up", "anna", "--", "-5")).status, 2);
    assert.equal((await balance("top-up", "anna", "-5")).status, 2);
    assert.equal((await balance("lock", "anna")).status, 2);
    const missing = await balance("show", "bert", "--json");
    assert.deepEqual(
      [missing.status, missing.lines[0].error.code],
      [3, "charging.account-unknown"],
    );
    assert.equal((await balance("top-up", "anna", "1e9")).status, 3);
    const typo = await balance("top-up", "ana", "5", "--json");
    assert.deepEqual([typo.status, typo.lines[0].error.code], [3, "charging.account-unknown"]);
    const other = await balance("top-up", "anna", "11", "--reference", "r1", "--json");
    assert.deepEqual([other.status, other.lines[0].error.code], [3, "charging.payment-differs"]);
    const large = await balance("pay-out", "anna", "1000", "--json");
    assert.deepEqual([large.status, large.lines[0].error.code], [3, "charging.balance-too-low"]);
  });
});
