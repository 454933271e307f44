import { createHash, randomBytes } from "node:crypto";
import { open, readFile, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { EventFiles } from "../../adapters/event-files.ts";
import { decodeEvents, EventBuffer } from "../../core/aggregation/event-block.ts";
import { buildEventsTree } from "../../core/aggregation/event-digests.ts";
import { proveEvent } from "../../core/aggregation/event-proof.ts";
import { AggregationPolicy } from "../../core/aggregation/policy.ts";
import { EventLineReader } from "../../core/aggregation/read-events.ts";
import { TallystickError } from "../../core/errors.ts";
import { type ClosingReport, EventAggregator } from "../../engine/aggregate-events.ts";
import type { CommandModule } from "../command.ts";
import { declareNodeOptions, type NodeOptions, withNode } from "../open-node.ts";
import { EXIT, type ExitCode, type Output, ServiceError, UsageError } from "../output.ts";

const CHUNK_BYTES = 1 << 18;
/** A crash loses no event, but reads again what came after the last checkpoint. */
const CHECKPOINT_MS = 2_000;
const PROGRESS_MS = 1_000;
/** The first bytes of a file, with its name, say which file it is while it still grows. */
const HEAD_BYTES = 4_096;

interface Options extends NodeOptions {
  into?: string;
  policy?: string;
  partitions?: string;
  close?: boolean;
  forward?: boolean;
  prove?: string;
  device?: string;
  time?: string;
  sequence?: string;
  out?: string;
  forgetBefore?: string;
}

export const command: CommandModule = {
  declare(parser) {
    declareNodeOptions(parser)
      .argument("[file...]", 'files of events (comma-separated lines), "-" for standard input')
      .requiredOption("--into <dir>", "where events are kept, and charges made of them")
      .option("--policy <file>", "what becomes one charge (docs/AGGREGATION.md)")
      .option("--partitions <number>", "parts of a window; closing holds one in memory", "16")
      .option("--close", "close every window now, without waiting for more events")
      .option("--forward", "hand finished charges to the node; while it is away they wait")
      .option("--prove <record>", "show of one event that it is in this record's charge, or is not")
      .option("--device <id>", "with --prove: the event's device")
      .option("--time <instant>", "with --prove: milliseconds since 1970, or ISO 8601")
      .option("--sequence <number>", "with --prove: the device's own counter", "0")
      .option("--out <file>", "with --prove: where the proof goes (default: standard output)")
      .option("--forget-before <date>", "remove events and keys of windows before this day (UTC)")
      .addHelpText(
        "after",
        "\nA file that was read before goes on where it ended. Killed at any moment, it loses no event" +
          "\nand takes none twice. Usage records of finished windows lie in DIR/out for `ingest`." +
          "\nExit code 1 when an event was rejected or, with --prove, is not in the charge.",
      );
  },

  async run([files], given, { output }) {
    const options = given as Options;
    const folder = new EventFiles(options.into as string);
    try {
      if (options.prove !== undefined) return await prove(folder, options, output);
      if (options.forgetBefore !== undefined) return await forget(folder, options, output);
      const exit = await takeIn(folder, files as string[], options, output);
      if (options.forward === true) await forward(folder, options, output);
      return exit;
    } finally {
      folder.release();
    }
  },
};

async function takeIn(
  folder: EventFiles,
  files: string[],
  options: Options,
  output: Output,
): Promise<ExitCode> {
  if (files.length === 0 && options.close !== true && options.forward !== true) {
    throw new UsageError("Name files of events, or --close, --forward, --prove, --forget-before.");
  }
  if (files.length === 0 && options.close !== true) return EXIT.yes;
  const known = folder.readCheckpoint()?.policy;
  if (options.policy === undefined && known === undefined) {
    throw new UsageError("Say with --policy what becomes one charge; the folder is new.");
  }
  const document =
    options.policy === undefined ? known : JSON.parse(await readFile(options.policy, "utf8"));
  const closings: ClosingReport[] = [];
  const aggregator = EventAggregator.open({
    policy: new AggregationPolicy(document),
    folder,
    partitions: readPartitions(options.partitions),
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    now: () => Date.now(),
    onClosed: (report) => closings.push(report),
  });
  let rejected = 0;
  const began = Date.now();
  let events = 0;
  for (const file of files) {
    const taken = await takeFile(aggregator, file, output);
    events += taken.events;
    rejected += taken.rejected;
    await output.record({ file: taken });
    await output.say(
      `${taken.name}: ${taken.events} events${taken.already ? " (the rest was there already)" : ""}, ${taken.rejected} rejected`,
    );
  }
  aggregator.checkpoint();
  aggregator.closeDue(options.close === true);
  for (const closing of closings) {
    await output.record({ closed: closing });
  }
  const sum = (read: (one: ClosingReport) => number) =>
    closings.reduce((total, one) => total + read(one), 0);
  const summary = {
    events,
    rejected,
    windowsClosed: closings.length,
    charges: sum(({ charges }) => charges),
    eventsCharged: sum((one) => one.events),
    duplicates: sum(({ duplicates }) => duplicates),
    bytesKept: sum(({ bytes }) => bytes),
    seconds: (Date.now() - began) / 1000,
    waiting: folder.waiting().length,
  };
  await output.record({ summary });
  await output.say(
    `${summary.eventsCharged} events became ${summary.charges} charges in ${summary.windowsClosed} closings, ${summary.duplicates} were there twice; ${summary.waiting} files wait in ${options.into}/out.`,
  );
  return rejected > 0 ? EXIT.no : EXIT.yes;
}

interface TakenFile {
  name: string;
  events: number;
  rejected: number;
  already: boolean;
  codes: Record<string, number>;
}

async function takeFile(
  aggregator: EventAggregator,
  file: string,
  output: Output,
): Promise<TakenFile> {
  const source = file === "-" ? `standard input at ${Date.now()}` : await sourceName(file);
  const progress = aggregator.progressOf(source);
  aggregator.begin(source);
  const reader = new EventLineReader(aggregator);
  if (progress.header !== undefined) {
    reader.resume(progress.header, progress.bytes, progress.lines);
  }
  const taken = { events: 0, rejected: 0, codes: {} as Record<string, number> };
  const checkpoint = () => {
    taken.events += aggregator.events;
    for (const [code, count] of aggregator.rejections) {
      taken.rejected += count;
      taken.codes[code] = (taken.codes[code] ?? 0) + count;
    }
    const { header, bytesRead, lines } = reader;
    aggregator.checkpoint({
      ...(header === undefined ? {} : { header }),
      bytes: bytesRead,
      lines,
    });
  };
  let last = Date.now();
  let told = last;
  try {
    for await (const chunk of chunksOf(file, progress.bytes)) {
      reader.push(chunk);
      const now = Date.now();
      if (now - told >= PROGRESS_MS) {
        told = now;
        output.remark(`${basename(file)}: ${Math.floor(reader.bytesRead / 1_000_000)} MB read`);
      }
      if (now - last < CHECKPOINT_MS) continue;
      checkpoint();
      aggregator.closeDue();
      last = Date.now();
    }
    reader.end();
  } catch (error) {
    checkpoint();
    if (!(error instanceof TallystickError)) throw error;
    throw new TallystickError(error.code, error.message, { ...error.place, file }, error);
  }
  checkpoint();
  return { name: basename(file), ...taken, already: progress.bytes > 0 };
}

async function sourceName(file: string): Promise<string> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new TallystickError(
      "file.not-readable",
      `The file can not be read (${error.code}). Check its name and who may read it.`,
      { file },
    );
  });
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    // Only whole lines, so that a file is the same while its first lines are all there is.
    const head = buffer.subarray(0, bytesRead);
    const line = head.indexOf(10);
    const digest = createHash("sha256").update(line < 0 ? head : head.subarray(0, line));
    const second = line < 0 ? -1 : head.indexOf(10, line + 1);
    if (second > 0) digest.update(head.subarray(line, second));
    return `${basename(file)} ${digest.digest("hex").slice(0, 16)}`;
  } finally {
    await handle.close();
  }
}

