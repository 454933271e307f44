import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { PREPAID } from "../../node/core/charging/charging-account.ts";
import type { SessionUse } from "../../node/core/charging/session-use.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { CompiledTariffs } from "../../node/engine/rate/compiled-tariffs.ts";
import { TariffPricers } from "../../node/engine/rate/tariff-pricers.ts";
import { CALL, NANO, PREPAID_TARIFF, START } from "../core/charging/charging-scene.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";

/** The firm pays three quarters of each call, as far as its own balance goes. */
const TARIFFS = new CompiledTariffs([
  {
    version: 1,
    validFromSeconds: 1n,
    document: tariffDocument({
      ...PREPAID_TARIFF,
      plans: [
        {
          name: "Work",
          sponsored: [{ name: "calls", uses: [{ service: "voice" }], percent: "75" }],
        },
      ],
    } as Parameters<typeof tariffDocument>[0]),
  },
]);
const ACCOUNTS = [
  ...["anna", "bert"].map((id) => ({ id, plan: "Work", sponsors: [{ account: "firm" }] })),
  { id: "carl", plan: "Work", sponsors: [{ account: "billed later" }] },
  { id: "firm" },
  { id: "billed later" },
];
const NAMES = ["anna", "bert", "firm"];

class Scene {
  log = new MemoryChargingLog();
  now = START;
  node!: ChargingNode;

  static async open(): Promise<Scene> {
    const scene = new Scene();
    await scene.start();
    for (const id of NAMES) await scene.node.setAccount(id, PREPAID);
    await scene.node.setAccount("carl", PREPAID);
    return scene;
  }

  async start(): Promise<void> {
    const pricers = new TariffPricers(TARIFFS, ACCOUNTS);
    this.node = await ChargingNode.open({ log: this.log, pricers, now: () => this.now });
  }

  async crash(): Promise<void> {
    this.log = this.log.crashed();
    await this.start();
  }

  pay(account: string, amountNano: bigint, reference = `${account} ${amountNano}`) {
    return this.node.pay({ account, reference, amountNano });
  }

  reserve(session: string, account: string, durationSeconds: number, use: SessionUse = CALL) {
    return this.node.answer({
      kind: "reserve",
      session,
      request: 0,
      account,
      use,
      requested: { durationSeconds },
    });
  }

  commit(session: string, durationSeconds: number, request = 9) {
    return this.node.answer({ kind: "commit", session, request, used: { durationSeconds } });
  }

  money(id: string): [bigint, bigint, bigint] {
    const { balanceNano, reservedNano, spentNano } = this.node.account(id);
    return [balanceNano, reservedNano, spentNano];
  }
}

