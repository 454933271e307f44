import assert from "node:assert/strict";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import type { StoredBatch } from "../../node/engine/store/stored-types.ts";
import { OneAtATime } from "../../node/engine/store/turns.ts";
import { CHARGES, calls, EngineScene, usageFile } from "./engine-scene.ts";

const UNIT = 32;
const UNITS = 8;

/** Lines that ask for something else once so many were read. */
async function* asking(
  lines: readonly InspectLine[],
  at: number,
  ask: () => void,
): AsyncGenerator<InspectLine> {
  for (const [line, record] of lines.entries()) {
    if (line === at) ask();
    yield record;
  }
}

describe("a large file that is taken in", () => {
  it("keeps no commitment waiting, and its books are whole", async () => {
    const scene = await EngineScene.withAccounts({
      ingestUnitRecords: UNIT,
      batchChargesMax: 2 * UNIT,
    });
    const records = calls("r", UNITS * UNIT);
    const order: string[] = [];
    const others: Promise<unknown>[] = [];
    const seal = () => {
      others.push(scene.pipeline.seal().then(() => order.push("sealed")));
      others.push(scene.pipeline.noteFinal().then(() => order.push("noted")));
    };
    const file = { ...usageFile("large", []), lines: asking(records, 3 * UNIT, seal) };
    const { classes } = await scene.pipeline.ingest(file);
    order.push("taken in");
    await Promise.all(others);
    assert.deepEqual(order, ["sealed", "noted", "taken in"]);
    assert.equal(classes.charged.records, UNITS * UNIT);
    const during = await scene.values<StoredBatch>(`batch/${CHARGES}/`);
    const count = during.reduce((sum, { value }) => sum + value.count, 0);
    assert.ok(count >= 3 * UNIT && count < UNITS * UNIT, `${count} charges in batches`);
    await scene.commit();
    await scene.assertConsistent();
    assert.equal((await scene.charges()).length, UNITS * UNIT);
  });

  it("lets nobody change accounts or suspense meanwhile", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const order: string[] = [];
    const others: Promise<unknown>[] = [];
    const ask = () => {
      others.push(scene.pipeline.recycle("nobody").then(() => order.push("recycled")));
      others.push(scene.pipeline.seal().then(() => order.push("sealed")));
    };
    const file = { ...usageFile("large", []), lines: asking(calls("r", 4 * UNIT), UNIT, ask) };
    await scene.pipeline.ingest(file).then(() => order.push("taken in"));
    await Promise.all(others);
    assert.deepEqual(order, ["sealed", "taken in", "recycled"]);
  });
});

describe("turns", () => {
  it("gives each brief task one turn, and tells who asked how it ended", async () => {
    const turns = new OneAtATime();
    const order: string[] = [];
    let later: Promise<unknown> | undefined;
    const long = turns.run(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(turns.isPauseAsked);
      await turns.pause();
      later = turns.runBrief(async () => order.push("later"));
      assert.ok(!turns.isPauseAsked, "there was one just now");
      order.push("long");
    });
    const failed = turns.runBrief(() => Promise.reject(new Error("brief")));
    const brief = turns
      .runBrief(async () => order.push("brief"))
      .then(() => turns.runBrief(async () => order.push("the next one")));
    await assert.rejects(failed, /brief/);
    await Promise.all([long, brief, turns.run(async () => order.push("last"))]);
    await later;
    assert.deepEqual(order, ["brief", "the next one", "long", "last", "later"]);
  });
});
