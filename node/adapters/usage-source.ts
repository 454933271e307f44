import { stat } from "node:fs/promises";
import { type ColumnsFormat, readColumns } from "../core/formats/columns-reader.ts";
import type { Chunks, ParseOptions } from "../core/formats/inspect-line.ts";
import type { UsageFormat } from "../core/formats/registry.ts";
import { UsageColumns, type UsageLines } from "../core/formats/usage-columns.ts";
import { KernelPrints } from "../engine/intake/kernel-prints.ts";
import { FileLook } from "../engine/intake/require-whole-file.ts";
import { ColumnsThread } from "./columns-thread.ts";
import { openInput } from "./files.ts";
import { newNameKey } from "./new-name-key.ts";
import type { ReadingRooms } from "./reading-rooms.ts";
import type { ReadingThreads } from "./reading-threads.ts";

/** A thread costs a tenth of a second of processor before its first row; smaller files are read beside. */
export const THREAD_BYTES_MIN = 16_777_216;
/** The same of a thread that has read before: then it is worth telling it. */
const KEPT_THREAD_BYTES_MIN = 1_048_576;

/** A file on disk that is looked at as a whole, and taken in. */
export interface UsageSource {
  /** What was found from beginning to end. */
  look(): Promise<FileLook>;
  /**
   * Resolved when so little is left to be looked at that taking it in may begin: the look is over before two units
   * of work are gathered, or not long after.
   */
  nearEnd(): Promise<void>;
  /** After `nearEnd`, once. @param seeds of the fingerprints, for who takes them while reading */
  lines(seeds: Uint32Array): UsageLines;
  /** Lets go of what it holds, whether or not it was read to its end. */
  close(): Promise<void>;
}

/**
 * In the quickest way that format and size allow: by columns where the format has them, and then parsed
 * once, by a thread of its own, where the file is large and a thread is free. Errors while reading as the format's parser and
 * `openInput` throw, and as `ColumnsThread`.
 */
export async function openUsage(
  path: string,
  format: UsageFormat,
  options: ParseOptions,
  threads: ReadingThreads,
  threadBytesMin = threads.hasIdle ? KEPT_THREAD_BYTES_MIN : THREAD_BYTES_MIN,
): Promise<UsageSource> {
  const { columns } = format;
  const isLarge = (await stat(path)).size >= threadBytesMin;
  if (columns !== undefined && isLarge && !threads.areTaken) {
    return new ColumnsThread(path, format.name, options, threads);
  }
  const parse = format.parseBlocks ?? format.parse;
  async function* read(all: ParseOptions, seeds?: Uint32Array): UsageLines {
    const { chunks } = await openInput(path);
    if (columns === undefined) yield* parse(chunks, all);
    else yield* readHere(chunks, columns, all, threads.rooms, seeds);
  }
  // The digests are of no use to a first look.
  const look = FileLook.at(read({ ...options, sha256: () => "" }));
  look.catch(() => {});
  return {
    look: () => look,
    // Beside on this very thread there is nothing to be gained.
    nearEnd: () => look.then(() => {}),
    lines: (seeds) => read(options, seeds),
    close: async () => {},
  };
}

/** On this very thread; by a kernel, and with fingerprints where they are wanted, as long as a room is free. */
async function* readHere(
  chunks: Chunks,
  format: ColumnsFormat,
  given: ParseOptions,
  rooms: ReadingRooms,
  seeds: Uint32Array | undefined,
): UsageLines {
  const options = { ...given, nameKey: newNameKey() };
  const room = rooms.take();
  if (room === undefined) {
    yield* readColumns(chunks, format, options);
    return;
  }
  try {
    const prints = seeds === undefined ? undefined : new KernelPrints(seeds, room.kernel);
    for await (const found of readColumns(chunks, format, options, room)) {
      if (found instanceof UsageColumns) prints?.ofColumns(found);
      yield found;
    }
  } finally {
    rooms.giveBack(room);
  }
}
