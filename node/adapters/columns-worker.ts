import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import { ColumnsFiller, type ColumnsReader } from "../core/formats/columns-reader.ts";
import type { InspectLine } from "../core/formats/inspect-line.ts";
import { type ColumnsHeader, UsageColumns } from "../core/formats/usage-columns.ts";
import { Fingerprint } from "../engine/intake/fingerprint.ts";
import { FileLook } from "../engine/intake/require-whole-file.ts";
import { ColumnsSpool } from "./columns-spool.ts";
import { whyDisk } from "./disk.ts";

/*
 * The thread that reads files into columns, one after the other (reading-threads.ts starts it). First it
 * parses the whole file and puts the columns down on disk, and tells what it saw; then, when it is told to,
 * it hands them over with fingerprints. It fills buffers that both threads see, and waits when none is
 * free, so that it is never further ahead than they are many. Whoever gives a file up ends the thread.
 */

export interface ReadingOrder {
  path: string;
  format: string;
  options: { file: string; zone?: string; sourceName?: string };
  /** Where columns are put down. */
  spoolPath: string;
}

/** What the thread is started with: the buffers of all its files. */
export interface ReadingBuffers {
  buffers: SharedArrayBuffer[];
}

/** To the thread: a file; hand it over, with fingerprints under these seeds; or: a buffer is free again. */
export type ReadingWord = { order: ReadingOrder } | { seeds: Uint32Array } | { free: number };

export type ReadingNews =
  | { look: FileLook }
  | { buffer: number; header: ColumnsHeader; newNames: string[]; rawLength: number }
  | { report: InspectLine }
  | { error: { code: string; message: string; place: object } };

const port = parentPort;
const { buffers } = workerData as ReadingBuffers;
const columns = buffers.map((buffer) => new UsageColumns(buffer));
const free = columns.map((_, buffer) => buffer);
let prints: Fingerprint | undefined;
let onWord: (() => void) | undefined;

port?.on("message", (word: ReadingWord) => {
  if ("order" in word) void read(word.order);
  else if ("free" in word) free.push(word.free);
  else prints = new Fingerprint(word.seeds);
  onWord?.();
});

async function read(order: ReadingOrder): Promise<void> {
  prints = undefined;
  try {
    await work(order);
  } catch (error) {
    const { code, message, place } = asTold(error, order);
    tell({ error: { code, message, place } });
  }
}

async function work(order: ReadingOrder): Promise<void> {
  const reader = columnsFormat(order.format).open(order.options);
  const spool = new ColumnsSpool(order.spoolPath, order.path);
  try {
    const report = parse(order.path, reader, spool);
    await handOver(spool);
    tell({ report });
  } finally {
    spool.close();
    reader.discard();
  }
}

/** Reads the file once, from beginning to end. */
function parse(path: string, reader: ColumnsReader, spool: ColumnsSpool): InspectLine {
  const filler = new ColumnsFiller(reader);
  const batch = columns[0] as UsageColumns;
  const look = new FileLook();
  const file = openSync(path, "r");
  let told = { generation: -1, names: 0 };
  try {
    for (let isLast = false; !isLast || filler.hasRest; ) {
      const room = filler.begin(batch);
      const bytes: number = isLast ? 0 : readSync(file, room, 0, room.length, null);
      // At the end of the file nothing comes back, and only there.
      isLast = bytes === 0;
      filler.end(batch, bytes, isLast);
      look.seeColumns(batch);
      const { generation, names } = batch;
      const from = generation === told.generation ? told.names : 0;
      told = { generation, names: names.length };
      if (batch.count > 0) spool.write(batch, names.slice(from));
    }
  } finally {
    closeSync(file);
  }
  const report = reader.report();
  look.see(report);
  tell({ look });
  return report;
}

async function handOver(spool: ColumnsSpool): Promise<void> {
  const names: string[] = [];
  let generation = -1;
  for (;;) {
    while (free.length === 0 || prints === undefined) await untilWord();
    const buffer = free.shift() as number;
    const batch = columns[buffer] as UsageColumns;
    const spooled = spool.read(batch);
    if (spooled === undefined) {
      // For the next file, which would lack it.
      free.push(buffer);
      return;
    }
    const { newNames, rawLength } = spooled;
    if (batch.generation !== generation) names.length = 0;
    generation = batch.generation;
    for (const name of newNames) names.push(name);
    batch.names = names;
    prints.ofColumns(batch);
    tell({ buffer, header: batch.header(), newNames, rawLength });
  }
}

/** What the disk refuses is the file's or the disk's trouble; all else is this program's, and ends the thread. */
function asTold(error: unknown, order: ReadingOrder): TallystickError {
  if (error instanceof TallystickError) return error;
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) throw error;
  const { file } = order.options;
  return syscall.startsWith("write")
    ? new TallystickError(
        "spool.write-failed",
        `The file could not be put down to be taken in: ${whyDisk(error)}`,
        { file },
      )
    : new TallystickError("file.unreadable", `The file can not be read: ${message}.`, { file });
}

function untilWord(): Promise<void> {
  return new Promise((resolve) => {
    onWord = resolve;
  });
}

function tell(news: ReadingNews): void {
  port?.postMessage(news);
}
