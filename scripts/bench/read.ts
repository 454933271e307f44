import { hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInput } from "../../node/adapters/files.ts";
import { newNameKey } from "../../node/adapters/new-name-key.ts";
import { parseBlocks as parseAsterisk } from "../../node/core/formats/asterisk-csv.ts";
import { ASTERISK } from "../../node/core/formats/asterisk-record.ts";
import { columnsFormat } from "../../node/core/formats/columns-formats.ts";
import { ColumnsFiller } from "../../node/core/formats/columns-reader.ts";
import { ReadingKernel } from "../../node/core/formats/kernel/reading-kernel.ts";
import { columnsIn, makeReadingRoom } from "../../node/core/formats/kernel/reading-room.ts";
import { USAGE_NDJSON } from "../../node/core/formats/ndjson-parser.ts";
import { NO_REPETITIONS } from "../../node/core/formats/repetition-index.ts";
import type { UsageColumns } from "../../node/core/formats/usage-columns.ts";
import { parseBlocks as parseNdjson } from "../../node/core/formats/usage-ndjson.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { writeRecordsFile, writeServicesFile, writeSwitchFile } from "./switch-file.ts";

/** TALLYSTICK_BENCH_ROWS sets how many rows are read each way. */
const ROWS = Number(process.env.TALLYSTICK_BENCH_ROWS ?? 200_000);
const OPTIONS = {
  file: "Master.csv",
  sourceName: "bench",
  zone: "Europe/Berlin",
  nameKey: newNameKey(),
};

/** All of a file's columns on this very thread, as the reading thread makes them. */
export function* columnsHere(path: string, format = ASTERISK): Generator<UsageColumns> {
  const room = makeReadingRoom(1);
  const filler = new ColumnsFiller(columnsFormat(format).open(OPTIONS, ReadingKernel.open(room)));
  const [columns] = columnsIn(room, 1) as [UsageColumns];
  const file = openSync(path, "r");
  for (let isLast = false; !isLast || filler.hasRest; ) {
    const room = filler.begin(columns);
    const bytes: number = isLast ? 0 : readSync(file, room, 0, room.length, null);
    isLast = bytes === 0;
    filler.end(columns, bytes, isLast);
    yield columns;
  }
  closeSync(file);
}

async function processorSeconds(work: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** @param parseBlocks of the format's plain reader */
async function figureOf(
  path: string,
  format: string,
  what: string,
  parseBlocks: typeof parseAsterisk,
  goal: number,
): Promise<Figure> {
  let [rows, plainRows] = [0, 0];
  const began = performance.now();
  const seconds = await processorSeconds(() => {
    for (const columns of columnsHere(path, format)) {
      rows += columns.count;
      for (let row = 0; row < columns.count; row++) plainRows += columns.isPlain[row] as number;
    }
  });
  const wall = (performance.now() - began) / 1000;
  // The first row of a file tells its zone, if any does.
  if (plainRows < rows - 1) throw new Error(`${rows - plainRows} rows are unusual`);
  let lines = 0;
  const plain = await processorSeconds(async () => {
    const options = {
      ...OPTIONS,
      repetitions: () => NO_REPETITIONS,
      sha256: (bytes: Uint8Array) => hash("sha256", bytes),
    };
    const { chunks } = await openInput(path);
    for await (const block of parseBlocks(chunks, options)) lines += block.length;
  });
  const micros = (each: number) => ((1e6 * each) / rows).toFixed(2);
  return {
    name: "read",
    work: `${rows} ${what} read into columns, ${micros(seconds)} µs of processor a row; by our plain reader ${micros(plain)}`,
    ours: perSecond(rows, seconds),
    unit: "rows/s of processor",
    beside: [{ name: "our plain reader, an object a row", value: perSecond(lines, plain) }],
    goal,
    met: rows / seconds >= goal,
    seconds: wall,
  };
}

/** Rows of a switch's file, and usage records of our own form, made into what the engine takes; by processor time. */
export const read: Benchmark = {
  name: "read",
  async *run(): AsyncGenerator<Figure> {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
    try {
      const path = join(directory, "Master.csv");
      await writeSwitchFile(path, ROWS, 5_000, 1_791_000_000);
      yield await figureOf(path, ASTERISK, "rows of Master.csv", parseAsterisk, 400_000);
      const records = join(directory, "usage.ndjson");
      await writeRecordsFile(records, path, OPTIONS);
      const size = Math.round((await stat(records)).size / ROWS);
      const what = `usage records as JSON lines of ${size} bytes`;
      yield await figureOf(records, USAGE_NDJSON, what, parseNdjson, 400_000);
      const services = join(directory, "services.ndjson");
      await writeServicesFile(services, ROWS, 5_000, 1_791_000_000);
      const bytes = Math.round((await stat(services)).size / ROWS);
      const others = `usage records of messages, data and energy as JSON lines of ${bytes} bytes`;
      yield await figureOf(services, USAGE_NDJSON, others, parseNdjson, 400_000);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
