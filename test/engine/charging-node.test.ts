import assert from "node:assert/strict";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { PREPAID } from "../../node/core/charging/charging-account.ts";
import { RETENTION } from "../../node/core/charging/expire.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { parseDecimalNano } from "../../node/core/money/decimal.ts";
import type { TariffDocument } from "../../node/core/tariff/document.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import {
  BROWSING,
  CALL,
  FREE_CALL,
  MESSAGE,
  PREPAID_TARIFF,
  pricersOf,
  START,
} from "../core/charging/charging-scene.ts";

const nano = (text: string): string => parseDecimalNano(text).toString();
const refusedWith = (code: string) => (error: unknown) =>
  error instanceof TallystickError && error.code === code;

async function scene(tariff: Partial<TariffDocument> = PREPAID_TARIFF, retention = RETENTION) {
  const log = new MemoryChargingLog();
  const clock = { now: START };
  const parts = { log, pricers: pricersOf(tariff), now: () => clock.now, retention };
  const node = await ChargingNode.open(parts);
  const pay = (amount: string, reference = `p${Math.random()}`) =>
    node.pay({ account: "anna", reference, amountNano: parseDecimalNano(amount) });
  const money = () => {
    const { balanceNano, reservedNano, spentNano } = node.account("anna");
    return [balanceNano, reservedNano, spentNano].map((one) => Number(one) / 1e9);
  };
  const reserve = (session: string, seconds?: number, use = CALL, request = 0) =>
    node.answer({
      kind: "reserve",
      session,
      request,
      account: "anna",
      use,
      ...(seconds === undefined ? {} : { requested: { durationSeconds: seconds } }),
    });
  const go = (
    kind: "update" | "commit",
    session: string,
    request: number,
    used?: number,
    seconds?: number,
  ) =>
    node.answer({
      kind,
      session,
      request,
      ...(used === undefined ? {} : { used: { durationSeconds: used } }),
      ...(seconds === undefined ? {} : { requested: { durationSeconds: seconds } }),
    });
  return { log, clock, parts, node, pay, money, reserve, go };
}

