import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnsThread } from "../../node/adapters/columns-thread.ts";
import { ReadingThreads } from "../../node/adapters/reading-threads.ts";
import { columnsFormat } from "../../node/core/formats/columns-formats.ts";
import { readColumns } from "../../node/core/formats/columns-reader.ts";
import type { ParseOptions } from "../../node/core/formats/inspect-line.ts";
import { UsageColumns, type UsageLines } from "../../node/core/formats/usage-columns.ts";
import { Fingerprint } from "../../node/engine/intake/fingerprint.ts";
import { requireWholeFile } from "../../node/engine/intake/require-whole-file.ts";
import { isBlock, scanRows } from "../../node/engine/store/stored-rows.ts";
import { chunksOf, codeOf, collect } from "../core/formats/chunks.ts";
import { NAME_KEY } from "../core/formats/name-key.ts";
import { ANNA, CHARGES, EngineScene } from "../engine/engine-scene.ts";

const NAME = "asterisk-csv";
const OPTIONS: ParseOptions = { file: "Master.csv", zone: "UTC", sourceName: "switch" };
const SEEDS = Uint32Array.of(1, 2, 3, 4);
/** 2026-10-05T08:00:00Z */
const FROM = 1_791_187_200;
const ROWS = 20_000;

const stampOf = (seconds: number) =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace("T", " ");

function rowOf(at: number): string {
  const start = FROM + Math.floor(at / 10);
  const times = [start, start + 2, start + 62].map(stampOf).join('","');
  // Now and then one that columns leave to the plain reader, and one that nobody can read.
  const billed = at % 1_000 === 7 ? "x" : "60";
  const channel = at % 500 === 3 ? "SIP/jörg" : "SIP/desk";
  return `"","${at % 900 === 5 ? "jörg" : ANNA}","+4930${at % 7_000}","d","x","${channel}","t","Dial","y","${times}",62,${billed},"ANSWERED","DOC","${start}.${at}",""\n`;
}

/** Of all charges, sealed or not. */
async function idsOf(scene: EngineScene): Promise<string[]> {
  const ids: string[] = [];
  for await (const { rows } of scanRows(scene.store, CHARGES, 1n, 1n << 40n)) {
    assert.ok(isBlock(rows));
    for (let row = 0; row < rows.count; row++) ids.push(rows.id(row));
  }
  return ids;
}

/** All that a thread yields, and its end. */
async function* columnsOf(
  path: string,
  options = OPTIONS,
  threads = new ReadingThreads({ keptMax: 0 }),
): UsageLines {
  const thread = new ColumnsThread(path, NAME, options, threads);
  try {
    await thread.look();
    yield* thread.lines(SEEDS);
  } finally {
    await thread.close();
  }
}

/** The same while it is looked at, by somebody who needs his time for each batch. */
async function* meanwhile(path: string): UsageLines {
  const thread = new ColumnsThread(path, NAME, OPTIONS);
  try {
    for await (const found of thread.lines(SEEDS)) {
      yield found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal((await thread.look()).records, ROWS);
  } finally {
    await thread.close();
  }
}

/** Of each row its line, prints and place; the report at the end. */
async function told(lines: UsageLines): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const found of lines) {
    if (!(found instanceof UsageColumns)) all.push(found);
    else
      for (let row = 0; row < found.count; row++) {
        const isPlain = found.isPlain[row] === 1;
        all.push([found.lineAt(row), isPlain && [...found.prints.subarray(4 * row, 4 * row + 4)]]);
      }
  }
  return all;
}