async function* chunksOf(file: string, from: number): AsyncGenerator<Uint8Array> {
  if (file === "-") {
    for await (const chunk of process.stdin) yield chunk as Buffer;
    return;
  }
  const { size } = await stat(file);
  if (size < from) {
    throw new TallystickError(
      "events.file-shorter",
      `The file has ${size} bytes, but ${from} were read of it before. Was it cut or replaced?`,
      { file },
    );
  }
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let at = from; ; ) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Oldest first; what the node does not take stays, and the next call begins there. */
async function forward(folder: EventFiles, options: Options, output: Output): Promise<void> {
  const waiting = folder.waiting();
  if (waiting.length === 0) return;
  let sent = 0;
  try {
    await withNode(options, output, async (node) => {
      for (const file of waiting) {
        const path = `/v1/operator/usage?${new URLSearchParams({ name: basename(file) })}`;
        const chunks = chunksOf(file, 0);
        const { body } = await node.upload(path, chunks);
        folder.delivered(file);
        sent++;
        await output.record({ forwarded: body });
      }
    });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    output.remark(`${error.message} ${waiting.length - sent} files wait; nothing is lost.`);
  }
  await output.say(`${sent} of ${waiting.length} files were handed to the node.`);
}

async function prove(folder: EventFiles, options: Options, output: Output): Promise<ExitCode> {
  const { prove: record = "", device, time, sequence = "0", out } = options;
  if (device === undefined || time === undefined) {
    throw new UsageError("--prove asks for --device and --time of the event.");
  }
  const event = { device, time: readInstant(time), sequence: readWhole(sequence, "--sequence") };
  for (const name of folder.listClosed()) {
    for (const { key, data } of folder.readClosed(name, (group) => group.record === record)) {
      const buffer = new EventBuffer();
      decodeEvents(data, buffer);
      const keyBytes = Uint8Array.from(Buffer.from(key, "base64"));
      const tree = buildEventsTree(keyBytes, measuredEvents(buffer));
      const proof = proveEvent(record, keyBytes, tree, event);
      const text = `${JSON.stringify(proof, null, 1)}\n`;
      if (out !== undefined) await writeFile(out, text, { mode: 0o600 });
      await output.record({ proof });
      const isIn = proof.present !== undefined;
      await output.say(
        out === undefined ? text : `The event ${isIn ? "is" : "is not"} in the charge; see ${out}.`,
      );
      return isIn ? EXIT.yes : EXIT.no;
    }
  }
  throw new TallystickError(
    "events.unknown-record",
    `No closed window holds the events of "${record}": they may have been forgotten.`,
  );
}

