import assert from "node:assert/strict";
import { checkStore } from "../../node/engine/check/check-store.ts";
import {
  emptyFile,
  imbalanceOf,
  isNothing,
  nothing,
  RunningTotals,
  together,
} from "../../node/engine/intake/control-totals.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import type {
  AllTotals,
  DroppedRecord,
  IngestedFile,
  StoredBatch,
  StoredTotals,
  SuspendedRecord,
} from "../../node/engine/store/stored-types.ts";
import { ANNA, CHARGES, call, calls, EngineScene, STRANGER } from "./engine-scene.ts";

const DECISION = { by: "Ruth", reason: "a test call of the switch" };

const sha256Of = async (scene: EngineScene, name: string): Promise<string> => {
  const files = await scene.values<IngestedFile>("file/");
  return files.find(({ value }) => value.name === name)?.value.sha256 ?? assert.fail(name);
};

/** Three calls of noon, one of eleven whose owner is unknown, one row that is none. */
async function sceneWithFile(): Promise<EngineScene> {
  const scene = await EngineScene.withAccounts({ ingestUnitRecords: 2 });
  await scene.ingest("monday", [
    ...calls("a", 3),
    call("x", { aParty: STRANGER, start: "2026-10-05T09:59:59.999Z", durationSeconds: 61.5 }),
    { rejected: { code: "x.bad-row", message: "", position: 5 } },
  ]);
  return scene;
}

