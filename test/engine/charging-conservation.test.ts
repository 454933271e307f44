import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { PREPAID } from "../../node/core/charging/charging-account.ts";
import { RETENTION } from "../../node/core/charging/expire.ts";
import type { SessionRequest } from "../../node/core/charging/session-request.ts";
import { usageOf } from "../../node/core/charging/session-use.ts";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import { compileTariff } from "../../node/core/tariff/compile.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";

const ACCOUNTS = ["anna", "bert"];
const TARIFF = compileTariff(tariffDocument(PREPAID_TARIFF));
const PRICERS = pricersOf(PREPAID_TARIFF);

type Step =
  | { do: "pay"; account: string; nano: bigint }
  | {
      do: "session";
      slot: number;
      account: string;
      ends: boolean;
      usedPercent: number;
      wanted: number;
    }
  | { do: "refund"; slot: number; percent: number }
  | { do: "repeat"; which: number }
  | { do: "expire"; seconds: number }
  | { do: "flush"; count: number }
  | { do: "crash" }
  | { do: "compact" };

const account = fc.constantFrom(...ACCOUNTS);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("pay" as const),
    account,
    nano: fc.bigInt({ min: 1n, max: 3_000_000_000n }),
  }),
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("session" as const),
      slot: fc.nat(4),
      account,
      ends: fc.boolean(),
      usedPercent: fc.integer({ min: 0, max: 100 }),
      wanted: fc.integer({ min: 1, max: 900 }),
    }),
  },
  fc.record({
    do: fc.constant("refund" as const),
    slot: fc.nat(4),
    percent: fc.integer({ min: 0, max: 100 }),
  }),
  fc.record({ do: fc.constant("repeat" as const), which: fc.nat(1000) }),
  fc.record({ do: fc.constant("expire" as const), seconds: fc.integer({ min: 1, max: 2000 }) }),
  fc.record({ do: fc.constant("flush" as const), count: fc.nat(3) }),
  { weight: 1, arbitrary: fc.constant({ do: "crash" as const }) },
  fc.constant({ do: "compact" as const }),
);

/** An answer is the same as long as its session is kept: here longer than any run lasts. */
const RETAINED = { ...RETENTION, forgetAfterMilliseconds: 30 * 86_400_000 };

interface Slot {
  name: string;
  account: string;
  request: number;
  usedMs: number;
  grantedMs: number;
  state: "new" | "open" | "closed";
  chargedNano: bigint;
  refundedNano: bigint;
}

/** A client that asks again, with the same number, whatever a crash left without an answer. */
class Client {
  log = new MemoryChargingLog();
  now = START;
  node!: ChargingNode;
  paid = new Map(ACCOUNTS.map((id) => [id, 0n]));
  slots = new Map<number, Slot>();
  answered: { ask: () => Promise<unknown>; answer: unknown }[] = [];
  waiting: { ask: () => Promise<unknown>; then: (answer: never) => void }[] = [];
  ended: Slot[] = [];
  #names = 0;
  #references = 0;

  async open(): Promise<void> {
    this.log.isHeld = true;
    const log = this.log;
    this.node = await ChargingNode.open({
      log,
      pricers: PRICERS,
      now: () => this.now,
      retention: RETAINED,
    });
    for (const id of ACCOUNTS) void this.node.setAccount(id, PREPAID).catch(() => {});
  }

  /** Sends now; the answer comes when the log is flushed. */
  send<A>(ask: () => Promise<A>, then: (answer: A) => void): void {
    const waiting = { ask, then };
    this.waiting.push(waiting);
    const { log } = this;
    void ask().then(
      (answer) => {
        if (this.log !== log) return;
        this.waiting = this.waiting.filter((one) => one !== waiting);
        this.answered.push({ ask, answer });
        then(answer);
      },
      (error) => {
        if (this.log === log) throw error;
      },
    );
  }

  async flush(count?: number): Promise<void> {
    this.log.flush(count);
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }

  async crash(): Promise<void> {
    this.log = this.log.crashed();
    await this.open();
    const again = this.waiting;
    this.waiting = [];
    for (const { ask, then } of again) this.send(ask, then as never);
    await this.flush();
    assert.equal(this.waiting.length, 0);
  }

  async run(one: Step): Promise<void> {
    switch (one.do) {
      case "pay": {
        const reference = `p${++this.#references}`;
        const payment = { account: one.account, reference, amountNano: one.nano };
        this.paid.set(one.account, (this.paid.get(one.account) ?? 0n) + one.nano);
        return this.send(
          () => this.node.pay(payment),
          () => {},
        );
      }
      case "session":
        await this.flush();
        return this.#session(one);
      case "refund": {
        await this.flush();
        const slot = this.ended[one.slot];
        if (
          slot === undefined ||
          this.node.sessionsOf(slot.account).every(({ id }) => id !== slot.name)
        )
          return;
        const left = slot.chargedNano - slot.refundedNano;
        const amountNano = (left * BigInt(one.percent)) / 100n;
        const request = ++slot.request;
        slot.refundedNano += amountNano;
        return this.send(
          () => this.node.refund({ session: slot.name, request, amountNano }),
          () => {},
        );
      }
      case "repeat": {
        await this.flush();
        const old = this.answered[one.which % Math.max(1, this.answered.length)];
        if (old === undefined) return;
        const again = old.ask();
        await this.flush();
        assert.deepEqual(await again, old.answer);
        return;
      }
      case "expire":
        await this.flush();
        this.now += one.seconds * 1000;
        void this.node.expireSome(100).catch(() => {});
        await this.flush();
        for (const slot of this.slots.values()) {
          const session = this.node.sessionsOf(slot.account).find(({ id }) => id === slot.name);
          if (session?.state === "expired") slot.grantedMs = 0;
        }
        return;
      case "flush":
        return this.flush(one.count);
      case "crash":
        return this.crash();
      case "compact":
        await this.flush();
        return this.node.compact();
    }
  }