function measuredEvents(buffer: EventBuffer) {
  const decoder = new TextDecoder();
  const names = buffer.devices.map((name) => decoder.decode(name));
  return Array.from({ length: buffer.count }, (_, row) => ({
    device: names[buffer.device[row] as number] as string,
    time: BigInt(buffer.time[row] as number),
    sequence: BigInt(buffer.sequence[row] as number),
    quantity: BigInt(buffer.quantity[row] as number),
  }));
}

async function forget(folder: EventFiles, options: Options, output: Output): Promise<ExitCode> {
  const before = Date.parse(`${options.forgetBefore}T00:00:00Z`);
  if (Number.isNaN(before))
    throw new UsageError("--forget-before takes a day, such as 2026-10-01.");
  const forgotten = folder.forgetBefore(before);
  await output.record({ forgotten });
  await output.say(`Events of ${forgotten.length} closings were removed; their charges stay.`);
  return EXIT.yes;
}

function readPartitions(text: string | undefined): number {
  const partitions = Number(text);
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= 1024) return partitions;
  throw new UsageError(`--partitions takes a number from 1 to 1024, not "${text}".`);
}

function readWhole(text: string, option: string): bigint {
  if (/^\d{1,15}$/.test(text)) return BigInt(text);
  throw new UsageError(`${option} takes a whole number, not "${text}".`);
}

function readInstant(text: string): bigint {
  if (/^\d{1,15}$/.test(text)) return BigInt(text);
  const time = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (time >= 0) return BigInt(time);
  throw new UsageError(`--time takes milliseconds or an ISO 8601 instant, not "${text}".`);
}
