import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";

const PART = fileURLToPath(new URL("./close-part.ts", import.meta.url));
/**
 * One month of a size of one's own: TALLYSTICK_BENCH_SUBSCRIBERS=1000000, with
 * TALLYSTICK_BENCH_CHARGES (10) each, and a plan for every subscriber where TALLYSTICK_BENCH_PLANS is set.
 */
const GIVEN = process.env.TALLYSTICK_BENCH_SUBSCRIBERS;
const CHARGES_EACH = Number(process.env.TALLYSTICK_BENCH_CHARGES ?? 10);
const HAS_PLANS = process.env.TALLYSTICK_BENCH_PLANS !== undefined;
const SUBSCRIBERS = 25_000;
const MONTH_CHARGES = 10_000_000;
const GOAL_SECONDS = 300;

/** What close-part.ts says of itself. */
export interface ClosePart {
  seconds: number;
  processorSeconds: number;
  /** Processor seconds of each stage. */
  shares: Record<string, number>;
  /** Of the process itself, without files that are mapped. */
  peakMegabytes: number;
  limits: { readSeconds: number; readMegabytes: number; hashSeconds: number };
}

interface Month {
  subscribers: number;
  chargesEach: number;
  hasPlans: boolean;
}

/** How long the close of a month takes: from committed charges to the root of its invoices. */
export const close: Benchmark = {
  name: "close",
  async *run() {
    const one = { chargesEach: CHARGES_EACH, hasPlans: HAS_PLANS };
    const months: Month[] =
      GIVEN !== undefined
        ? [{ ...one, subscribers: Number(GIVEN) }]
        : [
            ...[1, 2, 4].map((times) => ({ ...one, subscribers: times * SUBSCRIBERS })),
            { subscribers: Math.round(SUBSCRIBERS / 15), chargesEach: 150, hasPlans: false },
            ...[1, 2].map((times) => ({
              subscribers: (times * SUBSCRIBERS) / 5,
              chargesEach: CHARGES_EACH,
              hasPlans: true,
            })),
          ];
    for (const month of months) yield figure(month, await measure(month));
  },
};

async function measure({ subscribers, chargesEach, hasPlans }: Month): Promise<ClosePart> {
  const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
  const plans = hasPlans ? ["plans"] : [];
  try {
    const args = [PART, join(directory, "store"), String(subscribers)];
    await part([...args, String(chargesEach), ...plans]);
    return JSON.parse(await part([...args, ...plans]));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs a process that tells its progress to standard error. @returns its standard output */
async function part(args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const output = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`close-part.ts ended with ${code}`);
  return output;
}

function figure({ subscribers, chargesEach, hasPlans }: Month, part: ClosePart): Figure {
  const { seconds, processorSeconds, peakMegabytes, limits } = part;
  const charges = subscribers * chargesEach;
  const share = (of: number) => `${Math.round((100 * of) / processorSeconds)} %`;
  const shares = Object.entries(part.shares).map(([name, of]) => `${name} ${share(of)}`);
  const inProportion = (of: number) => Math.round((of * MONTH_CHARGES) / charges);
  const month = inProportion(seconds);
  const plans = hasPlans ? ", each with a plan: a fee, free minutes and a tax" : "";
  return {
    name: "close",
    work: `a month of ${subscribers} subscribers with ${chargesEach} charges each${plans}: rows read from disk, invoices written, hashed and durable step by step, leaves in order, the invoice batch with its trees; no ledger, books made without salts and trees. Processor time: ${processorSeconds.toFixed(1)} s (${((1e6 * processorSeconds) / charges).toFixed(1)} µs a charge): ${shares.join(", ")}; peak ${Math.round(peakMegabytes)} MB. In proportion ${MONTH_CHARGES} charges take ${month} s (goal ${GOAL_SECONDS} s), ${inProportion(processorSeconds)} s of processor`,
    ours: perSecond(charges, seconds),
    unit: "charges/s",
    beside: [
      {
        name: `limit: bare read of the rows (${Math.round(limits.readMegabytes)} MB)`,
        value: perSecond(charges, limits.readSeconds),
      },
      {
        name: "limit: bare hashing of the documents and leaves, one thread",
        value: perSecond(charges, limits.hashSeconds),
      },
    ],
    goal: Math.round(MONTH_CHARGES / GOAL_SECONDS),
    met: month <= GOAL_SECONDS,
    seconds,
  };
}