  #session(one: Extract<Step, { do: "session" }>): void {
    let slot = this.slots.get(one.slot);
    if (slot === undefined || slot.state === "closed") {
      slot = {
        name: `s${++this.#names}`,
        account: one.account,
        request: -1,
        usedMs: 0,
        grantedMs: 0,
        state: "new",
        chargedNano: 0n,
        refundedNano: 0n,
      };
      this.slots.set(one.slot, slot);
    }
    const mine = slot;
    const request = ++mine.request;
    const requested = { durationSeconds: one.wanted };
    if (mine.state === "new") {
      const ask: SessionRequest = {
        kind: "reserve",
        session: mine.name,
        request,
        account: mine.account,
        use: CALL,
        requested,
      };
      this.send(
        () => this.node.answer(ask),
        (answer) => {
          if (answer.result === "granted") mine.state = "open";
          mine.grantedMs = (answer.granted?.durationSeconds ?? 0) * 1000;
        },
      );
      return;
    }
    mine.usedMs += Math.floor((mine.grantedMs * one.usedPercent) / 100);
    const ask: SessionRequest = {
      kind: one.ends ? "commit" : "update",
      session: mine.name,
      request,
      used: { durationSeconds: mine.usedMs / 1000 },
      ...(one.ends ? {} : { requested }),
    };
    if (one.ends) mine.state = "closed";
    this.send(
      () => this.node.answer(ask),
      (answer) => {
        mine.grantedMs = (answer.granted?.durationSeconds ?? 0) * 1000;
        mine.chargedNano = BigInt(answer.chargedNano);
        if (one.ends) this.ended.unshift(mine);
      },
    );
  }

  /** What must hold after every step, whatever is on its way. */
  check(): void {
    for (const id of ACCOUNTS) {
      const found = this.node.account(id);
      const { balanceNano, reservedNano, spentNano, toppedUpNano, paidOutNano } = found;
      assert.equal(balanceNano + reservedNano + spentNano, toppedUpNano - paidOutNano);
      assert.equal(toppedUpNano, this.paid.get(id));
      const sessions = this.node.sessionsOf(id);
      assert.equal(
        reservedNano,
        sessions.reduce((sum, one) => sum + one.reservedNano, 0n),
      );
      assert.equal(
        spentNano,
        sessions.reduce((sum, one) => sum + one.spentNano, 0n),
      );
      const idle = sessions.filter(({ state }) => state !== "open");
      assert.ok(idle.every((one) => one.reservedNano === 0n));
    }
  }

  /** Whoever asks again long after, and after a restart, hears the same. */
  async checkAnswers(): Promise<void> {
    for (const { ask, answer } of [...this.answered]) {
      const again = ask();
      await this.flush();
      assert.deepEqual(await again, answer);
    }
  }

  /** Each ended session was charged what the rater asks for the whole of it. */
  checkPrices(): void {
    for (const slot of this.ended) {
      const session = this.node.sessionsOf(slot.account).find(({ id }) => id === slot.name);
      assert.equal(session?.spentNano, slot.chargedNano - slot.refundedNano);
      const rated = rateUsage(TARIFF, usageOf(slot.name, slot.account, CALL, BigInt(slot.usedMs)));
      assert.ok(rated.outcome === "rated");
      assert.equal(slot.chargedNano, rated.amountNano);
    }
  }
}

describe("charging node, whatever the order of requests and crashes", () => {
  it("conserves money, answers once and the same, and charges the price of the whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
        const client = new Client();
        await client.open();
        await client.flush();
        for (const one of steps) {
          await client.run(one);
          client.check();
        }
        await client.crash();
        client.check();
        client.checkPrices();
        await client.checkAnswers();
        client.check();
      }),
      { numRuns: 400 },
    );
  });

  it("never lets sessions that keep to their grants bring a balance below zero", async () => {
    const kept = step.filter((one) => one.do !== "expire" && one.do !== "refund");
    await fc.assert(
      fc.asyncProperty(fc.array(kept, { minLength: 1, maxLength: 60 }), async (steps) => {
        const client = new Client();
        await client.open();
        await client.flush();
        for (const one of steps) {
          await client.run(one);
          for (const id of ACCOUNTS) assert.ok(client.node.account(id).balanceNano >= 0n);
        }
      }),
      { numRuns: 300 },
    );
  });
});
