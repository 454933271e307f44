import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";

const PART = fileURLToPath(new URL("./memory-part.ts", import.meta.url));
const ROWS = 200_000;
/** Files after which memory is looked at: up to a million records tables grow to their full size. */
const MARKS = [5, 10, 20];
const MEGABYTE = 1_048_576;
/** Of the index of records seen, by design: two fingerprints a record, at most three bytes each in filters. */
const BYTES_A_RECORD = 6;
/** Beside it: what a merge of the index holds while it is under way. */
const HELD_MEGABYTES_MAX = 40;
/** And what the C library can not give back, since something in use lies behind it. */
const RESIDENT_MEGABYTES_MAX = 160;

/** What memory-part.ts tells. */
export interface MemoryMark {
  records: number;
  /** Of the process itself, all threads, without files that are mapped. */
  residentMegabytes: number;
  /** What its main thread can not do without. */
  heldBytes: number;
}

/** Files one after the other, each sealed: ends with an error where memory grows more than is told here. */
export const memory: Benchmark = {
  name: "memory",
  async *run(): AsyncGenerator<Figure> {
    const began = performance.now();
    const args = [...process.execArgv, PART, ROWS, ...MARKS].map(String);
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    const lines = (await text(child.stdout)).trim().split("\n");
    const [code] = await ended;
    if (code !== 0) throw new Error(`memory-part.ts ended with ${code}`);
    const seconds = (performance.now() - began) / 1000;
    yield figure(
      lines.map((line) => JSON.parse(line)),
      seconds,
    );
  },
};

function figure(marks: MemoryMark[], seconds: number): Figure {
  const [first, last] = [marks[0], marks.at(-1)];
  if (first === undefined || last === undefined) throw new Error("memory-part.ts told nothing");
  const records = last.records - first.records;
  const byDesign = (BYTES_A_RECORD * records) / MEGABYTE;
  const held = (last.heldBytes - first.heldBytes) / MEGABYTE;
  const resident = last.residentMegabytes - first.residentMegabytes;
  for (const [what, grown, more] of [
    ["what is held", held, HELD_MEGABYTES_MAX],
    ["resident memory", resident, RESIDENT_MEGABYTES_MAX],
  ] as const) {
    if (grown <= byDesign + more) continue;
    throw new Error(
      `${what} grew by ${grown.toFixed(0)} MB with ${records} records; ${byDesign.toFixed(0)} and ${more} MB are accounted for`,
    );
  }
  const told = marks.map(
    (mark) =>
      `${mark.residentMegabytes.toFixed(0)} MB of its own after ${mark.records / 1e6} million, of which the main thread holds ${(mark.heldBytes / MEGABYTE).toFixed(0)}`,
  );
  return {
    name: "memory",
    work: `files of ${ROWS} records one after the other, each sealed, a network of some thousand subscribers; no ledger: ${told.join("; ")}. By design ${byDesign.toFixed(0)} MB of it grow between the first and the last; ${perSecond(last.records, seconds)} records a second, with making the files`,
    ours: Math.round(resident),
    unit: `MB more after ${last.records / 1e6} million records than after ${first.records / 1e6}`,
    beside: [{ name: "held by the main thread", value: Math.round(held) }],
    goal: Math.round(byDesign + RESIDENT_MEGABYTES_MAX),
    met: true,
    seconds,
  };
}
