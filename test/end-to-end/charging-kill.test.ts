import assert from "node:assert/strict";
import { soakCharging } from "../../scripts/soak/charging-soak.ts";

/** TALLYSTICK_SEED=… replays the calls and moments of a failed run, as far as processes repeat. */
const SEED = Number(process.env.TALLYSTICK_SEED ?? Date.now() % 1_000_000);

describe(`kill -9 of charging nodes under load (TALLYSTICK_SEED=${SEED})`, function () {
  this.timeout(120_000);

  for (const [what, withEdge] of [
    ["a charging node keeps every answer and every amount", false],
    ["an edge and its centre settle every amount once", true],
  ] as const) {
    it(what, async () => {
      const soak = await soakCharging(SEED, 3, withEdge);
      assert.deepEqual(soak.problems, []);
      assert.deepEqual([soak.kills, soak.lost, soak.doubled], [3, 0, 0]);
      assert.ok(soak.sessions > 50, `${soak.sessions} sessions, ${soak.answers} answers`);
    });
  }
});