describe("charging a sponsor", () => {
  it("holds and debits its share of a session, and no more than that", async () => {
    const scene = await Scene.open();
    await scene.pay("anna", NANO);
    await scene.pay("firm", 3n * NANO);
    // 0.10 and two minutes at 0.20: 0.50, of which the firm pays 0.375.
    assert.equal((await scene.reserve("s", "anna", 120)).result, "granted");
    assert.deepEqual(scene.money("anna"), [875_000_000n, 125_000_000n, 0n]);
    assert.deepEqual(scene.money("firm"), [2_625_000_000n, 375_000_000n, 0n]);
    await scene.crash();
    await scene.commit("s", 30);
    assert.deepEqual(scene.money("anna"), [925_000_000n, 0n, 75_000_000n]);
    assert.deepEqual(scene.money("firm"), [2_775_000_000n, 0n, 225_000_000n]);
    // The same request again takes nothing again.
    await scene.commit("s", 30);
    assert.deepEqual(scene.money("firm"), [2_775_000_000n, 0n, 225_000_000n]);
  });

  it("grants what both can pay: the sponsor's balance ends a call too", async () => {
    const scene = await Scene.open();
    await scene.pay("anna", 100n * NANO);
    await scene.pay("firm", 400_000_000n);
    const { granted, finalUnit } = await scene.reserve("s", "anna", 600);
    assert.equal(granted?.durationSeconds, 120);
    assert.deepEqual(finalUnit, { action: "end" });
    assert.equal((await scene.reserve("t", "bert", 60)).result, "credit-limit-reached");
    await scene.pay("bert", NANO);
    assert.equal((await scene.reserve("u", "bert", 60)).result, "credit-limit-reached");
  });

  it("takes nothing new from a sponsor that is locked, and nothing from one without a balance", async () => {
    const scene = await Scene.open();
    await scene.pay("anna", NANO);
    await scene.pay("firm", NANO);
    await scene.node.lock("firm", { reason: "unpaid" });
    assert.equal((await scene.reserve("s", "anna", 60)).result, "credit-limit-reached");
    await scene.pay("carl", NANO);
    assert.equal((await scene.reserve("c", "carl", 60)).result, "granted");
    assert.deepEqual(scene.money("carl"), [925_000_000n, 75_000_000n, 0n]);
  });

  it("gives a share back with a reservation that expires, and with a whole refund", async () => {
    const scene = await Scene.open();
    await scene.pay("anna", NANO);
    await scene.pay("firm", NANO);
    await scene.reserve("s", "anna", 60);
    scene.now += 3_600_000;
    await scene.node.expireSome(10);
    assert.deepEqual(scene.money("firm"), [NANO, 0n, 0n]);
    await scene.commit("s", 60);
    await scene.node.refund({ session: "s", request: 10, amountNano: 10_000_000n });
    assert.deepEqual(scene.money("firm"), [775_000_000n, 0n, 225_000_000n]);
    await scene.node.refund({ session: "s", request: 11 });
    assert.deepEqual(scene.money("firm"), [NANO, 0n, 0n]);
    assert.deepEqual(scene.money("anna"), [NANO, 0n, 0n]);
    await scene.crash();
    assert.deepEqual(scene.money("firm"), [NANO, 0n, 0n]);
  });

  it("tells the sponsor of its own limits, once", async () => {
    const scene = await Scene.open();
    await scene.pay("anna", 10n * NANO);
    await scene.pay("firm", 10n * NANO);
    await scene.node.setAccount("firm", { ...PREPAID, spendLimitNano: "400000000" });
    await scene.reserve("s", "anna", 120);
    await scene.commit("s", 120);
    await scene.crash();
    assert.equal((await scene.reserve("t", "anna", 60)).result, "credit-limit-reached");
    assert.deepEqual(
      (await scene.node.noticesAfter(0, 10)).map(({ account, kind, percent }) => [
        account,
        kind,
        percent,
      ]),
      [["firm", "spend-limit", 80]],
    );
  });

  it("conserves everybody's money, whatever the order, repetitions and crashes", async () => {
    const step = fc.record({
      slot: fc.nat(3),
      account: fc.constantFrom("anna", "bert"),
      what: fc.constantFrom("go on", "end", "refund", "expire", "crash", "pay", "compact"),
      seconds: fc.integer({ min: 0, max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const scene = await Scene.open();
        const open = new Map<number, { name: string; request: number; used: number }>();
        const ended: string[] = [];
        let names = 0;
        for (const { slot, account, what, seconds } of steps) {
          const session = open.get(slot);
          if (what === "pay") {
            await scene.pay(seconds % 2 === 0 ? "firm" : account, NANO, `p${++names}`);
          } else if (what === "crash") await scene.crash();
          else if (what === "compact") await scene.node.compact();
          else if (what === "expire") {
            scene.now += seconds * 10_000;
            await scene.node.expireSome(100);
          } else if (what === "refund") {
            const name = ended.pop();
            const isKnown = scene.node.sessionsOf(account).some(({ id }) => id === name);
            if (name !== undefined && isKnown) {
              await scene.node.refund({ session: name, request: 1_000_000 });
            }
          } else if (session === undefined) {
            const name = `s${++names}`;
            await scene.reserve(name, account, seconds + 1);
            open.set(slot, { name, request: 0, used: 0 });
          } else if (["anna", "bert"].some((id) => isKept(scene, id, session.name))) {
            session.request += 1;
            session.used += seconds;
            await scene.node.answer({
              kind: what === "end" ? "commit" : "update",
              session: session.name,
              request: session.request,
              used: { durationSeconds: session.used },
            });
            if (what === "end") {
              open.delete(slot);
              ended.push(session.name);
            }
          } else open.delete(slot);
          check(scene);
        }
        const before = NAMES.map((id) => scene.money(id));
        await scene.crash();
        assert.deepEqual(
          NAMES.map((id) => scene.money(id)),
          before,
        );
      }),
      { numRuns: 150 },
    );
  });
});

const isKept = (scene: Scene, id: string, name: string): boolean =>
  scene.node
    .sessionsOf(id)
    .some((one) => one.id === name && (one.state === "open" || one.state === "expired"));

function check(scene: Scene): void {
  for (const id of NAMES) {
    const { balanceNano, reservedNano, spentNano, toppedUpNano } = scene.node.account(id);
    assert.equal(balanceNano + reservedNano + spentNano, toppedUpNano);
  }
  const shares = ["anna", "bert"]
    .flatMap((id) => scene.node.sessionsOf(id))
    .flatMap((session) =>
      (session.sponsored ?? []).map((share) => ({ ...share, own: session.spentNano })),
    );
  const sum = (numbers: bigint[]): bigint => numbers.reduce((total, one) => total + one, 0n);
  const [, reserved] = scene.money("firm");
  assert.equal(reserved, sum(shares.map(({ reservedNano }) => reservedNano)));
  // Of a session's whole price the firm pays three quarters, to the last nano-unit.
  for (const { own, spentNano } of shares) {
    if (own > 0n || spentNano > 0n) assert.equal(spentNano, ((own + spentNano) * 3n) / 4n);
  }
}
