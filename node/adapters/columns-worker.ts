import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import type { InspectLine } from "../core/formats/inspect-line.ts";
import { ReadingKernel } from "../core/formats/kernel/reading-kernel.ts";
import { columnsIn, type ReadingRoom } from "../core/formats/kernel/reading-room.ts";
import type { ColumnsHeader, UsageColumns } from "../core/formats/usage-columns.ts";
import { Fingerprint } from "../engine/intake/fingerprint.ts";
import { KernelPrints } from "../engine/intake/kernel-prints.ts";
import type { FileLook } from "../engine/intake/require-whole-file.ts";
import { ColumnsParsing } from "./columns-parsing.ts";
import { ColumnsSpool } from "./columns-spool.ts";
import { whyDisk } from "./disk.ts";
import { FileGrowth } from "./file-growth.ts";
import { newNameKey } from "./new-name-key.ts";

/*
 * The thread that reads files into columns, one after the other (reading-threads.ts starts it). It parses a
 * file from beginning to end without waiting for anybody, and tells what it saw; columns that nobody takes yet
 * are put down on disk. Between two batches it hears whether its columns are wanted: then it hands them over
 * with fingerprints, in buffers that both threads see, as long as one is free. Whoever gives a file up ends
 * the thread.
 */

/**
 * So few bytes are looked at in about the time in which the first units of work are gathered: then taking
 * the file in may begin.
 */
const NEAR_END_BYTES = 134_217_728;

export interface ReadingOrder {
  path: string;
  format: string;
  options: { file: string; zone?: string; sourceName?: string };
  /** Where columns are put down. */
  spoolPath: string;
  /** Of a file that is still written (file-growth.ts). */
  growth?: SharedArrayBuffer;
}

/** What the thread is started with: where the columns of all its files lie, one batch more than are handed over. */
export interface ReadingPlace {
  room: ReadingRoom;
  buffers: number;
}

/** To the thread: a file; hand it over, with fingerprints under these seeds; or: a buffer is free again. */
export type ReadingWord = { order: ReadingOrder } | { seeds: Uint32Array } | { free: number };

export type ReadingNews =
  | { nearEnd: true }
  | { look: FileLook }
  | { buffer: number; header: ColumnsHeader; newNames: string[]; rawLength: number }
  | { report: InspectLine }
  | { error: { code: string; message: string; place: object } };

const port = parentPort;
const { room, buffers } = workerData as ReadingPlace;
const kernel = ReadingKernel.open(room);
const columns = columnsIn(room, buffers + 1);
/** Of what nobody has a buffer for. */
const ahead = columns.pop() as UsageColumns;
const free = columns.map((_, buffer) => buffer);
let prints: Fingerprint | KernelPrints | undefined;
let onWord: (() => void) | undefined;

port?.on("message", hear);

function hear(word: ReadingWord): void {
  if ("order" in word) void read(word.order);
  else if ("free" in word) free.push(word.free);
  else prints = printsOf(word.seeds);
  onWord?.();
}

function printsOf(seeds: Uint32Array): Fingerprint | KernelPrints {
  return kernel === undefined ? new Fingerprint(seeds) : new KernelPrints(seeds, kernel);
}

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
  const reader = columnsFormat(order.format).open(
    { ...order.options, nameKey: newNameKey() },
    kernel,
  );
  const spool = new ColumnsSpool(order.spoolPath, order.path);
  try {
    const growth = order.growth === undefined ? undefined : new FileGrowth(order.growth);
    const parsing = new ColumnsParsing(order.path, reader, growth);
    try {
      await handOver(parsing, spool);
    } finally {
      parsing.close();
    }
  } finally {
    spool.close();
    reader.discard();
  }
}

async function handOver(parsing: ColumnsParsing, spool: ColumnsSpool): Promise<void> {
  const names = new NamesOver();
  let isNearEnd = false;
  for (;;) {
    hearAll();
    if (!isNearEnd && parsing.left <= NEAR_END_BYTES) {
      isNearEnd = true;
      tell({ nearEnd: true });
    }
    // Who takes columns in never waits for the look; without one who does, all of it goes to disk.
    const buffer = prints === undefined ? undefined : free[0];
    if (buffer !== undefined && spool.hasMore) {
      const { newNames } = spool.read(columns[buffer] as UsageColumns);
      over(buffer, newNames, names);
    } else if (parsing.report === undefined) {
      const batch = buffer === undefined ? ahead : (columns[buffer] as UsageColumns);
      const newNames = parsing.fill(batch);
      if (batch.count > 0) {
        if (buffer === undefined) spool.write(batch, newNames);
        else over(buffer, newNames, names);
      }
      if (parsing.report !== undefined) tell({ look: parsing.look });
    } else if (spool.hasMore) await untilWord();
    else return tell({ report: parsing.report });
  }
}

/** Names of the batches that were handed over, by their numbers. */
class NamesOver {
  #names: string[] = [];
  #generation = -1;

  /** @param newNames those that the batches before it did not have */
  of({ generation }: UsageColumns, newNames: string[]): readonly string[] {
    if (generation !== this.#generation) this.#names = [];
    this.#generation = generation;
    for (const name of newNames) this.#names.push(name);
    return this.#names;
  }
}

/** @param buffer the first that is free */
function over(buffer: number, newNames: string[], names: NamesOver): void {
  const batch = columns[buffer] as UsageColumns;
  batch.names = names.of(batch, newNames);
  prints?.ofColumns(batch);
  free.shift();
  tell({ buffer, header: batch.header(), newNames, rawLength: batch.rawLength });
}

/** What was said meanwhile: the loop of this thread stands still while it parses. */
function hearAll(): void {
  if (port === null) return;
  for (;;) {
    const said = receiveMessageOnPort(port);
    if (said === undefined) return;
    hear(said.message as ReadingWord);
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
