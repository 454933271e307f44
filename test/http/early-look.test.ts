import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ReadingThreads } from "../../node/adapters/reading-threads.ts";
import type { ParseOptions } from "../../node/core/formats/inspect-line.ts";
import { type Format, formatByName } from "../../node/core/formats/registry.ts";
import { UsageColumns } from "../../node/core/formats/usage-columns.ts";
import { EarlyLook } from "../../node/http/early-look.ts";

const OPTIONS: ParseOptions = { file: "Master.csv", zone: "UTC", sourceName: "switch" };
const SEEDS = Uint32Array.of(1, 2, 3, 4);
const ROWS = 40_000;

const row = (at: number): string =>
  `"","+49301","+49302","d","x","SIP/a","t","Dial","y","2026-10-05 08:00:00","2026-10-05 08:00:02","2026-10-05 08:01:02",62,60,"ANSWERED","DOC","1791187200.${at}",""\n`;

describe("a look at an upload that still comes", () => {
  let folder: string;
  let path: string;
  const threads = new ReadingThreads({ keptMax: 1 });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-early-"));
    path = join(folder, "upload.part");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  after(() => threads.close());

  const early = (named?: Format) =>
    new EarlyLook({ threads, options: OPTIONS, named, bytesMin: 1_000 });

  /** Writes the text in pieces that end anywhere, and tells of each. */
  async function upload(look: EarlyLook, text: string, pieces: number): Promise<void> {
    const bytes = Buffer.from(text);
    for (let piece = 0; piece < pieces; piece++) {
      const [from, to] = [piece, piece + 1].map((at) => Math.floor((at * bytes.length) / pieces));
      appendFileSync(path, bytes.subarray(from, to));
      look.reach(path, to as number);
      await wait(10);
    }
  }

  it("sees every row of it once, in order, wherever its pieces end", async () => {
    const look = early();
    await upload(look, Array.from({ length: ROWS }, (_, at) => row(at)).join(""), 12);
    const source = (await look.end()) ?? assert.fail();
    await look.close();
    await source.nearEnd();
    const { records, problems, lastRejection } = await source.look();
    assert.deepEqual([records, problems, lastRejection], [ROWS, [], undefined]);
    let rows = 0;
    for await (const block of source.lines(SEEDS)) {
      if (!(block instanceof UsageColumns)) continue;
      for (let at = 0; at < block.count; at++, rows++) {
        const line = block.lineAt(at);
        assert.ok("id" in line && line.id.includes(`1791187200.${rows}`), JSON.stringify(line));
      }
    }
    assert.equal(rows, ROWS);
    await source.close();
    assert.ok(threads.hasIdle, "the thread is kept for the next one");
  });

  it("tells where a file is cut that ends in the middle of a row", async () => {
    const look = early();
    await upload(look, `${row(0).repeat(100)}"","+49`, 3);
    const source = (await look.end()) ?? assert.fail();
    assert.equal((await source.look()).lastRejection?.line, 101);
    await source.close();
  });

  it("ends with an upload that is broken off, and leaves nothing", async () => {
    const look = early();
    await upload(look, row(0).repeat(20_000), 4);
    await look.close();
    assert.equal(existsSync(`${path}.columns`), false);
    assert.equal(await early().end(), undefined);
  });

  it("begins once a thread is free", async () => {
    const few = new ReadingThreads({ keptMax: 0, takenMax: 1 });
    const open = () =>
      new EarlyLook({ threads: few, options: OPTIONS, named: undefined, bytesMin: 1_000 });
    const [one, other] = [open(), open()];
    await upload(one, row(0).repeat(100), 2);
    other.reach(path, 100 * row(0).length);
    await wait(20);
    assert.equal(await other.end(), undefined);
    await one.close();
    assert.equal(few.areTaken, false);
    const later = open();
    later.reach(path, 100 * row(0).length);
    const source = (await later.end()) ?? assert.fail();
    assert.equal((await source.look()).records, 100);
    await source.close();
    assert.equal(few.areTaken, false);
  });

  it("takes no more threads than are meant to be where several files come so far at once", async () => {
    const few = new ReadingThreads({ keptMax: 0, takenMax: 1 });
    const open = () =>
      new EarlyLook({ threads: few, options: OPTIONS, named: undefined, bytesMin: 1_000 });
    appendFileSync(path, row(0).repeat(100));
    const bytes = 100 * row(0).length;
    const looks = [open(), open(), open()];
    for (const look of looks) look.reach(path, bytes);
    await wait(50);
    const sources = await Promise.all(looks.slice(1).map((look) => look.end()));
    const taken = [await looks[0]?.end(), ...sources].filter((source) => source !== undefined);
    await Promise.all(taken.map((source) => source.close()));
    assert.equal(taken.length, 1);
  });

  it("tells of a file that is shorter than what was written of it, and takes no such end for its end", async () => {
    const look = early();
    appendFileSync(path, row(0).repeat(100));
    look.reach(path, 101 * row(0).length);
    const source = (await look.end()) ?? assert.fail();
    await assert.rejects(source.look(), { code: "file.unreadable" });
    await source.close();
  });

  it("leaves what has no columns to others, and refuses what nobody knows", async () => {
    const tree = early(formatByName("ocpi-cdr"));
    await upload(tree, "[]".padEnd(2_000), 2);
    assert.equal(await tree.end(), undefined);
    rmSync(path);
    const unknown = early();
    const sent = upload(unknown, "\u0000".repeat(2_000), 500);
    await assert.rejects(sent, { code: "format.not-recognised" });
    await assert.rejects(unknown.end(), { code: "format.not-recognised" });
    await unknown.close();
  });

  it("gives its thread back where the rest hardly comes and others could have it", async () => {
    const few = new ReadingThreads({ keptMax: 0, takenMax: 1 });
    const many = new ReadingThreads({ keptMax: 0, takenMax: 2 });
    const pace = { bytesMin: 1_000, milliseconds: 40 };
    const open = (from: ReadingThreads) =>
      new EarlyLook({ threads: from, options: OPTIONS, named: undefined, bytesMin: 1_000, pace });
    const bytes = 100 * row(0).length;
    appendFileSync(path, row(0).repeat(200));
    const [stalled, alone] = [open(few), open(many)];
    for (const look of [stalled, alone]) look.reach(path, bytes);
    for (const isTaken of [true, false]) {
      for (let looks = 0; few.areTaken !== isTaken && looks < 500; looks++) await wait(5);
    }
    // It is not refused for that, and gets no thread again.
    stalled.reach(path, 2 * bytes);
    await wait(20);
    assert.deepEqual([few.areTaken, await stalled.end()], [false, undefined]);
    await wait(100);
    const source = (await alone.end()) ?? assert.fail();
    assert.equal((await source.look()).records, 100);
    await source.close();
    await stalled.close();
  });
});
