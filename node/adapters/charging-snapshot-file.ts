import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeState } from "../core/charging/snapshot.ts";
import type { LogContent } from "../engine/charging/charging-log.ts";
import { recoverState } from "../engine/charging/charging-node.ts";
import { type LogEnd, logEntries, snapshotLines, snapshotName } from "./charging-log-reading.ts";

const LINES_A_WRITE = 2_000;
/** Written to the disk in parts of this size: a large one at once would hold up the log beside it. */
const SYNC_BYTES = 2 * 1024 * 1024;

/** Work and rest take turns: where cores are few, those who wait for an answer get theirs at once. */
const WORK_MILLISECONDS = 3;
const REST_MILLISECONDS = 4;

/** Which files of a folder make a state: the newest snapshot, 0 is none, and the logs after it. */
export interface SnapshotTask {
  directory: string;
  snapshot: number;
  upTo: number;
}

export function contentOf(
  { directory, snapshot, upTo }: SnapshotTask,
  mended?: (end: LogEnd) => void,
): LogContent {
  return {
    snapshot: snapshot === 0 ? undefined : snapshotLines(directory, snapshot),
    entries: logEntries(directory, Math.max(1, snapshot), upTo, mended),
  };
}

export const partName = ({ directory, upTo }: SnapshotTask): string =>
  join(directory, `${snapshotName(upTo + 1)}.part`);

/**
 * Writes the state that a folder's files amount to, by the code of a restart. It has no name of a
 * snapshot yet when it is whole and durable.
 * @returns its bytes
 * @throws TallystickError `charging.log-damaged`, `charging.snapshot-unusable`
 */
export async function writeSnapshotPart(task: SnapshotTask): Promise<number> {
  const { snapshot, entries } = contentOf(task);
  const state = await recoverState({
    snapshot: snapshot === undefined ? undefined : inTurns(snapshot),
    entries: inTurns(entries),
  });
  const file = await open(partName(task), "w", 0o600);
  try {
    let [bytes, synced] = [0, 0];
    let lines: string[] = [];
    const flush = async (): Promise<void> => {
      const text = Buffer.from(lines.join(""), "utf8");
      await file.appendFile(text);
      bytes += text.length;
      lines = [];
      if (bytes - synced < SYNC_BYTES) return;
      await file.datasync();
      synced = bytes;
    };
    for await (const line of inTurns(writeState(state))) {
      lines.push(`${line}\n`);
      if (lines.length === LINES_A_WRITE) await flush();
    }
    await flush();
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

async function* inTurns<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  let began = performance.now();
  for await (const item of items) {
    yield item;
    if (performance.now() - began < WORK_MILLISECONDS) continue;
    await sleep(REST_MILLISECONDS);
    began = performance.now();
  }
}
