import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReadingThreads } from "../../node/adapters/reading-threads.ts";
import { openUsage } from "../../node/adapters/usage-source.ts";
import type { InspectLine, ParseOptions } from "../../node/core/formats/inspect-line.ts";
import { recogniseFormat } from "../../node/core/formats/registry.ts";
import { NO_REPETITIONS } from "../../node/core/formats/repetition-index.ts";
import { UsageColumns } from "../../node/core/formats/usage-columns.ts";
import { Fingerprint } from "../../node/engine/intake/fingerprint.ts";
import { requireWholeFile } from "../../node/engine/intake/require-whole-file.ts";
import { codeOf } from "../core/formats/chunks.ts";

const SAMPLE = readFileSync(new URL("../../samples/alder/Master.csv", import.meta.url), "utf8");
const SEEDS = Uint32Array.of(1, 2, 3, 4);
const NEVER = Number.POSITIVE_INFINITY;

describe("the way into an upload", () => {
  let folder: string;
  const threads = new ReadingThreads();
  after(() => threads.close());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-source-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The lines of a file that was seen whole. */
  async function taken(text: string, zone: string, threadBytesMin: number): Promise<InspectLine[]> {
    const path = join(folder, "upload");
    writeFileSync(path, text);
    const format = recogniseFormat(Buffer.from(text), "upload");
    assert.ok(format.kind === "usage");
    const options: ParseOptions = { file: "upload", zone, repetitions: () => NO_REPETITIONS };
    const source = await openUsage(path, format, options, threads, threadBytesMin);
    const lines: InspectLine[] = [];
    try {
      requireWholeFile("upload", await source.look(), text.endsWith("\n"));
      for await (const block of source.lines(SEEDS)) {
        if (!(block instanceof UsageColumns)) lines.push(...[block].flat());
        else for (let row = 0; row < block.count; row++) lines.push(block.lineAt(row));
      }
    } finally {
      await source.close();
    }
    assert.deepEqual(readdirSync(folder), ["upload"]);
    return lines;
  }

  it("yields the same by a thread and beside", async () => {
    const apart = await taken(SAMPLE, "Europe/Berlin", 0);
    assert.ok(apart.length > 20);
    assert.deepEqual(apart, await taken(SAMPLE, "Europe/Berlin", NEVER));
  });

  it("refuses the same: what is cut, and what contradicts the zone", async () => {
    const cut = SAMPLE.slice(0, -90);
    for (const [text, zone, code] of [
      [cut, "Europe/Berlin", "ingest.file-cut"],
      [`${cut}\n`, "Europe/Berlin", "no error"],
      [SAMPLE, "Asia/Tokyo", "asterisk.zone-contradicts-ids"],
      [SAMPLE, "Mars/Olympus", "zone.unknown"],
    ] as const) {
      for (const threadBytesMin of [0, NEVER]) {
        assert.equal(await codeOf(taken(text, zone, threadBytesMin)), code);
      }
    }
  });

  it("reads several files beside each other, with the fingerprints that JavaScript takes", async () => {
    const path = join(folder, "upload");
    writeFileSync(path, SAMPLE);
    const format = recogniseFormat(Buffer.from(SAMPLE), "upload");
    assert.ok(format.kind === "usage" && format.columns !== undefined);
    const options = { file: "upload", zone: "Europe/Berlin" };
    const rooms = new ReadingThreads();
    const taken = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const source = await openUsage(path, format, options, rooms, NEVER);
        await source.look();
        return source.lines(SEEDS)[Symbol.asyncIterator]();
      }),
    );
    const firsts = await Promise.all(taken.map((lines) => lines.next()));
    const prints = new Fingerprint(SEEDS);
    const batches = firsts.map(({ value }) => {
      assert.ok(value instanceof UsageColumns);
      const { hasPrints, count } = value;
      if (!hasPrints) prints.ofColumns(value);
      return { hasPrints, prints: value.prints.slice(0, 4 * count), ids: value.id(count - 1) };
    });
    assert.equal(batches.filter(({ hasPrints }) => hasPrints).length, 4);
    for (const batch of batches) {
      assert.deepEqual({ ...batch, hasPrints: false }, { ...batches[5], hasPrints: false });
    }
    // Given back, they are taken again.
    await Promise.all(taken.map((lines) => lines.return?.()));
    const again = await openUsage(path, format, options, rooms, NEVER);
    await again.look();
    for await (const found of again.lines(SEEDS)) {
      if (found instanceof UsageColumns) assert.ok(found.hasPrints);
    }
  });

  it("has other formats too", async () => {
    const record = {
      id: "one",
      service: "sms",
      direction: "outgoing",
      start: "2026-10-05T10:00:00.000Z",
      billable: true,
    };
    const [line] = await taken(`${JSON.stringify(record)}\n`, "UTC", 0);
    assert.deepEqual(line, record);
  });
});