describe("charging node", () => {
  it("reserves, debits on the session's whole use, and gives back what was not used", async () => {
    const { node, pay, money, reserve, go } = await scene();
    await pay("10");
    const first = await reserve("s", 120);
    assert.equal(first.result, "granted");
    assert.deepEqual(first.granted, { durationSeconds: 120 });
    assert.equal(first.validitySeconds, 600);
    assert.equal(first.finalUnit, undefined);
    assert.deepEqual(money(), [9.5, 0.5, 0]);
    // 61 s are two minutes: 0.50 with the set-up fee, and a further minute is held.
    await go("update", "s", 1, 61, 120);
    assert.deepEqual(money(), [9.1, 0.4, 0.5]);
    const last = await go("commit", "s", 2, 130);
    assert.equal(last.chargedNano, nano("0.70"));
    assert.deepEqual(money(), [9.3, 0, 0.7]);
    const [{ record } = assert.fail()] = node.recordsAfter(0, 10);
    assert.deepEqual([record.quantity, record.amountNano], ["130000", nano("0.70")]);
    assert.equal(
      record.components.reduce((sum, { amountNano }) => sum + BigInt(amountNano), 0n),
      parseDecimalNano("0.70"),
    );
  });

  it("prices the whole, so that many updates cost what one does", async () => {
    const { node, pay, money } = await scene();
    await pay("10");
    await node.answer({
      kind: "reserve",
      session: "d",
      request: 0,
      account: "anna",
      use: BROWSING,
    });
    for (let i = 1; i <= 30; i++) {
      const used = { totalOctets: i * 1001 };
      await node.answer({ kind: "update", session: "d", request: i, used });
    }
    await node.answer({ kind: "commit", session: "d", request: 31, used: { totalOctets: 30030 } });
    // 31 KB at 0.07 per 3 MB is 0.00072333…, rounded once; thirty of 2 KB each would be 0.0014.
    assert.deepEqual(money(), [9.9993, 0, 0.0007]);
  });

  it("answers a repeated request as before, and changes nothing by it", async () => {
    const { pay, money, reserve, go } = await scene();
    await pay("10", "top-up-1");
    await pay("10", "top-up-1");
    const first = await reserve("s", 60);
    const second = await go("update", "s", 1, 60, 60);
    const before = money();
    assert.deepEqual(await reserve("s", 60), first);
    assert.deepEqual(await go("update", "s", 1, 60, 60), second);
    assert.deepEqual(money(), before);
    const last = await go("commit", "s", 2, 90);
    assert.deepEqual(await go("commit", "s", 2, 90), last);
    assert.deepEqual(money(), [9.5, 0, 0.5]);
  });

  it("refuses another request under a known number, and use that goes back", async () => {
    const { pay, reserve, go } = await scene();
    await pay("10", "a");
    await assert.rejects(pay("11", "a"), refusedWith("charging.payment-differs"));
    await reserve("s", 60);
    await go("update", "s", 2, 60);
    await assert.rejects(go("update", "s", 2, 61), refusedWith("charging.request-differs"));
    await assert.rejects(go("update", "s", 1, 61), refusedWith("charging.request-too-old"));
    await assert.rejects(go("update", "s", 3, 59), refusedWith("charging.use-went-back"));
    await assert.rejects(reserve("s", 60, CALL, 3), refusedWith("charging.session-exists"));
    await assert.rejects(go("update", "other", 3, 59), refusedWith("charging.session-unknown"));
    await go("commit", "s", 4, 60);
    await assert.rejects(go("update", "s", 5, 61), refusedWith("charging.session-closed"));
  });

  it("grants what the balance pays for, whole increments, and says that these are the last", async () => {
    const { node, pay, money, reserve, go } = await scene();
    await pay("0.75");
    await node.setAccount("anna", {
      ...PREPAID,
      finalUnit: { action: "redirect", to: "https://pay" },
    });
    const first = await reserve("s", 3600);
    assert.deepEqual(first.granted, { durationSeconds: 180 });
    assert.deepEqual(first.finalUnit, { action: "redirect", to: "https://pay" });
    assert.deepEqual(money(), [0.05, 0.7, 0]);
    const second = await go("update", "s", 1, 180, 60);
    assert.equal(second.result, "credit-limit-reached");
    assert.equal(second.granted, undefined);
    assert.deepEqual(second.finalUnit, { action: "redirect", to: "https://pay" });
    await pay("0.20");
    assert.deepEqual((await go("update", "s", 2, 180, 60)).granted, { durationSeconds: 60 });
  });

  it("keeps several sessions on one balance from spending the same money", async () => {
    const { pay, reserve, go, money } = await scene();
    await pay("0.65");
    assert.deepEqual((await reserve("a", 60)).granted, { durationSeconds: 60 });
    assert.deepEqual((await reserve("b", 60)).granted, { durationSeconds: 60 });
    assert.equal((await reserve("c", 60)).result, "credit-limit-reached");
    await go("commit", "a", 1);
    // Never begun, it cost nothing; its money is there for the third, under the next number.
    assert.equal((await reserve("c", 60)).result, "credit-limit-reached");
    assert.equal((await reserve("c", 60, CALL, 1)).result, "granted");
    assert.deepEqual(money(), [0.05, 0.6, 0]);
  });

  it("overspends as far as the policy says, and charges what was really used", async () => {
    const { node, pay, reserve, go, money } = await scene();
    await pay("0.30");
    await node.setAccount("anna", { ...PREPAID, overspendNano: nano("0.40") });
    assert.deepEqual((await reserve("s", 3600)).granted, { durationSeconds: 180 });
    await go("commit", "s", 1, 400);
    assert.deepEqual(money(), [-1.2, 0, 1.5]);
    const [notice] = await node.noticesAfter(0, 10);
    assert.equal(notice?.kind, "balance-overspent");
    assert.equal((await reserve("t", 60)).result, "credit-limit-reached");
  });

  it("lets postpaid spend until its period's limit, and tells of 80 and 100 percent once", async () => {
    const { node, pay, reserve, go } = await scene();
    await pay("0.01");
    const spendLimitNano = nano("1.00");
    await node.setAccount("anna", { ...PREPAID, overspendNano: "unlimited", spendLimitNano });
    assert.deepEqual((await reserve("s", 36000)).granted, { durationSeconds: 240 });
    await go("update", "s", 1, 180);
    await go("update", "s", 2, 240);
    await go("commit", "s", 3, 241);
    const told = (await node.noticesAfter(0, 10)).map(({ kind, percent }) => [kind, percent]);
    assert.deepEqual(told, [
      ["spend-limit", 80],
      ["spend-limit", 100],
    ]);
  });

  it("grants what costs nothing without any money, and nothing to an account it does not know", async () => {
    const { node, reserve } = await scene();
    await node.setAccount("anna", PREPAID);
    assert.deepEqual((await reserve("s", 60, FREE_CALL)).granted, { durationSeconds: 60 });
    assert.equal((await reserve("t", 60)).result, "credit-limit-reached");
    await assert.rejects(
      node.answer({ kind: "reserve", session: "u", request: 0, account: "bert", use: CALL }),
      refusedWith("charging.account-unknown"),
    );
  });

  it("asks nothing of an emergency call: no account, no money, no log", async () => {
    const { node, log } = await scene();
    log.fail();
    const use = { ...CALL, bParty: "112" };
    const call = { session: "e", account: "nobody", use };
    const granted = await node.answer({ kind: "reserve", request: 0, ...call });
    assert.equal(granted.result, "granted");
    assert.equal(
      (await node.answer({ kind: "update", session: "e", request: 1 })).result,
      "granted",
    );
    assert.equal(
      (await node.answer({ kind: "commit", session: "e", request: 2 })).result,
      "committed",
    );
    await assert.rejects(
      node.answer({ kind: "update", session: "e", request: 3 }),
      refusedWith("charging.session-unknown"),
    );
  });

  it("gives a locked account nothing until it is paid", async () => {
    const { node, pay, reserve, go } = await scene();
    await pay("5");
    await reserve("s", 60);
    await node.lock("anna", { reason: "invoice unpaid", unlockAtNano: nano("8") });
    assert.equal((await reserve("t", 60)).result, "locked");
    assert.equal((await go("update", "s", 1, 60, 60)).result, "locked");
    assert.equal((await pay("1")).unlocked, false);
    assert.equal((await pay("3")).unlocked, true);
    assert.equal((await go("update", "s", 2, 60, 60)).result, "granted");
    assert.deepEqual(
      (await node.noticesAfter(0, 10)).map(({ kind }) => kind),
      ["locked", "unlocked"],
    );
  });

  it("debits a message at once or not at all, and refunds it once", async () => {
    const { node, pay, money } = await scene();
    await pay("0.10");
    const debit = (session: string, request = 0) =>
      node.answer({ kind: "debit", session, request, account: "anna", use: MESSAGE });
    assert.equal((await debit("m1")).result, "committed");
    assert.equal((await debit("m2")).result, "credit-limit-reached");
    assert.deepEqual(money(), [0.01, 0, 0.09]);
    const refund = await node.refund({ session: "m1", request: 1 });
    assert.equal(refund.result, "refunded");
    assert.deepEqual(await node.refund({ session: "m1", request: 1 }), refund);
    assert.deepEqual(money(), [0.1, 0, 0]);
    await assert.rejects(
      node.refund({ session: "m1", request: 2, amountNano: 1n }),
      refusedWith("charging.refund-too-large"),
    );
    assert.equal((await debit("m2", 1)).result, "committed");
  });

  it("refuses a debit that states what was used: it would debit something else", async () => {
    const { node, pay, money } = await scene();
    await pay("10");
    const used = { units: 5 };
    const debit = { kind: "debit", session: "m", request: 0, account: "anna", use: MESSAGE, used };
    await assert.rejects(
      node.answer({ ...debit, kind: "debit" }),
      refusedWith("charging.debit-states-use"),
    );
    assert.deepEqual(money(), [10, 0, 0]);
  });

  it("pays out what is free, and no more", async () => {
    const { pay, reserve, money } = await scene();
    await pay("1");
    await reserve("s", 60);
    await assert.rejects(pay("-0.71"), refusedWith("charging.balance-too-low"));
    await pay("-0.70");
    assert.deepEqual(money(), [0, 0.3, 0]);
  });

  it("gives a reservation back that nobody renews; the session can still go on or end", async () => {
    const { node, clock, pay, reserve, go, money } = await scene();
    await pay("1");
    await reserve("s", 60);
    await reserve("t", 60);
    await go("update", "t", 1, 30, 30);
    clock.now += 1_199_000;
    assert.equal(await node.expireSome(10), 0);
    clock.now += 1_000;
    assert.equal(await node.expireSome(10), 2);
    assert.deepEqual(money(), [0.7, 0, 0.3]);
    await go("commit", "s", 1, 60);
    assert.deepEqual(money(), [0.4, 0, 0.6]);
    clock.now += 24 * 3_600_000;
    assert.equal(await node.expireSome(10), 2);
    assert.deepEqual(
      node.recordsAfter(0, 10).map(({ record }) => [record.session, record.quantity]),
      [
        ["s", "60000"],
        ["t", "30000"],
      ],
    );
    assert.equal(node.sessionsOf("anna").length, 1);
  });

  it("forgets ended sessions sooner where there are many, and never an open one", async () => {
    const retention = { ...RETENTION, sessionsMax: 2, forgetCrowdedAfterMilliseconds: 60_000 };
    const { node, clock, pay, reserve, go, money } = await scene(PREPAID_TARIFF, retention);
    const expireAll = async () => [await node.expireSome(10), node.sessionsOf("anna").length];
    await pay("5");
    for (const session of ["s", "t"]) {
      await reserve(session, 60);
      await go("commit", session, 1, 60);
    }
    clock.now += 60_000;
    assert.deepEqual(await expireAll(), [0, 2]);
    await reserve("u", 60);
    clock.now -= 1;
    assert.deepEqual(await expireAll(), [0, 3]);
    clock.now += 1;
    const before = money();
    assert.deepEqual(await expireAll(), [2, 1]);
    assert.deepEqual(money(), before);
    assert.deepEqual(
      node.sessionsOf("anna").map(({ id }) => id),
      ["u"],
    );
  });

  it("suspends what has no price, and reserves nothing for it", async () => {
    const { clock, pay, reserve, money } = await scene();
    await pay("1");
    clock.now = Date.parse("2025-12-31T12:00:00.000Z");
    const early = { ...CALL, start: "2025-12-31T11:00:00.000Z" };
    await assert.rejects(reserve("s", 60, early), refusedWith("rating.tariff-not-in-force"));
    const nobody = { ...CALL, bParty: "withheld" };
    clock.now = START;
    await assert.rejects(reserve("s", 60, nobody), refusedWith("rating.no-number"));
    assert.deepEqual(money(), [1, 0, 0]);
  });

  it("opens no session that begins long ago or in years, by a window around its clock", async () => {
    const { clock, parts, node, pay, reserve, go, money } = await scene();
    await pay("9");
    const at = (milliseconds: number) => ({
      ...CALL,
      start: new Date(clock.now + milliseconds).toISOString(),
    });
    const [minute, day] = [60_000, 86_400_000];
    const outside = refusedWith("charging.start-outside-window");
    for (const start of ["2099-01-01T00:00:00.000Z", "2026-03-01T09:59:59.999Z"]) {
      await assert.rejects(reserve("s", 60, { ...CALL, start }), outside);
      const use = { ...MESSAGE, start };
      const debit = { kind: "debit", session: "m", request: 0, account: "anna" } as const;
      await assert.rejects(node.answer({ ...debit, use, requested: { units: 1 } }), outside);
    }
    await assert.rejects(reserve("s", 60, at(10 * minute + 1)), outside);
    assert.deepEqual(money(), [9, 0, 0]);
    const kept = await reserve("ahead", 60, at(10 * minute));
    assert.equal(kept.result, "granted");
    assert.equal((await reserve("back", 60, at(-day))).result, "granted");
    // What goes on, and what was answered, asks no clock.
    const use = at(10 * minute);
    clock.now += 5 * day;
    assert.equal((await go("commit", "back", 1, 60)).result, "committed");
    assert.deepEqual(await reserve("ahead", 60, use), kept);

    const startWindow = { pastMilliseconds: 0, futureMilliseconds: 0 };
    const strict = await ChargingNode.open({ ...parts, log: new MemoryChargingLog(), startWindow });
    const reservation = { kind: "reserve", session: "s", request: 0, account: "a" } as const;
    await assert.rejects(strict.answer({ ...reservation, use: at(-1) }), outside);
    await assert.rejects(
      strict.answer({ ...reservation, use: at(0) }),
      refusedWith("charging.account-unknown"),
    );
  });

  it("holds allowances for open sessions as it holds money, and tells of 80 and 100 percent", async () => {
    const { node, pay, reserve, go } = await scene({
      ...PREPAID_TARIFF,
      zones: [{ name: "anywhere", prefixes: [""] }],
      services: [
        {
          service: "voice",
          direction: "outgoing",
          prices: [
            {
              price: { amount: "0.01", per: 1, unit: "s" },
              increments: { first: 1, further: 1, unit: "s" },
            },
          ],
        },
      ],
      plans: [
        {
          name: "S",
          allowances: [
            {
              name: "100 s",
              scope: "account",
              uses: [{ service: "voice" }],
              units: { quantity: 100, unit: "s" },
            },
          ],
        },
      ],
      defaultPlan: "S",
    });
    await pay("0.20");
    const a = await reserve("a", 70);
    assert.equal(a.reservedNano, "0");
    // 30 s of the allowance are left, and 20 s of money.
    assert.deepEqual((await reserve("b", 70)).granted, { durationSeconds: 50 });
    await go("commit", "a", 1, 10);
    assert.deepEqual((await go("update", "b", 1, 50, 60)).granted, { durationSeconds: 60 });
    assert.equal((await go("commit", "b", 2, 95)).chargedNano, nano("0.05"));
    assert.deepEqual(
      (await node.noticesAfter(0, 10)).map(({ kind, name, percent }) => [kind, name, percent]),
      [
        ["allowance", "100 s", 80],
        ["allowance", "100 s", 100],
      ],
    );
  });

  it("prices by a counter that sessions share, and tells of its next tier once", async () => {
    const { node, pay, reserve, go } = await scene({
      ...PREPAID_TARIFF,
      zones: [{ name: "anywhere", prefixes: [""] }],
      services: [
        {
          service: "voice",
          direction: "outgoing",
          prices: [
            {
              increments: { first: 1, further: 1, unit: "s" },
              tiers: {
                kind: "graduated",
                over: "account",
                unit: "s",
                steps: [
                  { upTo: 100, price: { amount: "0.02", per: 1, unit: "s" } },
                  { price: { amount: "0.01", per: 1, unit: "s" } },
                ],
              },
            },
          ],
        },
      ],
    });
    await pay("5");
    await reserve("a", 60);
    assert.equal((await go("commit", "a", 1, 60)).chargedNano, nano("1.20"));
    assert.deepEqual(await node.noticesAfter(0, 10), []);
    await reserve("b", 60);
    // 40 s at 0.02 are left of the first tier.
    assert.equal((await go("update", "b", 1, 50, 10)).chargedNano, nano("0.90"));
    assert.equal((await go("commit", "b", 2, 60)).chargedNano, nano("1.00"));
    await reserve("c", 60);
    assert.equal((await go("commit", "c", 1, 10)).chargedNano, nano("0.10"));
    assert.deepEqual(
      (await node.noticesAfter(0, 10)).map(({ kind, name }) => [kind, name]),
      [["next-tier", "voice outgoing/0"]],
    );
  });

  it("takes answers for given only when they are durable", async () => {
    const { log, pay, reserve } = await scene();
    await pay("1");
    log.isHeld = true;
    let isAnswered = false;
    const answer = reserve("s", 60).then((given) => {
      isAnswered = true;
      return given;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(isAnswered, false);
    log.flush();
    assert.equal((await answer).result, "granted");
    const waiting = reserve("t", 60);
    log.fail();
    await assert.rejects(waiting, refusedWith("charging.log-failed"));
    await assert.rejects(reserve("u", 60), refusedWith("charging.log-failed"));
  });
});
