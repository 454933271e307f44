import assert from "node:assert/strict";
import { constants } from "node:fs";
import { CommittedPowerCuts } from "./committed-power-cut.ts";
import { type PowerCutRun, PowerCuts } from "./power-cut.ts";

/** TALLYSTICK_POWER_SEED=… replays one seed; without it each run takes other ones. */
const GIVEN = process.env.TALLYSTICK_POWER_SEED;
const FIRST = GIVEN === undefined ? Date.now() % 1_000_000_000 : Number(GIVEN);

describe(`under power cuts (TALLYSTICK_POWER_SEED=${FIRST} and on)`, () => {
  for (const [title, simulation, seeds] of [
    ["the store keeps what was acknowledged, whichever sectors are lost", PowerCuts, 8],
    [
      "an operator has every batch that it signed, and charges each record once",
      CommittedPowerCuts,
      3,
    ],
  ] as const) {
    it(title, async () => {
      const sum: PowerCutRun = { cuts: 0, lost: 0, direct: 0 };
      for (let seed = FIRST; seed < FIRST + (GIVEN === undefined ? seeds : 1); seed++) {
        try {
          const run = await simulation.run(seed);
          sum.cuts += run.cuts;
          sum.lost += run.lost;
          sum.direct += run.direct;
        } catch (cause) {
          throw new Error(`TALLYSTICK_POWER_SEED=${seed} fails: ${(cause as Error).message}`, {
            cause,
          });
        }
      }
      if (GIVEN !== undefined) return;
      // Cuts that tear nothing would prove little.
      assert.ok(sum.lost > 0, JSON.stringify(sum));
      if (simulation === CommittedPowerCuts) return;
      assert.ok(sum.lost < sum.cuts, JSON.stringify(sum));
      // Not every system knows such writes.
      if (constants.O_DIRECT !== undefined) assert.ok(sum.direct > 0, "rows are written so");
    });
  }
});