describe("control totals", () => {
  it("do not balance when a part is missing, in records, time or octets", () => {
    const totals = { records: 2, durationMilliseconds: "10", octets: "0" };
    const half = { records: 1, durationMilliseconds: "5", octets: "0" };
    const balance = (classes: StoredTotals["classes"]) =>
      isNothing(imbalanceOf({ in: totals, classes }));
    assert.equal(balance({ charged: half, duplicate: half }), true);
    assert.equal(balance({ charged: half }), false);
    assert.equal(
      balance({ charged: half, duplicate: { ...half, durationMilliseconds: "4" } }),
      false,
    );
    assert.equal(balance({ charged: half, duplicate: { ...half, octets: "1" } }), false);
  });

  it("sum octets of rows exactly, also beyond what a double holds", () => {
    const totals = new RunningTotals();
    const octets = 999_999_999_999_999;
    for (let row = 0; row < 19; row++) totals.addNumbers("charged", 0, Number.NaN, octets);
    const { classes } = totals.addedTo(emptyFile({ name: "f", sha256: "" }));
    assert.equal(classes.charged.octets, String(19n * BigInt(octets)));
    assert.equal(classes.charged.durationMilliseconds, "0");
  });

  it("are kept by hour of use, and rows that are none stand under no hour", async () => {
    const scene = await sceneWithFile();
    const { rows } = await scene.pipeline.control.hours({ limit: 10 });
    assert.deepEqual(
      rows.map(({ hour, in: taken, balanced }) => [hour, taken.records, balanced]),
      [
        ["2026-10-05T09", 1, true],
        ["2026-10-05T10", 3, true],
        ["none", 1, true],
      ],
    );
    assert.deepEqual(rows[0]?.classes.suspended, {
      records: 1,
      durationMilliseconds: "61500",
      octets: "0",
    });
    const first = await scene.pipeline.control.hours({ limit: 1 });
    assert.deepEqual([first.rows.length, first.next], [1, "2026-10-05T10"]);
    const other = await scene.pipeline.control.hours({ file: "0".repeat(64), limit: 10 });
    assert.deepEqual(other.rows, []);
  });

  it("take a file in that holds a duration finer than a millisecond, which waits", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("fine", [...calls("a", 1), call("fine", { durationSeconds: 1.2346 })]);
    const [file] = await scene.values<IngestedFile>("file/");
    assert.deepEqual(file?.value.classes.suspended, {
      records: 1,
      durationMilliseconds: "1235",
      octets: "0",
    });
    const [waiting] = await scene.values<SuspendedRecord>("suspense/");
    assert.equal(waiting?.value.code, "rating.quantity-too-fine");
    assert.equal(isNothing(imbalanceOf(file.value)), true);
    await scene.assertConsistent();
  });

  it("say of a recycled record what it became, with what came in, whatever was corrected", async () => {
    const scene = await sceneWithFile();
    assert.equal(await scene.pipeline.recycle("x"), "suspended");
    await scene.pipeline.correctSuspended("x", { aParty: ANNA, durationSeconds: 10 });
    assert.equal(await scene.pipeline.recycle("x"), "charged");
    const { classes, in: taken, leftSuspense, balanced } = await scene.pipeline.control.overall();
    assert.equal(balanced, true);
    assert.deepEqual([classes.charged.records, classes.suspended.records], [4, 0]);
    assert.equal(taken.durationMilliseconds, "151500");
    assert.equal(classes.charged.durationMilliseconds, "151500");
    assert.equal(leftSuspense.records, 1);
    await scene.assertConsistent();
  });

  it("count a dropped record as dropped, which is kept and a duplicate from then on", async () => {
    const scene = await sceneWithFile();
    assert.deepEqual(await scene.pipeline.drop(["x", "none"], DECISION), ["x"]);
    assert.deepEqual(await scene.pipeline.drop(["x"], DECISION), []);
    assert.equal(await scene.pipeline.recycle("x"), undefined);
    const { rows } = await scene.pipeline.control.dropped({ limit: 10 });
    assert.equal(rows.length, 1);
    const { record, code, by, reason, droppedAt } = rows[0] as DroppedRecord;
    assert.deepEqual(
      { id: record.id, code, by, reason, droppedAt },
      { id: "x", code: "guide.unknown-owner", ...DECISION, droppedAt: "2026-10-05T12:00:00.000Z" },
    );
    const { classes, balanced } = await scene.pipeline.control.overall();
    assert.deepEqual([classes.dropped.records, classes.suspended.records, balanced], [1, 0, true]);
    const again = await scene.ingest("tuesday", [call("x", { aParty: STRANGER })]);
    assert.equal(again.classes.duplicate.records, 1);
    await scene.assertConsistent();
  });

  it("leave a record waiting when the disk fails while it is dropped", async () => {
    const scene = await sceneWithFile();
    scene.store.failNextWrites("failedAndLost");
    await assert.rejects(scene.pipeline.drop(["x"], DECISION));
    const { classes } = await scene.pipeline.control.overall();
    assert.deepEqual([classes.dropped.records, classes.suspended.records], [0, 1]);
    assert.deepEqual(await scene.pipeline.drop(["x"], DECISION), ["x"]);
    await scene.assertConsistent();
  });

  it("lead to the oldest that waits, whatever was corrected, recycled or dropped", async () => {
    const scene = await EngineScene.withAccounts();
    const at = (hour: number) => `2026-10-05T0${hour}:00:00.000Z`;
    await scene.ingest(
      "monday",
      [1, 2, 3, 4].map((hour) => call(`s${hour}`, { aParty: STRANGER, start: at(hour) })),
    );
    const oldest = async () => {
      await scene.pipeline.seal();
      const batches = await scene.values<StoredBatch>(`batch/${CHARGES}/`);
      const { suspended, oldestSuspended } = batches.at(-1)?.value.opened.totals ?? assert.fail();
      return [suspended, new Date(Number(oldestSuspended)).toISOString()];
    };
    assert.deepEqual(await oldest(), ["4", at(1)]);
    await scene.pipeline.correctSuspended("s1", { start: at(9) });
    assert.deepEqual(await oldest(), ["4", at(2)]);
    await scene.pipeline.drop(["s2"], DECISION);
    assert.deepEqual(await oldest(), ["3", at(3)]);
    await scene.pipeline.correctSuspended("s3", { aParty: ANNA });
    assert.equal(await scene.pipeline.recycle("s3"), "charged");
    assert.equal(await scene.pipeline.recycle("s4"), "suspended");
    assert.deepEqual(await oldest(), ["2", at(4)]);
    await scene.settle();
    await scene.pipeline.noteFinal();
    await scene.assertConsistent();
  });

  it("show what waits by reason and by the page", async () => {
    const scene = await EngineScene.withAccounts();
    const strangers = calls("s", 5, { aParty: STRANGER });
    await scene.ingest("monday", [call("a"), call("b"), ...strangers]);
    const reasons = await scene.pipeline.control.reasons();
    assert.deepEqual(
      reasons.map(({ code, waiting, oldest }) => [code, waiting.records, oldest]),
      [
        ["guide.unknown-owner", 5, "2026-10-05T10:00:00.000Z"],
        ["duplicate.suspected", 1, "2026-10-05T11:50:00.000Z"],
      ],
    );
    const seen: string[] = [];
    for (let after: string | undefined; ; ) {
      const { rows, next } = await scene.pipeline.control.waiting({
        limit: 2,
        code: "guide.unknown-owner",
        after,
      });
      seen.push(...rows.map(({ record }) => record.id));
      if (next === undefined) break;
      after = next;
    }
    assert.deepEqual(
      seen,
      strangers.map(({ id }) => id),
    );
  });

  describe("that were changed", () => {
    const codesAfter = async (change: (scene: EngineScene, session: StoreSession) => unknown) => {
      const scene = await sceneWithFile();
      await scene.pipeline.drop(["x"], DECISION);
      await scene.ingest("tuesday", [call("y", { aParty: STRANGER })]);
      const session = new StoreSession(scene.store);
      await change(scene, session);
      await session.commit();
      return (await checkStore(scene.store)).problems.map(({ code }) => code);
    };
    const found = ["fsck.control-totals"];

    it("are found in a file that says one charge too many", async () => {
      const codes = await codesAfter(async (scene, session) => {
        const key = keys.file(await sha256Of(scene, "monday"));
        const file = (await session.get<IngestedFile>(key)) as IngestedFile;
        const charged = { ...file.classes.charged, records: file.classes.charged.records + 1 };
        session.put(key, { ...file, classes: { ...file.classes, charged } });
      });
      assert.deepEqual([...new Set(codes)], found);
      assert.ok(codes.length >= 3);
    });

    it("are found where not all that came in became something, though file, hour and sum agree", async () => {
      for (const change of [{ records: 1 }, { durationMilliseconds: "1" }, { octets: "1" }]) {
        const codes = await codesAfter(async (scene, session) => {
          const sha256 = await sha256Of(scene, "monday");
          const hour = keys.hour("2026-10-05T09", sha256);
          for (const key of [keys.file(sha256), hour, keys.node("control-totals")]) {
            const totals = (await session.get<StoredTotals>(key)) as StoredTotals;
            session.put(key, { ...totals, in: together(totals.in, { ...nothing(), ...change }) });
          }
        });
        assert.deepEqual(codes, found);
      }
    });

    it("are found in an hour, and in the sum", async () => {
      for (const change of [
        async (scene: EngineScene, session: StoreSession) =>
          session.delete(keys.hour("2026-10-05T09", await sha256Of(scene, "monday"))),
        async (_: EngineScene, session: StoreSession) => {
          const key = keys.node("control-totals");
          const all = (await session.get<AllTotals>(key)) as AllTotals;
          session.put(key, { ...all, in: { ...all.in, octets: "1" } });
        },
      ]) {
        assert.deepEqual(await codesAfter(change), found);
      }
    });

    it("are found where a suspended or dropped record is gone, or another one there", async () => {
      for (const change of [
        (_: EngineScene, session: StoreSession) => session.delete(keys.dropped("x")),
        (_: EngineScene, session: StoreSession) => session.delete(keys.suspense("y")),
        (_: EngineScene, session: StoreSession) =>
          session.delete(keys.suspenseStart(Date.parse("2026-10-05T11:50:00.000Z"), "y")),
        async (_: EngineScene, session: StoreSession) => {
          const one = (await session.get<SuspendedRecord>(keys.suspense("y"))) as SuspendedRecord;
          session.put(keys.suspense("z"), one);
        },
        async (_: EngineScene, session: StoreSession) => {
          const one = (await session.get<SuspendedRecord>(keys.suspense("y"))) as SuspendedRecord;
          const counted = { ...one.counted, file: "f".repeat(64) };
          session.put(keys.suspense("y"), { ...one, counted });
        },
      ]) {
        const codes = await codesAfter(change);
        assert.deepEqual([...new Set(codes)], found);
      }
    });
  });
});
