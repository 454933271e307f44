import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Entry } from "../core/charging/entry.ts";
import { TallystickError } from "../core/errors.ts";
import { groupAt, hasGroupBehind } from "./charging-log-frame.ts";
import { readTextLines } from "./text-lines.ts";

/* Reading the files of a charging log, at a start and when it is compacted. */

const ZEROS = Buffer.alloc(64 * 1024);
export const LOG_NAME = /^log-(\d{8})\.wal$/;
export const SNAPSHOT_NAME = /^snapshot-(\d{8})\.jsonl$/;

export const logName = (number: number): string => `log-${String(number).padStart(8, "0")}.wal`;
export const snapshotName = (number: number): string =>
  `snapshot-${String(number).padStart(8, "0")}.jsonl`;

export async function* snapshotLines(directory: string, number: number): AsyncGenerator<string> {
  for await (const { text } of readTextLines(join(directory, snapshotName(number)))) yield text;
}

/** Where the log goes on: bytes since the snapshot, and the next group's sequence. */
export interface LogEnd {
  bytes: number;
  sequence: bigint;
}

/**
 * The entries of some files in their order.
 * @param mended given at a start: the end may be torn, is cut off, and where the log goes on is told
 * @throws TallystickError `charging.log-damaged`
 */
export async function* logEntries(
  directory: string,
  from: number,
  upTo: number,
  mended?: (end: LogEnd) => void,
): AsyncGenerator<Entry> {
  let expected: bigint | undefined;
  let bytes = 0;
  let torn: { name: string; at: number } | undefined;
  for (let number = from; number <= upTo; number++) {
    const name = join(directory, logName(number));
    const file = await readFile(name);
    let at = 0;
    for (let group = groupAt(file, at); group !== undefined; group = groupAt(file, at)) {
      // What was written later shows that the end before it was whole once.
      if (torn !== undefined) throw unfit(torn);
      if (expected !== undefined && group.sequence !== expected) {
        throw damaged(name, `group ${expected} is missing`);
      }
      expected = group.sequence + 1n;
      at = group.end;
      for (const line of group.lines) yield JSON.parse(line) as Entry;
    }
    bytes += at;
    // Behind the last group stands the room that was laid out for more.
    if (isZero(file.subarray(at))) continue;
    // Only the newest end can be torn, and nothing whole stands behind it.
    if (torn !== undefined) throw unfit(torn);
    torn = { name, at };
    if (mended === undefined || hasGroupBehind(file, at)) throw unfit(torn);
  }
  if (torn !== undefined) await cutAt(torn.name, torn.at);
  mended?.({ bytes, sequence: expected ?? 0n });
}

const unfit = ({ name, at }: { name: string; at: number }): TallystickError =>
  damaged(name, `what stands at byte ${at} does not fit its checksum`);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length);
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}

async function cutAt(name: string, length: number): Promise<void> {
  const file = await open(name, "r+");
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}

export const damaged = (file: string, why: string): TallystickError =>
  new TallystickError(
    "charging.log-damaged",
    `The charging node's log is damaged: ${why}. Restore it from a backup; nothing was changed.`,
    { file },
  );
