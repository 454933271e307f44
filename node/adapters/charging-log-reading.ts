import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as pause } from "node:timers/promises";
import type { Entry } from "../core/charging/entry.ts";
import { TallystickError } from "../core/errors.ts";
import { groupAt, hasGroupBehind } from "./charging-log-frame.ts";
import { readTextLines } from "./text-lines.ts";

/* Reading the files of a charging log, at a start and when it is compacted. */

const LINES_A_TURN = 500;
export const LOG_NAME = /^log-(\d{8})\.wal$/;
export const SNAPSHOT_NAME = /^snapshot-(\d{8})\.jsonl$/;

export const logName = (number: number): string => `log-${String(number).padStart(8, "0")}.wal`;
export const snapshotName = (number: number): string =>
  `snapshot-${String(number).padStart(8, "0")}.jsonl`;

export async function* snapshotLines(directory: string, number: number): AsyncGenerator<string> {
  const lines = readTextLines(join(directory, snapshotName(number)));
  for await (const { number: line, text } of lines) {
    if (line % LINES_A_TURN === 0) await pause();
    yield text;
  }
}

/** Where the log goes on: bytes since the snapshot, and the next group's sequence. */
export interface LogEnd {
  bytes: number;
  sequence: bigint;
}

/**
 * The entries of some files in their order.
 * @param mended given at a start: the newest file's end may be torn, is cut off, and the end told
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
  for (let number = from; number <= upTo; number++) {
    const name = join(directory, logName(number));
    const file = await readFile(name);
    let at = 0;
    for (let group = groupAt(file, at); group !== undefined; group = groupAt(file, at)) {
      if (expected !== undefined && group.sequence !== expected) {
        throw damaged(name, `group ${expected} is missing`);
      }
      expected = group.sequence + 1n;
      at = group.end;
      for (const line of group.lines) yield JSON.parse(line) as Entry;
      await pause();
    }
    const isTorn = file.subarray(at).some((byte) => byte !== 0);
    // Only the end of the newest file can be torn, and nothing whole stands behind it.
    const isNewest = number === upTo && mended !== undefined;
    if (isTorn && (!isNewest || hasGroupBehind(file, at))) {
      throw damaged(name, `what stands at byte ${at} does not fit its checksum`);
    }
    if (isNewest) await cutAt(name, at);
    bytes += at;
  }
  mended?.({ bytes, sequence: expected ?? 0n });
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
