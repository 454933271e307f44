import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { checkTotals } from "../../node/engine/check/check-totals.ts";
import { FusedStore } from "../simulation/fused-store.ts";
import { ANNA, type EngineScene, hasCode, STRANGER } from "./engine-scene.ts";
import {
  callsOn,
  contentsOf,
  eraseAll,
  keysUnder,
  longAfter,
  twoMonths,
} from "./retention-scene.ts";

const DECISION = { by: "clerk", reason: "a test call" };

/** A credit of so much of the charge of a record. */
const credit = (recordId: string, creditNano: bigint) => ({ ...DECISION, recordId, creditNano });

const unknown = (prefix: string, day: string) => callsOn(day, prefix, 2, { aParty: STRANGER });

/** In each month two records that were never charged and a correction; one of October's was corrected in November. */
const notedMonths = () =>
  twoMonths({
    october: async (scene) => {
      await scene.ingest("waiting", unknown("x", "2026-10-04"));
      await scene.pipeline.drop(["x-0", "x-1"], DECISION);
      await scene.pipeline.correct(credit("a-1", 1_000_000n));
      await scene.pipeline.correct({ ...DECISION, recordId: "a-2" });
      await scene.commit();
    },
    shared: async (scene) => {
      await scene.ingest("found late", unknown("z", "2026-10-31"));
      await scene.pipeline.correctSuspended("z-0", { aParty: ANNA });
      assert.equal(await scene.pipeline.recycle("z-0"), "charged");
      await scene.pipeline.drop(["z-1"], DECISION);
    },
    november: async (scene) => {
      await scene.ingest("still waiting", unknown("y", "2026-10-04"));
      await scene.pipeline.drop(["y-0"], DECISION);
      await scene.pipeline.correct(credit("a-3", 1_000_000n));
      await scene.commit();
    },
  });

const notes = async (scene: EngineScene) => [
  ...(await keysUnder(scene, "correction/")),
  ...(await keysUnder(scene, "dropped/")),
];

describe("retention of what is noted of single records", () => {
  let scene: EngineScene;
  let stored: ReadonlyMap<string, Uint8Array>;
  const again = async (contents = stored) => {
    scene.store = new MemoryStore(contents);
    await scene.reopen();
  };
  before(async () => {
    scene = await notedMonths();
    await longAfter(scene);
    stored = await contentsOf(scene);
  });

  it("erases decisions and corrections with their month, none of a later one, and nothing that waits", async () => {
    await again();
    const all = ["correction/a-1", "correction/a-2", "correction/a-3"];
    assert.deepEqual(await notes(scene), [
      ...all,
      "dropped/x-0",
      "dropped/x-1",
      "dropped/y-0",
      "dropped/z-1",
    ]);
    assert.equal((await eraseAll(scene)).over, "2026-10");
    // What was dropped or credited in November belongs to November.
    assert.deepEqual(await notes(scene), ["correction/a-3", "dropped/y-0", "dropped/z-1"]);
    assert.deepEqual(await keysUnder(scene, "suspense/"), ["suspense/y-1"]);
  });

  it("leaves control totals that add up, and duplicates that are known", async () => {
    await again();
    await eraseAll(scene);
    assert.deepEqual(await checkTotals(scene.store), []);
    assert.equal((await scene.pipeline.status()).totalsBalance, true);
    await scene.assertConsistent();
    const { classes } = await scene.ingest("waiting again", unknown("x", "2026-10-04"));
    assert.equal(classes.duplicate.records, 2);
    // A decision that is gone although its month is kept is still found.
    const contents = new Map(await contentsOf(scene));
    contents.delete("dropped/y-0");
    const [problem] = await checkTotals(new MemoryStore(contents));
    assert.equal(problem?.code, "fsck.control-totals");
  });

  it("credits nothing of a charge whose month is over, though it shares a batch with a kept one", async () => {
    await again();
    await eraseAll(scene);
    const before = await contentsOf(scene);
    await assert.rejects(
      scene.pipeline.correct(credit("z-0", 1_000_000n)),
      hasCode("evidence.retention-over"),
    );
    await assert.rejects(
      scene.pipeline.correct(credit("a-1", 1_000_000n)),
      hasCode("correction.unknown"),
    );
    assert.deepEqual(await contentsOf(scene), before);
    assert.equal((await scene.pipeline.correct(credit("early-0", 1_000_000n))).already, false);
  });

  it("ends what it began wherever it dies", async () => {
    await again();
    await eraseAll(scene);
    const wanted = await contentsOf(scene);
    for (const calls of [8, 12, 16, 20, 22, 26]) {
      await again();
      const fuse = new FusedStore(scene.store);
      await scene.reopen(fuse);
      fuse.dieAfter(calls, calls % 4 === 0);
      await eraseAll(scene).catch(() => {});
      scene.crash();
      await scene.reopen();
      await scene.assertConsistent();
      await eraseAll(scene);
      assert.deepEqual(await contentsOf(scene), wanted, `died at ${calls}`);
    }
  });

  it("erases those of the next month with that one", async () => {
    await again();
    await eraseAll(scene);
    // The ledger's time, which all share, runs on: this one is the last.
    await longAfter(scene, "2027-03-01T00:00:00Z");
    assert.equal((await eraseAll(scene)).over, "2026-11");
    assert.deepEqual(await notes(scene), []);
    assert.deepEqual(await checkTotals(scene.store), []);
    assert.deepEqual(await keysUnder(scene, "suspense/"), ["suspense/y-1"]);
  });
});
