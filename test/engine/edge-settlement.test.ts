import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { PREPAID } from "../../node/core/charging/charging-account.ts";
import type { EdgeReport } from "../../node/core/charging/settle-slice.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { parseDecimalNano } from "../../node/core/money/decimal.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { type Centre, EdgeSettlement } from "../../node/engine/charging/edge-settlement.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";

const PRICERS = pricersOf(PREPAID_TARIFF);
const nano = parseDecimalNano;

/** A centre and one edge, whose reports and answers a test can lose, repeat and delay. */
class EdgeScene {
  centreLog = new MemoryChargingLog();
  edgeLog = new MemoryChargingLog();
  centre!: ChargingNode;
  edge!: ChargingNode;
  settlement!: EdgeSettlement;
  readonly wanted = new Map([["anna", nano("2")]]);
  reports: EdgeReport[] = [];
  now = START;
  fate: "arrives" | "report is lost" | "answer is lost" = "arrives";
  #sessions = 0;

  static async open(): Promise<EdgeScene> {
    const scene = new EdgeScene();
    await scene.reopen();
    await scene.centre.pay({ account: "anna", reference: "p", amountNano: nano("5") });
    return scene;
  }

  async reopen(): Promise<void> {
    this.centreLog = this.centreLog.crashed();
    this.edgeLog = this.edgeLog.crashed();
    const open = (log: MemoryChargingLog) =>
      ChargingNode.open({ log, pricers: PRICERS, now: () => this.now });
    this.centre = await open(this.centreLog);
    this.edge = await open(this.edgeLog);
    const centre: Centre = {
      settle: async (report) => {
        if (this.fate === "report is lost") throw new TallystickError("centre.unreachable", "lost");
        this.reports.push(structuredClone(report));
        const answer = await this.centre.settle(report);
        if (this.fate === "answer is lost") throw new TallystickError("centre.unreachable", "lost");
        return answer;
      },
    };
    this.settlement = new EdgeSettlement("edge-1", this.edge, centre, this.wanted);
  }

  async settle(fate: EdgeScene["fate"] = "arrives"): Promise<void> {
    this.fate = fate;
    if (fate === "arrives") return this.settlement.run();
    await assert.rejects(this.settlement.run(), { code: "centre.unreachable" });
  }

  /** A call at the edge, as long as it is granted. */
  async call(durationSeconds: number): Promise<string> {
    const start = new Date(this.now).toISOString();
    const session = `edge-1/${++this.#sessions}`;
    const requested = { durationSeconds };
    const use = { ...CALL, start };
    const request = { kind: "reserve", session, request: 0, account: "anna", use } as const;
    const answer = await this.edge.answer({ ...request, requested });
    if (answer.result !== "granted") return answer.result;
    const used = answer.granted as { durationSeconds: number };
    await this.edge.answer({ kind: "commit", session, request: 1, used });
    return answer.result;
  }

  get money() {
    const { balanceNano, reservedNano, spentNano } = this.centre.account("anna");
    return [balanceNano, reservedNano, spentNano].map((one) => Number(one) / 1e9);
  }
}

