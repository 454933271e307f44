import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killMoments } from "../../scripts/soak/kill-moments.ts";
import { readMonthState } from "../../scripts/soak/month-state.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { killedRun, type StartRun } from "../../scripts/soak/start-run.ts";

/** TALLYSTICK_SEED=… replays the moments of a failed run. */
const SEED = Number(process.env.TALLYSTICK_SEED ?? Date.now() % 1_000_000);

describe(`kill -9 during npm start (TALLYSTICK_SEED=${SEED})`, function () {
  this.timeout(240_000);

  it("of a node, the ledger and everything ends as if nothing had happened", async () => {
    const moments = killMoments(new Seeded(SEED));
    const base = await mkdtemp(join(tmpdir(), "tallystick-kill-"));
    const kills: string[] = [];
    const runs: StartRun[] = [];
    try {
      const calm = join(base, "calm");
      runs.push(await killedRun(calm, [], () => {}));
      const expected = await readMonthState(calm);
      await runs[0]?.stop();
      const disturbed = join(base, "disturbed");
      runs.push(await killedRun(disturbed, moments, (words) => kills.push(words)));
      const found = await readMonthState(disturbed);
      assert.deepEqual(found, expected, kills.join("; "));
      assert.deepEqual([found.balance.lost, found.balance.doubled], [0, 0]);
      assert.deepEqual(found.state.fsck, { alder: [], birch: [] });
      assert.equal(kills.length, 3);
    } finally {
      for (const run of runs) await run.stop();
      await rm(base, { recursive: true, force: true });
    }
  });
});