describe("a file read into columns by a thread of its own", () => {
  let folder: string;
  let path: string;
  const text = Array.from({ length: ROWS }, (_, at) => rowOf(at)).join("");

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-thread-"));
    path = join(folder, "Master.csv");
    writeFileSync(path, text);
  });

  after(() => rmSync(folder, { recursive: true }));

  it("is what this very thread reads", async () => {
    const prints = new Fingerprint(SEEDS);
    async function* here(): AsyncGenerator<UsageColumns | object> {
      for await (const found of readColumns(chunksOf(text), columnsFormat(NAME), {
        ...OPTIONS,
        nameKey: NAME_KEY,
      })) {
        if (found instanceof UsageColumns) prints.ofColumns(found);
        yield found;
      }
    }
    const apart = await told(columnsOf(path));
    assert.equal(apart.length, ROWS + 1);
    assert.deepEqual(apart, await told(here() as UsageLines));
    assert.deepEqual(await told(meanwhile(path)), apart);
  });

  it("leaves nothing when it is cut, though units of work of it were ready, and is taken when it is whole", async () => {
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 2_000 });
    const before = await scene.pipeline.status();
    const cut = join(folder, "cut.csv");
    writeFileSync(cut, text.slice(0, -30));
    const take = async (from: string) => {
      const thread = new ColumnsThread(from, NAME, OPTIONS);
      const whole = thread
        .look()
        .then((look) => requireWholeFile("Master.csv", look, from === path));
      const file = { name: "Master.csv", sha256: from === cut ? "cc" : "ab" };
      const lines = (seeds: Uint32Array) => thread.lines(seeds);
      try {
        const sha256 = file.sha256.repeat(32);
        return await scene.pipeline.ingest({ ...file, sha256, lines, whole });
      } finally {
        await thread.close();
      }
    };
    assert.equal(await codeOf(take(cut)), "ingest.file-cut");
    assert.deepEqual(await scene.pipeline.status(), before);
    assert.deepEqual(await idsOf(scene), []);
    const { classes } = await take(path);
    assert.equal(classes.duplicate.records, 0);
    assert.equal((await idsOf(scene)).length, classes.charged.records);
    await scene.assertConsistent();
  });

  it("waits for who takes the rows, and is let go when nobody does", async () => {
    const lines = columnsOf(path)[Symbol.asyncIterator]();
    const first = (await lines.next()).value as UsageColumns;
    const { firstPosition, count } = first;
    const line = JSON.stringify(first.lineAt(count - 1));
    // Time enough to read it all, if it did not wait for its buffers.
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(first.firstPosition, firstPosition);
    assert.equal(JSON.stringify(first.lineAt(count - 1)), line);
    const threads = () =>
      process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
    assert.ok(threads() > 0);
    await lines.return?.();
    assert.equal(threads(), 0);
  });

  it("is read by the thread of the file before, and by a new one after a file that was given up", async () => {
    const threads = new ReadingThreads();
    try {
      const first = await told(columnsOf(path, OPTIONS, threads));
      assert.ok(threads.hasIdle);
      // Other names, another prefix of ids: nothing of one file is left for the next.
      const other = { ...OPTIONS, sourceName: "another" };
      const apart = await told(columnsOf(path, other, threads));
      assert.notDeepEqual(apart, first);
      assert.deepEqual(apart, await told(columnsOf(path, other)));
      const lines = columnsOf(path, OPTIONS, threads)[Symbol.asyncIterator]();
      await lines.next();
      assert.ok(!threads.hasIdle);
      await lines.return?.();
      assert.ok(!threads.hasIdle);
      assert.deepEqual(await told(columnsOf(path, OPTIONS, threads)), first);
    } finally {
      await threads.close();
    }
  });

  it("is read by one thread, one file after the other, more of them than it has buffers", async () => {
    const threads = new ReadingThreads();
    const small = join(folder, "small.csv");
    writeFileSync(small, text.slice(0, text.indexOf("\n", 100_000) + 1));
    try {
      const first = await told(columnsOf(small, OPTIONS, threads));
      for (let file = 0; file < 8; file++) {
        assert.ok(threads.hasIdle);
        assert.equal((await told(columnsOf(small, OPTIONS, threads))).length, first.length);
      }
    } finally {
      await threads.close();
    }
  });

  it("is not kept for the next file when it died before it was given back", async () => {
    const threads = new ReadingThreads();
    const thread = threads.take();
    await thread.worker.terminate();
    await threads.giveBack(thread);
    assert.ok(!threads.hasIdle);
  });

  it("ends whoever takes its lines when it is closed, also who only begins then", async () => {
    const late = new ColumnsThread(path, NAME, OPTIONS);
    await late.look();
    await late.close();
    assert.equal(await codeOf(collect(late.lines(SEEDS))), "ingest.reader-died");
    const under = new ColumnsThread(path, NAME, OPTIONS);
    await under.nearEnd();
    const taken = codeOf(collect(under.lines(SEEDS)));
    await under.close();
    assert.equal(await taken, "ingest.reader-died");
  });

  it("ends with the reader's own error, or that of the disk", async () => {
    const elsewhere = { ...OPTIONS, zone: "Mars/Olympus" };
    assert.equal(await codeOf(collect(columnsOf(path, elsewhere))), "zone.unknown");
    const gone = columnsOf(join(folder, "gone.csv"));
    assert.equal(await codeOf(collect(gone)), "file.unreadable");
    assert.equal(await codeOf(collect(columnsOf(folder))), "file.unreadable");
  });

  it("never takes a spool that was cut for the end of the file", async () => {
    for (const keep of [0, 0.5]) {
      const thread = new ColumnsThread(path, NAME, OPTIONS);
      try {
        await thread.look();
        const spool = `${path}.columns`;
        truncateSync(spool, Math.floor(keep * statSync(spool).size));
        assert.equal(await codeOf(collect(thread.lines(SEEDS))), "file.unreadable");
      } finally {
        await thread.close();
      }
    }
  });

  it("ends with the disk's error where columns can not be put down", async function () {
    if (!existsSync("/dev/full")) this.skip();
    symlinkSync("/dev/full", `${path}.columns`);
    assert.equal(await codeOf(collect(columnsOf(path))), "spool.write-failed");
    assert.ok(!existsSync(`${path}.columns`));
  });

  it("ends the intake when it dies, keeps what was durable, and goes on there", async () => {
    const file = { name: "Master.csv", sha256: "ab".repeat(32) };
    const program = new URL("./dying-columns-worker.ts", import.meta.url);
    const scene = await EngineScene.withAccounts({ ingestUnitRecords: 2_000 });
    const thread = new ColumnsThread(path, NAME, OPTIONS, new ReadingThreads({ program }));
    assert.equal((await thread.look()).records, ROWS);
    const dying = scene.pipeline.ingest({ ...file, lines: (seeds) => thread.lines(seeds) });
    assert.equal(await codeOf(dying), "ingest.reader-died");
    await thread.close();
    const early = (await idsOf(scene)).length;
    assert.ok(early > 0 && early < ROWS / 2, `${early} charges`);
    const again = new ColumnsThread(path, NAME, OPTIONS);
    await again.look();
    const lines = (seeds: Uint32Array) => again.lines(seeds);
    const { classes } = await scene.pipeline.ingest({ ...file, lines });
    await again.close();
    const ids = await idsOf(scene);
    assert.equal(new Set(ids).size, ids.length);
    assert.equal(classes.charged.records, ids.length);
    assert.equal(classes.rejected.records, ROWS / 1_000);
    await scene.assertConsistent();
  });
});
