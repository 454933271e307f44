import { hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openInput } from "../../node/adapters/files.ts";
import { parseBlocks } from "../../node/core/formats/asterisk-csv.ts";
import { ASTERISK } from "../../node/core/formats/asterisk-record.ts";
import { columnsFormat } from "../../node/core/formats/columns-formats.ts";
import { ColumnsFiller } from "../../node/core/formats/columns-reader.ts";
import { NO_REPETITIONS } from "../../node/core/formats/repetition-index.ts";
import { UsageColumns } from "../../node/core/formats/usage-columns.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { writeSwitchFile } from "./switch-file.ts";

/** TALLYSTICK_BENCH_ROWS sets how many rows are read each way. */
const ROWS = Number(process.env.TALLYSTICK_BENCH_ROWS ?? 200_000);
const OPTIONS = { file: "Master.csv", sourceName: "bench", zone: "Europe/Berlin" };

/** All of a file's columns on this very thread, as the reading thread makes them. */
export function* columnsHere(path: string): Generator<UsageColumns> {
  const filler = new ColumnsFiller(columnsFormat(ASTERISK).open(OPTIONS));
  const columns = new UsageColumns();
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

/** Rows of a switch's file made into what the engine takes; by processor time, all threads. */
export const read: Benchmark = {
  name: "read",
  async *run(): AsyncGenerator<Figure> {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
    try {
      const path = join(directory, "Master.csv");
      await writeSwitchFile(path, ROWS, 5_000, 1_791_000_000);
      let rows = 0;
      const began = performance.now();
      const seconds = await processorSeconds(() => {
        for (const columns of columnsHere(path)) rows += columns.count;
      });
      const wall = (performance.now() - began) / 1000;
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
      yield {
        name: "read",
        work: `${rows} rows of Master.csv read into columns, ${((1e6 * seconds) / rows).toFixed(2)} µs of processor a row`,
        ours: perSecond(rows, seconds),
        unit: "rows/s of processor",
        beside: [{ name: "our plain reader, an object a row", value: perSecond(lines, plain) }],
        goal: 400_000,
        met: rows / seconds >= 400_000,
        seconds: wall,
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
