import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";

const PART = fileURLToPath(new URL("./publish-part.ts", import.meta.url));
const SUBSCRIBERS = 1_000;
const CHARGES_EACH = 10;
const BATCHES = 40;
const COMPANY_LINES = 200_000;

interface Part {
  seconds: number;
  processorSeconds: number;
  bytes: number;
  beforeMegabytes: number;
  peakMegabytes: number;
}

/** In a process of its own: the month is made through the whole intake and billed, then published. */
async function measure(subscribers: number, charges: number, batches: number): Promise<Part> {
  const args = [PART, ...[subscribers, charges, batches].map(String)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

function figure(subscribers: number, charges: number, part: Part): Figure {
  const { seconds, processorSeconds, bytes, beforeMegabytes, peakMegabytes } = part;
  const isCompany = subscribers === 1;
  const count = isCompany ? charges : subscribers;
  const each = isCompany ? `${bytes} bytes` : `${Math.round(bytes / subscribers)} bytes each`;
  const processor = `${((1000 * processorSeconds) / count).toFixed(2)} ms of processor each`;
  const memory = `peak ${Math.round(peakMegabytes)} MB after ${Math.round(beforeMegabytes)} MB`;
  return {
    name: "publish",
    work: `${
      isCompany
        ? `one bundle of ${charges} lines`
        : `evidence files of ${subscribers} subscribers with ${charges} charges each, in ${BATCHES} batches`
    }: read from Level on disk, proven, signed, compressed, encrypted, durable on the disk; ${each}; ${processor}; ${memory}`,
    ours: perSecond(count, seconds),
    unit: isCompany ? "lines/s" : "files/s",
    beside: [],
    seconds,
  };
}

/** A month's evidence as files for a web server; and the bundle of a company, piece by piece. */
export const publish: Benchmark = {
  name: "publish",
  async *run() {
    for (const times of [1, 2, 4]) {
      const subscribers = times * SUBSCRIBERS;
      const part = await measure(subscribers, CHARGES_EACH, BATCHES);
      yield figure(subscribers, CHARGES_EACH, part);
    }
    for (const times of [0.25, 0.5, 1]) {
      const lines = times * COMPANY_LINES;
      yield figure(1, lines, await measure(1, lines, 4));
    }
  },
};
