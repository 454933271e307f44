import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { ChargingUpkeep } from "../../node/engine/charging/charging-upkeep.ts";
import { CALL, PREPAID_TARIFF, pricersOf, START } from "../core/charging/charging-scene.ts";

describe("charging upkeep", () => {
  it("gives reservations back in time, compacts, and tells of trouble once", async () => {
    const log = new MemoryChargingLog();
    let now = START;
    const node = await ChargingNode.open({
      log,
      pricers: pricersOf(PREPAID_TARIFF),
      now: () => now,
    });
    const errors: unknown[] = [];
    let turns = 0;
    let isBroken = false;
    const upkeep = new ChargingUpkeep(
      node,
      (error) => errors.push(error),
      async () => {
        turns += 1;
        if (isBroken) throw new Error("the centre is away");
      },
    );
    await node.pay({ account: "anna", reference: "p", amountNano: 10_000_000_000n });
    await node.answer({ kind: "reserve", session: "s", request: 0, account: "anna", use: CALL });
    for (let i = 0; i < 1000; i++) {
      await node.pay({ account: "anna", reference: `p${i}`, amountNano: 1n });
    }
    assert.ok(node.wantsSnapshot);
    now += 1_200_000;
    upkeep.start();
    const turn = async (count: number) => {
      for (const until = turns + count; turns < until; ) await sleep(20);
    };
    await turn(1);
    assert.equal(node.account("anna").reservedNano, 0n);
    while (node.wantsSnapshot) await sleep(20);
    isBroken = true;
    await turn(3);
    assert.equal(errors.length, 1);
    assert.equal(upkeep.fault?.part, "charging-upkeep");
    isBroken = false;
    await turn(2);
    assert.equal(upkeep.fault, undefined);
    isBroken = true;
    await turn(2);
    await upkeep.stop();
    assert.equal(errors.length, 2);
    const after = turns;
    await sleep(250);
    assert.equal(turns, after);
  });
});
