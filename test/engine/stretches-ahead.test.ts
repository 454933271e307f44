import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { TallystickError } from "../../node/core/errors.ts";
import { type RunBuilder, RunBuilderHere } from "../../node/engine/commit/run-builder.ts";
import { calls, EngineScene } from "./engine-scene.ts";

const UNITS = { batchChargesMax: 7, ingestUnitRecords: 5 };

/** Builds here, and notes of how many leaves each run was. */
class NotedRuns implements RunBuilder {
  readonly runDepth = 7;
  readonly briefRowsMax = 0;
  readonly runsAtOnce = 1;
  readonly #here = new RunBuilderHere();
  readonly leaves: number[] = [];
  fails = false;

  build(...its: Parameters<RunBuilder["build"]>) {
    const [{ count }] = its;
    if (count > 0) this.leaves.push(count);
    if (this.fails) throw new TallystickError("seal.thread-failed", "It ended.");
    return this.#here.build(...its);
  }
}

async function untilQuiet(runs: NotedRuns): Promise<void> {
  for (let [turns, seen] = [0, -1]; turns < 50; turns++) {
    if (runs.leaves.length !== seen) turns = 0;
    seen = runs.leaves.length;
    await setImmediate();
  }
}

describe("batches that are full before anybody seals", () => {
  it("are built while files come in, so that a tick builds only the rest", async () => {
    const runBuilder = new NotedRuns();
    const scene = await EngineScene.withAccounts({ ...UNITS, runBuilder });
    await scene.ingest("file", calls("f", 40));
    await untilQuiet(runBuilder);
    assert.deepEqual(runBuilder.leaves.splice(0), [7, 7, 7, 7, 7]);
    await scene.ingest("more", calls("m", 4, { durationSeconds: 31 }));
    await untilQuiet(runBuilder);
    assert.deepEqual(runBuilder.leaves.splice(0), [7]);
    await scene.commit();
    assert.deepEqual(runBuilder.leaves.splice(0), [2]);
    await scene.commit();
    assert.deepEqual(runBuilder.leaves, []);
    await scene.assertConsistent();
  });

  it("are the same as those that are built when they are asked for", async () => {
    const ticks = [];
    for (const buildsAhead of [true, false]) {
      const runBuilder = new NotedRuns();
      const scene = await EngineScene.withAccounts({ ...UNITS, runBuilder, buildsAhead });
      for (const [at, name] of ["a", "b", "c"].entries()) {
        await scene.ingest(name, calls(name, 17, { durationSeconds: 30 + at }));
        await untilQuiet(runBuilder);
        assert.equal(runBuilder.leaves.length > 0, buildsAhead);
        ticks.push(await scene.commit());
        runBuilder.leaves.length = 0;
      }
      await scene.assertConsistent();
    }
    assert.deepEqual(ticks.slice(0, 3), ticks.slice(3));
  });

  it("are built again by whoever seals, who tells what is wrong, when they could not be", async () => {
    const runBuilder = new NotedRuns();
    runBuilder.fails = true;
    const unheard: unknown[] = [];
    const hear = (error: unknown) => unheard.push(error);
    process.on("unhandledRejection", hear);
    const scene = await EngineScene.withAccounts({ ...UNITS, runBuilder });
    await scene.ingest("file", calls("f", 40));
    await untilQuiet(runBuilder);
    assert.notEqual(runBuilder.leaves.length, 0);
    await assert.rejects(scene.pipeline.seal(), { code: "seal.thread-failed" });
    process.off("unhandledRejection", hear);
    assert.deepEqual(unheard, []);
    runBuilder.fails = false;
    await scene.commit();
    await scene.assertConsistent();
  });

  it("are built no more once the node stops", async () => {
    const runBuilder = new NotedRuns();
    const scene = await EngineScene.withAccounts({ ...UNITS, runBuilder });
    await scene.pipeline.stopAhead();
    await scene.ingest("file", calls("f", 40));
    await untilQuiet(runBuilder);
    assert.deepEqual(runBuilder.leaves, []);
  });
});
