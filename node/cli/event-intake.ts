import { randomFillSync } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import type { EventFiles } from "../adapters/event-files.ts";
import { EventThread } from "../adapters/event-thread.ts";
import { LaneFiles } from "../adapters/lane-files.ts";
import { newNameKey } from "../adapters/new-name-key.ts";
import { LineCutter } from "../core/aggregation/cut-lines.ts";
import { AggregationPolicy } from "../core/aggregation/policy.ts";
import { TallystickError } from "../core/errors.ts";
import { type ClosingReport, EventAggregator } from "../engine/aggregate/aggregate-events.ts";
import { EventLane, type LaneState } from "../engine/aggregate/event-lane.ts";
import { NearLane } from "../engine/aggregate/lane-team.ts";
import { chunksOf, sourceName } from "./event-source.ts";
import { type Output, UsageError } from "./output.ts";

/** A crash loses no event, but reads again what came after the last checkpoint. */
const CHECKPOINT_MS = 2_000;
const PROGRESS_MS = 1_000;
/** Less than this is done before threads have started. */
const THREADS_FROM_BYTES = 16_000_000;
const THREADS_MAX = 64;
const PARTS_MAX = 1024;

export interface IntakeOptions {
  policy?: string;
  partitions?: string;
  threads?: string;
  close?: boolean;
}

interface TakenFile {
  name: string;
  events: number;
  rejected: number;
  /** Some of it was read before. */
  already: boolean;
  /** Its last line has no end: it is left for the next time. */
  unfinished: boolean;
  codes: Record<string, number>;
  /** The first line of each code. */
  firstLines: Record<string, number>;
}

export interface IntakeSummary {
  watermark: number;
  rejected: number;
}

/** Takes files of events in, and closes the windows that are due. */
export async function takeEventsIn(
  folder: EventFiles,
  files: string[],
  options: IntakeOptions,
  output: Output,
): Promise<IntakeSummary> {
  const closings: ClosingReport[] = [];
  const threads =
    options.threads === undefined
      ? await threadsFor(files)
      : wholeOption("--threads", options.threads, THREADS_MAX);
  const aggregator = await openAggregator(folder, threads, options, (one) => closings.push(one));
  const began = performance.now();
  let [events, rejected] = [0, 0];
  try {
    if (aggregator.clockBehind > 1_000) {
      const seconds = Math.round(aggregator.clockBehind / 1000);
      output.remark(
        `This machine's clock is ${seconds} s behind what it once was. Events are judged by the latest time it ever showed.`,
      );
    }
    for (const file of files) {
      // In this thread lines are read before the next are cut.
      const cutter = new LineCutter({ usesAgain: threads === 1 });
      const taken = await takeFile(aggregator, cutter, file, options.close === true, output);
      events += taken.events;
      rejected += taken.rejected;
      await tellFile(taken, output);
    }
    await aggregator.closeDue(options.close === true);
  } finally {
    await aggregator.end();
  }
  for (const closing of closings) await output.record({ closed: closing });
  const sum = (read: (one: ClosingReport) => number) =>
    closings.reduce((total, one) => total + read(one), 0);
  const { user, system } = process.cpuUsage();
  const summary = {
    events,
    rejected,
    windowsClosed: closings.length,
    charges: sum(({ charges }) => charges),
    eventsCharged: sum((one) => one.events),
    duplicates: sum(({ duplicates }) => duplicates),
    bytesKept: sum(({ bytes }) => bytes),
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (user + system) / 1e6,
    peakMegabytes: await peakMegabytes(),
    waiting: folder.waiting().length,
  };
  await output.record({ summary });
  await output.say(
    `${summary.eventsCharged} events became ${summary.charges} charges in ${summary.windowsClosed} closings, ${summary.duplicates} were there twice; ${summary.waiting} files wait in ${folder.path}/out.`,
  );
  return { watermark: aggregator.watermark, rejected };
}

/** Of this program alone: what the system counts for a process may be that of the one that started it. */
async function peakMegabytes(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8").catch(() => "");
  const [, kilobytes = process.resourceUsage().maxRSS] = /^VmHWM:\s*(\d+) kB$/m.exec(status) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}

