import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnsThread } from "../../node/adapters/columns-thread.ts";
import type { UsageSource } from "../../node/adapters/usage-source.ts";
import { USAGE_NDJSON } from "../../node/core/formats/ndjson-parser.ts";
import { FileLook } from "../../node/engine/intake/require-whole-file.ts";
import { IntakeProgress } from "../../node/http/intake-progress.ts";
import { takeFileIn } from "../../node/http/take-file-in.ts";
import { codeOf } from "../core/formats/chunks.ts";
import { calls, EngineScene } from "../engine/engine-scene.ts";

const UNIT = 16;
const RECORDS = 5 * UNIT;

const idle = () => new Promise((resolve) => setTimeout(resolve, 10));

function lookOf(problems: FileLook["problems"]): FileLook {
  return Object.assign(new FileLook(), { problems, records: RECORDS });
}

/** A file whose look ends when it is told to. */
function slowSource(prefix: string) {
  const look = Promise.withResolvers<FileLook>();
  const nearEnd = Promise.withResolvers<void>();
  const source: UsageSource = {
    look: () => look.promise,
    nearEnd: () => nearEnd.promise,
    async *lines() {
      for (const line of calls(prefix, RECORDS)) yield line;
    },
    close: async () => {},
  };
  return { source, look, nearEnd };
}

describe("an upload that is taken in while it is looked at", () => {
  const intake = new IntakeProgress();
  const spool = { whileThereIsRoom: <T>(blocks: T) => blocks };
  let scene: EngineScene;
  beforeEach(async () => {
    scene = await EngineScene.withAccounts({ ingestUnitRecords: UNIT });
  });

  function upload(
    name: string,
    source: UsageSource,
    own?: string,
    after?: string,
    endsLine = true,
  ) {
    const progress = intake.begin(name);
    intake.enter(progress, "looking");
    const turn = intake.takeTurn(own, after);
    const file = { sha256: Buffer.from(name.padEnd(32)).toString("hex"), endsLine };
    const parts = { pipeline: scene.pipeline, spool, intake };
    const taken = takeFileIn(parts, source, file, progress, turn).finally(() => {
      turn.pass();
      intake.end(progress);
    });
    taken.catch(() => {});
    return { progress, taken };
  }

  it("is handed over near the look's end, and tells of nothing before it", async () => {
    const { source, look, nearEnd } = slowSource("r");
    const { progress, taken } = upload("large", source);
    await idle();
    // Nobody's turn waits for a look that is far from its end.
    await scene.pipeline.putAccounts([{ id: "other", label: "Other", devices: [] }]);
    nearEnd.resolve();
    await idle();
    assert.deepEqual(progress, { name: "large", phase: "looking", done: 0 });
    look.resolve(lookOf([]));
    await idle();
    assert.equal(progress.phase, "rating");
    assert.equal(progress.records, RECORDS);
    assert.equal((await taken).classes.charged.records, RECORDS);
    assert.equal(progress.done, RECORDS);
  });

  it("is refused at once when it is cut, in whose turn ever, and holds up nobody", async () => {
    const first = slowSource("first");
    const second = slowSource("second");
    const third = slowSource("third");
    const one = upload("one", first.source, "a");
    first.nearEnd.resolve();
    const two = upload("two", second.source, "b", "a");
    second.nearEnd.resolve();
    const three = upload("three", third.source, "c", "b");
    third.nearEnd.resolve();
    third.look.resolve(lookOf([]));
    await idle();
    assert.equal(three.progress.phase, "rating");
    second.look.resolve(lookOf(undefined));
    assert.equal(await codeOf(two.taken), "ingest.file-cut");
    assert.equal(one.progress.phase, "looking");
    first.look.resolve(lookOf([{ code: "xml.truncated", message: "It is cut." }]));
    assert.equal(await codeOf(one.taken), "xml.truncated");
    assert.equal((await three.taken).classes.charged.records, RECORDS);
    const ids = (await scene.charges()).map(({ recordId }) => recordId.split("-")[0]);
    assert.deepEqual([...new Set(ids)], ["third"]);
    assert.equal(ids.length, RECORDS);
    await scene.assertConsistent();
  });

  it("is let go by the engine when a thread's file was refused before its turn came", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tallystick-take-"));
    try {
      const path = join(folder, "cut.ndjson");
      await writeFile(path, '{"id":"cut-1","service":"voi');
      const first = slowSource("first");
      const one = upload("one", first.source);
      first.nearEnd.resolve();
      const options = { file: "cut.ndjson", zone: "UTC", sourceName: "switch" };
      const cut = new ColumnsThread(path, USAGE_NDJSON, options);
      const two = upload("two", cut, undefined, undefined, false);
      assert.equal(await codeOf(two.taken.finally(() => cut.close())), "ingest.file-cut");
      first.look.resolve(lookOf([]));
      assert.equal((await one.taken).classes.charged.records, RECORDS);
      await scene.pipeline.putAccounts([{ id: "other", label: "Other", devices: [] }]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("waits for the file that its sender put before it", async () => {
    const first = slowSource("first");
    const second = slowSource("second");
    const one = upload("one", first.source, "a");
    const two = upload("two", second.source, "b", "a");
    second.nearEnd.resolve();
    second.look.resolve(lookOf([]));
    await idle();
    assert.deepEqual([one.progress.phase, two.progress.phase], ["looking", "waiting"]);
    first.nearEnd.resolve();
    await idle();
    assert.deepEqual([one.progress.phase, two.progress.phase], ["looking", "rating"]);
    first.look.resolve(lookOf([]));
    await Promise.all([one.taken, two.taken]);
    const [earliest] = await scene.charges();
    assert.equal(earliest?.recordId, "first-0");
  });

  it("ends with the reader's own error", async () => {
    const { source, look, nearEnd } = slowSource("r");
    const { taken } = upload("large", source);
    const died = Object.assign(new Error("died"), { code: "ingest.reader-died" });
    look.reject(died);
    nearEnd.reject(died);
    await assert.rejects(taken, died);
  });
});
