import assert from "node:assert/strict";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { PREPAID } from "../../node/core/charging/charging-account.ts";
import { parseDecimalNano } from "../../node/core/money/decimal.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { EdgeSettlement } from "../../node/engine/charging/edge-settlement.ts";
import { CompiledTariffs } from "../../node/engine/rate/compiled-tariffs.ts";
import { TariffPricers } from "../../node/engine/rate/tariff-pricers.ts";
import { CALL, PREPAID_TARIFF, START } from "../core/charging/charging-scene.ts";
import { tariffDocument } from "../core/tariff/tariff-fixture.ts";
import { hasCode } from "./engine-scene.ts";

/** The firm pays three quarters of each call of Anna's. */
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
const ACCOUNTS = [{ id: "anna", plan: "Work", sponsors: [{ account: "firm" }] }, { id: "firm" }];
const nano = parseDecimalNano;

describe("a sponsored session at the edge", () => {
  let centre: ChargingNode;
  let edgeLog: MemoryChargingLog;
  let edge: ChargingNode;
  let isCutOff: boolean;
  let sessions = 0;

  const open = (log: MemoryChargingLog, isEdge: boolean) =>
    ChargingNode.open({
      log,
      pricers: new TariffPricers(TARIFFS, ACCOUNTS),
      now: () => START,
      isEdge,
    });
  const settle = (slices: Record<string, string>) => {
    const wanted = new Map(Object.entries(slices).map(([id, amount]) => [id, nano(amount)]));
    const far = {
      settle: (report: Parameters<ChargingNode["settle"]>[0]) =>
        isCutOff ? Promise.reject(new Error("cut off")) : centre.settle(report),
    };
    return new EdgeSettlement("edge-1", edge, far, wanted).run();
  };
  const reserve = (session: string, durationSeconds: number) =>
    edge.answer({
      kind: "reserve",
      session,
      request: 0,
      account: "anna",
      use: CALL,
      requested: { durationSeconds },
    });
  const commit = (session: string, durationSeconds: number) =>
    edge.answer({ kind: "commit", session, request: 9, used: { durationSeconds } });
  const call = async (durationSeconds: number): Promise<string> => {
    const session = `s${++sessions}`;
    const { result, granted } = await reserve(session, durationSeconds);
    if (granted?.durationSeconds !== undefined) await commit(session, granted.durationSeconds);
    return result;
  };
  const money = (node: ChargingNode, id: string) => {
    const { balanceNano, reservedNano, spentNano } = node.account(id);
    return [balanceNano, reservedNano, spentNano].map((one) => Number(one) / 1e9);
  };

  beforeEach(async () => {
    isCutOff = false;
    edgeLog = new MemoryChargingLog();
    centre = await open(new MemoryChargingLog(), false);
    edge = await open(edgeLog, true);
    for (const id of ["anna", "firm"]) {
      await centre.setAccount(id, PREPAID);
      await centre.pay({ account: id, reference: "p", amountNano: nano("5") });
    }
  });

  it("takes the sponsor's slice beside its own, cut off for long, and settles both once", async () => {
    const slices = { anna: "1.00", firm: "1.00" };
    await settle(slices);
    assert.deepEqual(
      [money(centre, "anna"), money(centre, "firm")],
      [
        [4, 1, 0],
        [4, 1, 0],
      ],
    );
    isCutOff = true;
    // 0.10 and two minutes at 0.20: 0.50, of which the firm pays 0.375.
    assert.equal(await call(120), "granted");
    assert.equal(await call(120), "granted");
    edgeLog = edgeLog.crashed();
    edge = await open(edgeLog, true);
    assert.deepEqual(
      [money(edge, "anna"), money(edge, "firm")],
      [
        [0.75, 0, 0.25],
        [0.25, 0, 0.75],
      ],
    );
    // A third of 0.50 is beyond the firm's slice, however much is left of Anna's.
    const { granted, finalUnit } = await reserve("last", 120);
    assert.equal(granted?.durationSeconds, 60);
    assert.deepEqual(finalUnit, { action: "end" });
    // Nothing is left for a second session on the same balances.
    assert.equal((await reserve("beside", 60)).result, "credit-limit-reached");
    await commit("last", 60);
    await assert.rejects(settle(slices));
    isCutOff = false;
    await settle(slices);
    await settle(slices);
    const spent = [centre.account("anna").spentNano, centre.account("firm").spentNano];
    assert.deepEqual(spent, [nano("0.325"), nano("0.975")]);
    assert.equal(centre.recordsAfter(0, 10).length, 3);
    await settle({ anna: "0", firm: "0" });
    assert.deepEqual(money(centre, "anna"), [4.675, 0, 0.325]);
    assert.deepEqual(money(centre, "firm"), [4.025, 0, 0.975]);
  });

  it("is refused where the edge has no slice of the sponsor's: it could be paid twice", async () => {
    await settle({ anna: "1.00" });
    await assert.rejects(call(60), hasCode("charging.sponsor-elsewhere"));
    assert.deepEqual(money(edge, "anna"), [1, 0, 0]);
    // What no sponsor pays goes on.
    const sms = { ...CALL, service: "sms" as const };
    const debit = { kind: "debit", session: "sms", request: 0, account: "anna", use: sms } as const;
    assert.equal((await edge.answer(debit)).result, "committed");
  });

  it("ends as the account's policy says, which comes from the centre", async () => {
    await centre.setAccount("anna", {
      ...PREPAID,
      finalUnit: { action: "redirect", to: "https://top-up.example" },
    });
    await settle({ anna: "0.20", firm: "1.00" });
    const { granted, finalUnit } = await reserve("s", 3_600);
    assert.equal(granted?.durationSeconds, 180);
    assert.deepEqual(finalUnit, { action: "redirect", to: "https://top-up.example" });
  });
});
