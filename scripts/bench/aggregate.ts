import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { newNameKey } from "../../node/adapters/new-name-key.ts";
import { LineCutter } from "../../node/core/aggregation/cut-lines.ts";
import { NameTable } from "../../node/core/aggregation/name-table.ts";
import { EventLineReader } from "../../node/core/aggregation/read-events.ts";
import { HashArena } from "../../node/core/commitment/kernel/hash-arena.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { perSecond } from "./benchmark.ts";
import { MINUTES_A_DAY, writeCityDay } from "./city-day.ts";

const COMMAND = fileURLToPath(new URL("../../bin/tallystick", import.meta.url));
const LAMPS = 1_000;
const CITY_LAMPS = 200_000;
const GOAL = 500_000;
const EDGE_MEGABYTES = 120;
/** Order key, body, leaf and node of an event, and a sixth of a block of salts. */
const HASHES_AN_EVENT = 4 + 1 / 6;
const TILE = 264;
const POLICY = {
  name: "lamps",
  service: "energy",
  groupBy: ["device"],
  window: "day",
  quantity: "sum",
};

interface Summary {
  eventsCharged: number;
  charges: number;
  bytesKept: number;
  seconds: number;
  processorSeconds: number;
  peakMegabytes: number;
}

interface Run extends Summary {
  lamps: number;
  threads: number;
  inputBytes: number;
  /** By the clock, start of the program included. */
  wholeSeconds: number;
}

/** Whether 500,000 events a second become charges, what a day of a city takes, and how much memory. */
export const aggregate: Benchmark = {
  name: "aggregate",
  async *run() {
    const directory = mkdtempSync(join(tmpdir(), "tallystick-bench-events-"));
    try {
      const threads = Math.min(2, availableParallelism());
      for (const times of [1, 2, 4]) {
        const file = join(directory, "events.csv");
        writeCityDay(file, times * LAMPS);
        const limits = measureLimits(file, times * LAMPS * MINUTES_A_DAY);
        yield figure(await run(directory, file, times * LAMPS, threads), limits);
        if (times === 1) yield edgeFigure(await run(directory, file, LAMPS, 1));
        rmSync(file);
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

/** The command itself, as a user calls it, in a folder of its own. */
async function run(directory: string, file: string, lamps: number, threads: number): Promise<Run> {
  const [policy, into] = [join(directory, "policy.json"), join(directory, "kept")];
  writeFileSync(policy, JSON.stringify(POLICY));
  const args = ["aggregate", file, "--into", into, "--policy", policy, "--close", "--json"];
  const began = performance.now();
  const { stdout } = await promisify(execFile)(COMMAND, [...args, "--threads", String(threads)], {
    env: { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env.PATH}` },
  });
  const wholeSeconds = (performance.now() - began) / 1000;
  rmSync(into, { recursive: true });
  const lines: { summary?: Summary }[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const summary = lines.at(-1)?.summary;
  if (summary === undefined || summary.eventsCharged !== lamps * MINUTES_A_DAY) {
    throw new Error(`${summary?.eventsCharged} of ${lamps * MINUTES_A_DAY} events were charged`);
  }
  return { ...summary, lamps, threads, inputBytes: statSync(file).size, wholeSeconds };
}

/** What bare reading of the same lines, and bare hashing of as many messages, take on one core. */
function measureLimits(file: string, events: number) {
  const bytes = readFileSync(file);
  const cutter = new LineCutter();
  const lines = cutter.push(bytes);
  let read = 0;
  const reader = new EventLineReader(cutter.header as string, new NameTable(newNameKey()), {
    event: () => {
      read++;
      return undefined;
    },
    rejected: () => {},
  });
  const reading = processorSeconds(() => void reader.read(lines));
  if (read !== events) throw new Error(`${read} of ${events} lines were read`);
  const arena = new HashArena(TILE * 512);
  const tile = arena.tile(TILE, "keccak");
  tile.setLength(66);
  const tiles = Math.ceil((events * HASHES_AN_EVENT) / TILE);
  const hashing = processorSeconds(() => {
    for (let i = 0; i < tiles; i++) tile.hash(TILE);
  });
  return { reading: perSecond(events, reading), hashing: perSecond(events, hashing) };
}

function processorSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function figure(one: Run, limits: { reading: number; hashing: number }): Figure {
  const { eventsCharged: events, charges, bytesKept, lamps, threads } = one;
  const fewer = (100 * (1 - charges / events)).toFixed(2);
  const bytesAnEvent = bytesKept / events;
  const cityMegabytes = Math.round((bytesAnEvent * CITY_LAMPS * MINUTES_A_DAY) / 1e6);
  const ours = perSecond(events, one.seconds);
  return {
    name: "aggregate",
    work: `a day of ${lamps} lamps, ${events} events: ${Math.round(one.inputBytes / 1e6)} MB of lines read, kept durably (checkpoint every 2 s), grouped by device and day, hashed into trees, compressed; one command, ${threads} threads. ${fewer} % fewer records; ${bytesAnEvent.toFixed(2)} bytes an event kept, so a day of ${CITY_LAMPS} lamps takes ${cityMegabytes} MB; peak ${one.peakMegabytes} MB in all`,
    ours,
    unit: "events/s",
    beside: [
      { name: "start of the program included", value: perSecond(events, one.wholeSeconds) },
      {
        name: `by processor time, start included: what ${threads} cores of their own would do`,
        value: perSecond(threads * events, one.processorSeconds),
      },
      { name: "limit: bare reading of the lines, one core", value: limits.reading },
      { name: "limit: bare hashing of as many messages, one core", value: limits.hashing },
      { name: "a city of 200,000 lamps, one event a minute", value: 3_333 },
    ],
    goal: GOAL,
    met: ours >= GOAL,
    seconds: one.seconds,
  };
}

function edgeFigure({ eventsCharged, lamps, seconds, peakMegabytes, ...one }: Run): Figure {
  const rate = perSecond(eventsCharged, seconds);
  const byProcessor = perSecond(eventsCharged, one.processorSeconds);
  return {
    name: "aggregate",
    work: `peak memory at the edge, one thread: a day of ${lamps} lamps at ${rate} events/s (${byProcessor} by processor time)`,
    ours: peakMegabytes,
    unit: "MB",
    beside: [],
    goal: EDGE_MEGABYTES,
    met: peakMegabytes < EDGE_MEGABYTES,
    seconds,
  };
}