describe("edge settlement", () => {
  it("charges from a slice while cut off, and settles once when it is back", async () => {
    const scene = await EdgeScene.open();
    await scene.settle();
    assert.deepEqual(scene.money, [3, 2, 0]);
    await scene.settle("report is lost");
    assert.equal(await scene.call(300), "granted");
    assert.equal(await scene.call(240), "granted");
    assert.equal(await scene.call(60), "credit-limit-reached");
    assert.deepEqual(scene.money, [3, 2, 0]);
    await scene.settle("answer is lost");
    // 1.10 and 0.90 were spent; the slice is filled up again, once.
    assert.deepEqual(scene.money, [1, 2, 2]);
    await scene.settle();
    await scene.settle();
    assert.deepEqual(scene.money, [1, 2, 2]);
    assert.equal(await scene.call(60), "granted");
    await scene.settle();
    const records = scene.centre.recordsAfter(0, 10).map(({ record }) => record.session);
    assert.deepEqual(records, ["edge-1/1", "edge-1/2", "edge-1/4"]);
    assert.deepEqual(scene.edge.recordsAfter(0, 10), []);
  });

  it("takes no old report for news", async () => {
    const scene = await EdgeScene.open();
    await scene.settle();
    await scene.call(60);
    await scene.settle();
    await scene.call(120);
    await scene.settle();
    const before = scene.money;
    for (const report of scene.reports.toReversed()) await scene.centre.settle(report);
    assert.deepEqual(scene.money, before);
    assert.equal(scene.centre.recordsAfter(0, 10).length, 2);
  });

  it("begins a spend limit anew with the month, also where all is charged at the edge", async () => {
    const scene = await EdgeScene.open();
    await scene.centre.setAccount("anna", { ...PREPAID, spendLimitNano: nano("1.5").toString() });
    await scene.settle();
    for (const month of ["03", "04", "05"]) {
      scene.now = Date.parse(`2026-${month}-15T10:00:00.000Z`);
      await scene.settle();
      assert.equal(await scene.call(300), "granted", month);
      await scene.settle();
      assert.equal(scene.centre.account("anna").periodSpentNano, nano("1.1"), month);
    }
    await scene.reopen();
    assert.equal(scene.centre.account("anna").periodSpentNano, nano("1.1"));
  });

  it("gives back what is not wanted any more, and takes policy and lock from the centre", async () => {
    const scene = await EdgeScene.open();
    await scene.centre.setAccount("anna", { ...PREPAID, validitySeconds: 77 });
    await scene.settle();
    assert.equal(scene.edge.account("anna").policy.validitySeconds, 77);
    await scene.centre.lock("anna", { reason: "unpaid" });
    await scene.settle();
    assert.equal(await scene.call(60), "locked");
    await scene.centre.unlock("anna");
    await scene.settle();
    await scene.call(60);
    scene.wanted.set("anna", 0n);
    await scene.settle();
    assert.deepEqual(scene.money, [4.7, 0, 0.3]);
    assert.equal(scene.edge.account("anna").balanceNano, 0n);
  });

  it("says when a slice runs low", async () => {
    const scene = await EdgeScene.open();
    assert.equal(scene.settlement.isUrgent, true);
    await scene.settle();
    assert.equal(scene.settlement.isUrgent, false);
    await scene.call(300);
    assert.equal(scene.settlement.isUrgent, true);
  });

  it("is refused for an account that the centre does not know", async () => {
    const scene = await EdgeScene.open();
    scene.wanted.set("bert", nano("1"));
    await assert.rejects(scene.settlement.run(), { code: "charging.account-unknown" });
  });

  it("conserves money and records between both, whatever is lost, repeated or crashes", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("call" as const), seconds: fc.integer({ min: 1, max: 600 }) }),
      fc.record({
        do: fc.constant("settle" as const),
        fate: fc.constantFrom(
          "arrives" as const,
          "report is lost" as const,
          "answer is lost" as const,
        ),
      }),
      fc.record({ do: fc.constant("repeat" as const), which: fc.nat(20) }),
      fc.record({ do: fc.constant("want" as const), units: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant("crash" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const scene = await EdgeScene.open();
        const balanced = () => {
          const { balanceNano, reservedNano, spentNano } = scene.centre.account("anna");
          assert.equal(balanceNano + reservedNano + spentNano, nano("5"));
          assert.ok(balanceNano >= 0n && reservedNano >= 0n);
        };
        let calls = 0;
        for (const one of steps) {
          if (one.do === "call") {
            const known = [...scene.edge.accounts()].length > 0;
            if (known && (await scene.call(one.seconds)) === "granted") calls++;
          } else if (one.do === "settle") await scene.settle(one.fate);
          else if (one.do === "want") scene.wanted.set("anna", BigInt(one.units) * nano("1"));
          else if (one.do === "crash") await scene.reopen();
          else {
            const report = scene.reports[one.which];
            if (report !== undefined) await scene.centre.settle(report);
          }
          balanced();
        }
        scene.wanted.set("anna", 0n);
        await scene.settle();
        await scene.settle();
        const edge = scene.edge.account("anna");
        const { balanceNano, reservedNano, spentNano } = scene.centre.account("anna");
        assert.deepEqual([edge.balanceNano, reservedNano], [0n, 0n]);
        assert.equal(spentNano, edge.spentNano);
        assert.equal(balanceNano, nano("5") - spentNano);
        const records = scene.centre.recordsAfter(0, 100).map(({ record }) => record);
        assert.equal(new Set(records.map(({ session }) => session)).size, calls);
        assert.equal(records.length, calls);
        assert.equal(
          records.reduce((sum, one) => sum + BigInt(one.amountNano), 0n),
          spentNano,
        );
      }),
      { numRuns: 200 },
    );
  });
});
