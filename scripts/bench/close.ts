import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";

const PART = fileURLToPath(new URL("./close-part.ts", import.meta.url));
/** TALLYSTICK_BENCH_SUBSCRIBERS=1000000 closes a month of that size, once; it takes some minutes. */
const GIVEN = process.env.TALLYSTICK_BENCH_SUBSCRIBERS;
const SUBSCRIBERS = 5_000;
const CHARGES_EACH = 10;
const MONTH_SUBSCRIBERS = 1_000_000;
const GOAL_SECONDS = 300;

interface Part {
  seconds: number;
  processorSeconds: number;
  shares: Record<string, number>;
  peakMegabytes: number;
}

/** How long the close of a month takes: from committed charges to the root of its invoices. */
export const close: Benchmark = {
  name: "close",
  async *run() {
    const sizes =
      GIVEN === undefined ? [1, 2, 4].map((times) => times * SUBSCRIBERS) : [Number(GIVEN)];
    for (const subscribers of sizes) yield figure(subscribers, await measure(subscribers));
  },
};

async function measure(subscribers: number): Promise<Part> {
  const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
  try {
    const args = [PART, join(directory, "store"), String(subscribers)];
    await promisify(execFile)(process.execPath, [...args, String(CHARGES_EACH)]);
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function figure(subscribers: number, part: Part): Figure {
  const { seconds, processorSeconds, peakMegabytes } = part;
  const share = (of: number) => `${Math.round((100 * of) / seconds)} %`;
  const shares = Object.entries(part.shares).map(([name, of]) => `${name} ${share(of)}`);
  const month = Math.round((seconds * MONTH_SUBSCRIBERS) / subscribers);
  const processor = Math.round((processorSeconds * MONTH_SUBSCRIBERS) / subscribers);
  return {
    name: "close",
    work: `a month of ${subscribers} subscribers with ${CHARGES_EACH} charges each: rows read from Level on disk, invoices written, hashed and durable step by step, leaves in order, the invoice batch with its trees; no ledger, books made without salts and trees. ${shares.join(", ")}; peak ${Math.round(peakMegabytes)} MB. In proportion ${MONTH_SUBSCRIBERS} subscribers take ${month} s (goal ${GOAL_SECONDS} s), ${processor} s of processor`,
    ours: perSecond(subscribers * CHARGES_EACH, seconds),
    unit: "charges/s",
    beside: [],
    goal: Math.round((MONTH_SUBSCRIBERS * CHARGES_EACH) / GOAL_SECONDS),
    met: month <= GOAL_SECONDS,
    seconds,
  };
}
