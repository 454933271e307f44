import assert from "node:assert/strict";
import type { RunTop } from "../../node/core/commitment/join-runs.ts";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import { type RunBuilder, RunBuilderHere } from "../../node/engine/commit/run-builder.ts";
import type { RunLeaves } from "../../node/engine/commit/run-leaves.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { encodeJson, getJson } from "../../node/engine/store/stored-json.ts";
import type { IngestedFile, StoredBatch } from "../../node/engine/store/stored-types.ts";
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
    assert.deepEqual([...order].sort(), ["noted", "sealed", "taken in"]);
    assert.equal(order.at(-1), "taken in");
    assert.equal(classes.charged.records, UNITS * UNIT);
    const during = await scene.values<StoredBatch>(`batch/${CHARGES}/`);
    const count = during.reduce((sum, { value }) => sum + value.count, 0);
    assert.ok(count >= 3 * UNIT && count < UNITS * UNIT, `${count} charges in batches`);
    await scene.commit();
    await scene.assertConsistent();
    assert.equal((await scene.charges()).length, UNITS * UNIT);
  });

  it("keeps what erasing months noted with the file in a pause", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const file = usageFile("large", []);
    const key = keys.file(file.sha256);
    const dropped = { charged: 3, pricedAtZero: 1 };
    let noted = false;
    const note = () => {
      void scene.pipeline.seal().then(async () => {
        const stored = await getJson<IngestedFile>(scene.store, key);
        const value = encodeJson({ ...stored, dropped });
        await scene.store.write([{ type: "put", key, value }]);
        noted = stored?.complete === false;
      });
    };
    const lines = asking(calls("r", 4 * UNIT), UNIT, note);
    await scene.pipeline.ingest({ ...file, lines });
    assert.ok(noted, "while the file was taken in");
    const after = await getJson<IngestedFile>(scene.store, key);
    assert.deepEqual([after?.complete, after?.dropped], [true, dropped]);
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

/** Builds when it is let. */
class Held implements RunBuilder {
  readonly runDepth = 5;
  readonly briefRowsMax = 32;
  readonly runsAtOnce = 2;
  readonly #here = new RunBuilderHere(5);
  #open: () => void = () => {};
  #held = Promise.resolve();
  asked: Promise<void> = Promise.resolve();
  #onAsked: () => void = () => {};

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#open = resolve;
    });
    this.asked = new Promise((resolve) => {
      this.#onAsked = resolve;
    });
  }

  letGo(): void {
    this.#open();
  }

  async build(leaves: RunLeaves, depth: number): Promise<RunTop> {
    this.#onAsked();
    await this.#held;
    return this.#here.build(leaves, depth);
  }
}

describe("a large batch that is sealed", () => {
  it("lets files in meanwhile, and holds what was there when it was asked for", async () => {
    const runBuilder = new Held();
    const scene = await EngineScene.withAccounts({ runBuilder, ingestUnitRecords: UNIT });
    const records = calls("r", 7 * UNIT);
    await scene.ingest("before", records.slice(0, 3 * UNIT));
    runBuilder.hold();
    const sealed = scene.pipeline.seal();
    const second = scene.pipeline.seal();
    await runBuilder.asked;
    const { classes } = await scene.ingest("meanwhile", records.slice(3 * UNIT));
    assert.equal(classes.charged.records, 4 * UNIT);
    assert.deepEqual(await scene.values("tick/"), []);
    runBuilder.letGo();
    const [one, next] = await Promise.all([sealed, second]);
    assert.deepEqual([one.number, next.number], ["1", "2"]);
    const counts = await scene.values<StoredBatch>(`batch/${CHARGES}/`);
    assert.deepEqual(
      counts.map(({ value }) => value.count),
      [3 * UNIT, 4 * UNIT],
    );
    await scene.commit();
    await scene.assertConsistent();
  });

  it("is written in the next pause of a file, whenever the last one was", async () => {
    const runBuilder = new Held();
    const scene = await EngineScene.withAccounts({ runBuilder, ingestUnitRecords: UNIT });
    const records = calls("r", 11 * UNIT);
    await scene.ingest("before", records.splice(0, 3 * UNIT));
    runBuilder.hold();
    const order: string[] = [];
    let sealed: Promise<unknown> | undefined;
    async function* lines(): AsyncGenerator<InspectLine> {
      for (const [line, record] of records.entries()) {
        if (line === UNIT) sealed = scene.pipeline.seal().then(() => order.push("sealed"));
        if (line === 3 * UNIT + 1) {
          await runBuilder.asked;
          runBuilder.letGo();
          // Until it asks for its turn.
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
        yield record;
      }
    }
    await scene.pipeline.ingest({ ...usageFile("large", []), lines: lines() });
    order.push("taken in");
    await sealed;
    assert.deepEqual(order, ["sealed", "taken in"]);
    await scene.commit();
    await scene.assertConsistent();
  });

  it("leaves all rows waiting when the process dies before it is written", async () => {
    const runBuilder = new Held();
    const scene = await EngineScene.withAccounts({ runBuilder });
    await scene.ingest("before", calls("b", 3 * UNIT));
    runBuilder.hold();
    const sealed = scene.pipeline.seal();
    await runBuilder.asked;
    scene.crash();
    runBuilder.letGo();
    await assert.rejects(sealed);
    await scene.reopen();
    await scene.commit();
    const [batch] = await scene.values<StoredBatch>(`batch/${CHARGES}/`);
    assert.equal(batch?.value.count, 3 * UNIT);
    await scene.assertConsistent();
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
    const thrown = turns.runBrief(() => {
      throw new Error("at once");
    });
    const brief = turns
      .runBrief(async () => order.push("brief"))
      .then(() => turns.runBrief(async () => order.push("the next one")));
    await assert.rejects(failed, /brief/);
    await assert.rejects(thrown, /at once/);
    await Promise.all([long, brief, turns.run(async () => order.push("last"))]);
    await later;
    assert.deepEqual(order, ["brief", "the next one", "long", "last", "later"]);
  });
});
