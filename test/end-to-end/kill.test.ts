import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killMoments } from "../../scripts/soak/kill-moments.ts";
import { readMonthState } from "../../scripts/soak/month-state.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { killedRun, type StartRun, VICTIMS } from "../../scripts/soak/start-run.ts";

/** TALLYSTICK_SEED=… replays the moments of a failed run. */
const SEED = Number(process.env.TALLYSTICK_SEED ?? Date.now() % 1_000_000);

describe(`kill -9 during npm start (TALLYSTICK_SEED=${SEED})`, function () {
  this.timeout(240_000);

  let base: string;
  let calm: StartRun;
  let expected: Awaited<ReturnType<typeof readMonthState>>;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), "tallystick-kill-"));
    calm = await killedRun(join(base, "calm"), [], () => {});
    expected = await readMonthState(join(base, "calm"));
  });
  after(async () => {
    await calm?.stop();
    await rm(base, { recursive: true, force: true });
  });

  it("gives a node up that does not come back, says so, and ends with code 4", async () => {
    await writeFile(join(base, "calm", "birch", "node.json"), "{");
    await calm.kill("node", "birch");
    const { code, words } = await calm.ended();
    assert.equal(code, 4);
    assert.match(words, /Birch's node ended .* \[node\.lost\]/);
  });

  it("of a node, the ledger, the start and everything ends as if nothing had happened", async () => {
    const directory = join(base, "disturbed");
    const kills: string[] = [];
    const moments = killMoments(new Seeded(SEED));
    const run = await killedRun(directory, moments, (words) => kills.push(words));
    try {
      const found = await readMonthState(directory);
      assert.deepEqual(found, expected, kills.join("; "));
    } finally {
      await run.stop();
    }
    assert.deepEqual([expected.balance.lost, expected.balance.doubled], [0, 0]);
    assert.ok(expected.balance.records > 0);
    assert.deepEqual(expected.state.fsck, { alder: [], birch: [] });
    assert.equal(kills.length, VICTIMS.length);
  });
});
