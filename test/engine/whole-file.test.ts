import assert from "node:assert/strict";
import { TallystickError } from "../../node/core/errors.ts";
import type { InspectLine } from "../../node/core/formats/inspect-line.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import type { StoredCharge } from "../../node/engine/store/stored-types.ts";
import { call, calls, EngineScene, hasCode, STRANGER, usageFile } from "./engine-scene.ts";

const UNIT = 32;

const idle = () => new Promise((resolve) => setTimeout(resolve, 20));

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    assert.ok(turn < 100, String(holds));
    await idle();
  }
}

/** All that is stored, but for the key of the index of records seen: that is no file's. */
async function contentsOf(scene: EngineScene): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for await (const { key, value } of scene.store.scan({ from: "", to: "\uffff" })) {
    if (key !== keys.node("seen-key")) contents.set(key, Buffer.from(value).toString("base64"));
  }
  return contents;
}

/** A file that is being looked at while it is taken in, and how far it was. */
function lookedAt(name: string, lines: readonly InspectLine[]) {
  const look = Promise.withResolvers<void>();
  const given = { lines: 0 };
  const all = (async function* () {
    for (const line of lines) {
      given.lines++;
      yield line;
    }
  })();
  const { sha256 } = usageFile(name, []);
  return { file: { name, sha256, lines: all, whole: look.promise }, look, given };
}

const cut = () => new TallystickError("ingest.file-cut", "It is cut.", { file: "cut" });

describe("a file that is taken in while it is looked at", () => {
  it("is gathered for two units of work, and nothing is stored before it was seen whole", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const before = await contentsOf(scene);
    const { file, look, given } = lookedAt("large", calls("r", 6 * UNIT));
    const progress: number[] = [];
    const taking = scene.pipeline.ingest(file, (records) => progress.push(records));
    await until(() => given.lines >= 2 * UNIT);
    await idle();
    assert.equal(given.lines, 2 * UNIT);
    assert.deepEqual(progress, []);
    assert.deepEqual(await contentsOf(scene), before);
    look.resolve();
    const { classes } = await taking;
    assert.equal(classes.charged.records, 6 * UNIT);
    assert.deepEqual(progress.slice(0, 2), [UNIT, 2 * UNIT]);
    assert.equal((await scene.charges()).length, 6 * UNIT);
    await scene.assertConsistent();
  });

  it("is stored too when all of it was gathered before", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const { file, look, given } = lookedAt("small", calls("r", UNIT + 5));
    const taking = scene.pipeline.ingest(file);
    await until(() => given.lines >= UNIT + 5);
    look.resolve();
    assert.equal((await taking).complete, true);
    assert.equal((await scene.charges()).length, UNIT + 5);
  });

  it("leaves nothing when it is refused, wherever it is by then, and what is right is taken after it", async () => {
    const lines = [
      ...calls("r", 3 * UNIT),
      call("waits", { aParty: STRANGER }),
      // Priced by hand: a row of its own, beside the blocks.
      call("nowhere", { bParty: "+33123456789" }),
    ];
    for (const isEarly of [true, false]) {
      const options = { ingestUnitRecords: UNIT, seenEntriesInMemory: UNIT };
      const scene = await EngineScene.withAccounts(options);
      await scene.ingest("earlier", calls("e", 5, { durationSeconds: 7 }));
      const before = await contentsOf(scene);
      const { file, look, given } = lookedAt("cut", lines.slice(0, -3));
      if (isEarly) look.reject(cut());
      const refused = assert.rejects(scene.pipeline.ingest(file), hasCode("ingest.file-cut"));
      // The index of records seen is folded with the first unit, and written before the next.
      await until(() => isEarly || given.lines >= UNIT);
      await idle();
      look.reject(cut());
      await refused;
      assert.deepEqual(await contentsOf(scene), before);
      const { classes } = await scene.ingest("right", lines);
      assert.equal(classes.charged.records, 3 * UNIT);
      assert.equal(classes.suspended.records, 2);
      assert.equal(classes.duplicate.records, 0);
      await scene.commit();
      await scene.assertConsistent();
      const numbers = (await scene.charges()).map((charge: StoredCharge) => charge.recordId);
      assert.equal(new Set(numbers).size, 5 + 3 * UNIT);
    }
  });

  it("is refused without loading the index of records seen again, which a write that failed needs", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    await scene.ingest("earlier", calls("e", 5, { durationSeconds: 7 }));
    const scan = scene.store.scan.bind(scene.store);
    let loads = 0;
    scene.store.scan = (range) => {
      if (range.from === "seen/") loads++;
      return scan(range);
    };
    const { file, look, given } = lookedAt("cut", calls("r", 3 * UNIT));
    const refused = assert.rejects(scene.pipeline.ingest(file), hasCode("ingest.file-cut"));
    await until(() => given.lines >= 2 * UNIT);
    look.reject(cut());
    await refused;
    await scene.ingest("first", calls("r", UNIT));
    assert.equal(loads, 0);
    scene.store.failNextWrites("failedAndLost");
    await assert.rejects(
      scene.ingest("second", calls("s", UNIT, { durationSeconds: 9 })),
      hasCode("store.write-failed"),
    );
    const { classes } = await scene.ingest("second", calls("s", UNIT, { durationSeconds: 9 }));
    assert.equal(classes.charged.records, UNIT);
    assert.equal(loads, 1);
    await scene.assertConsistent();
  });

  it("is gone after a crash before it was seen whole, and comes whole after it", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const before = await contentsOf(scene);
    const { file, given } = lookedAt("large", calls("r", 4 * UNIT));
    void scene.pipeline.ingest(file);
    await until(() => given.lines >= 2 * UNIT);
    scene.crash();
    await scene.reopen();
    assert.deepEqual(await contentsOf(scene), before);
    const { already, classes } = await scene.ingest("large", calls("r", 4 * UNIT));
    assert.deepEqual([already, classes.charged.records], [false, 4 * UNIT]);
    await scene.assertConsistent();
  });

  it("lets a commitment come between its units of work, but not before the first is stored", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
    const { file, look } = lookedAt("large", calls("r", 8 * UNIT));
    const order: string[] = [];
    const taking = scene.pipeline.ingest(file, (records) => order.push(`${records} stored`));
    const sealing = scene.pipeline.seal().then(() => order.push("sealed"));
    await idle();
    assert.deepEqual(order, []);
    look.resolve();
    await Promise.all([taking, sealing]);
    assert.deepEqual(order.slice(0, 2), [`${UNIT} stored`, "sealed"]);
    assert.equal(order.filter((what) => what !== "sealed").length, 8 + 1);
    await scene.commit();
    await scene.assertConsistent();
  });

  it("is not waited for when it was taken in before", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("known", calls("r", 3));
    const { file } = lookedAt("known", calls("r", 3));
    assert.equal((await scene.pipeline.ingest(file)).already, true);
  });
});