async function openAggregator(
  folder: EventFiles,
  threads: number,
  options: IntakeOptions,
  onClosed: (closing: ClosingReport) => void,
): Promise<EventAggregator> {
  const known = folder.readCheckpoint()?.policy;
  if (options.policy === undefined && known === undefined) {
    throw new UsageError("Say with --policy what becomes one charge; the folder is new.");
  }
  const document =
    options.policy === undefined ? known : JSON.parse(await readFile(options.policy, "utf8"));
  const policy = new AggregationPolicy(document);
  const startLane = (lane: number, state: LaneState) => {
    if (threads > 1) {
      return new EventThread({ policy: policy.document, folder: folder.path, lane, state });
    }
    const random = (bytes: number) => randomFillSync(new Uint8Array(bytes));
    const own = { policy, folder: new LaneFiles(folder.path, lane), random, nameKey: newNameKey() };
    return new NearLane(new EventLane(own, state));
  };
  return EventAggregator.open({
    policy,
    folder,
    parts: wholeOption("--partitions", options.partitions ?? "64", PARTS_MAX),
    lanes: threads,
    startLane,
    now: () => Date.now(),
    onClosed,
  });
}

async function threadsFor(files: string[]): Promise<number> {
  let bytes = 0;
  for (const file of files) {
    bytes += file === "-" ? THREADS_FROM_BYTES : ((await stat(file).catch(() => null))?.size ?? 0);
  }
  return bytes < THREADS_FROM_BYTES ? 1 : Math.min(8, availableParallelism());
}

async function takeFile(
  aggregator: EventAggregator,
  cutter: LineCutter,
  file: string,
  isLast: boolean,
  output: Output,
): Promise<TakenFile> {
  const source = await sourceName(file, Date.now());
  const progress = aggregator.progressOf(source);
  const taken: TakenFile = {
    name: basename(file),
    events: 0,
    rejected: 0,
    already: progress.bytes > 0,
    unfinished: false,
    codes: {},
    firstLines: {},
  };
  let isBegun = false;
  const give = async (lines: Uint8Array) => {
    if (cutter.header === undefined) return;
    if (!isBegun) await aggregator.begin(source, cutter.header);
    isBegun = true;
    if (lines.length > 0) await aggregator.take(lines);
  };
  const checkpoint = async () => {
    if (!isBegun) return;
    const { events, rejections } = await aggregator.checkpoint(
      cutter.bytesRead,
      cutter.header as string,
    );
    taken.events += events;
    for (const [code, { count, firstLine }] of rejections) {
      taken.rejected += count;
      taken.codes[code] = (taken.codes[code] ?? 0) + count;
      taken.firstLines[code] ??= firstLine;
    }
  };
  if (progress.header !== undefined) {
    cutter.resume(progress.header, progress.bytes);
    await give(new Uint8Array());
  }
  let last = performance.now();
  let told = last;
  try {
    for await (const chunk of chunksOf(file, progress.bytes)) {
      await give(cutter.push(chunk));
      const now = performance.now();
      if (now - told >= PROGRESS_MS) {
        told = now;
        output.remark(`${taken.name}: ${Math.floor(cutter.bytesRead / 1_000_000)} MB read`);
      }
      if (now - last < CHECKPOINT_MS) continue;
      await checkpoint();
      await aggregator.closeDue();
      last = now;
    }
    // A file that is still written may end in the middle of a line, even of a number.
    if (file === "-" || isLast) await give(cutter.end());
    else taken.unfinished = cutter.hasRest;
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    await checkpoint();
    throw new TallystickError(error.code, error.message, { ...error.place, file }, error);
  }
  await checkpoint();
  return taken;
}

async function tellFile(taken: TakenFile, output: Output): Promise<void> {
  await output.record({ file: taken });
  const lines = Object.entries(taken.firstLines).map(
    ([code, line]) => `${taken.codes[code]} ${code}, the first in line ${line}`,
  );
  const told = [
    `${taken.name}: ${taken.events} events${taken.already ? " (the rest was there already)" : ""}, ${taken.rejected} rejected`,
    ...(lines.length === 0 ? [] : [` (${lines.join("; ")})`]),
    ...(taken.unfinished
      ? ["; its last line has no end yet and is left for the next time (--close takes it)"]
      : []),
  ];
  await output.say(told.join(""));
}

function wholeOption(option: string, text: string, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw new UsageError(`${option} takes a number from 1 to ${max}, not "${text}".`);
}
