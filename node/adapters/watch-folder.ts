import type { BigIntStats, Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TallystickError } from "../core/errors.ts";

/** Names under which transfer programs keep what is still on its way, and hidden files. */
const UNDER_WAY = /^\.|~$|\.(tmp|part|partial|filepart|crdownload|swp)$/i;
const POLL_MS = 1_000;
/** What Node reads for bytes of a name that are not UTF-8; no file is found under it. */
const NOT_UTF_8 = "\ufffd";
/** A folder is not asked more often, however soon a file may be whole. */
const POLL_MS_MIN = 20;

export interface WatchedFile {
  path: string;
  /** Differs as soon as the file of this name is another one, was written to or may be read by others now. */
  mark: string;
}

export interface WatchOptions {
  /** A file is whole when it did not change for so long. */
  settleMilliseconds: number;
  signal: AbortSignal;
  pollMilliseconds?: number;
  /** Told once when the folder can not be read for the moment, and once when it can be again. */
  onFolder?: (trouble: TallystickError | undefined) => void;
  /** Told once of each name that is passed over though people may wait for what it holds. */
  onPassedOver?: (trouble: TallystickError) => void | Promise<void>;
}

type Listed = WatchedFile & { modified: bigint };

/**
 * Files of a folder (not of folders in it), the oldest first, each as soon as it is whole, and again
 * when it changed afterwards; until the signal. Asks the folder again and again, since shares over a
 * network announce nothing.
 * @throws TallystickError `folder.unreadable` when it can not be read at the start
 */
export async function* filesOfFolder(
  folder: string,
  options: WatchOptions,
): AsyncGenerator<WatchedFile> {
  const { signal, settleMilliseconds, pollMilliseconds = POLL_MS, onFolder } = options;
  let passedOver = new Set<string>();
  const handedOut = new Map<string, string>();
  const growing = new Map<string, { mark: string; since: number }>();
  let isAway = false;
  for (let round = 0; !signal.aborted; round++) {
    let found: Listed[] = [];
    let troubles = new Map<string, TallystickError>();
    try {
      ({ files: found, troubles } = await listFolder(folder));
      if (isAway) onFolder?.(undefined);
      isAway = false;
    } catch (error) {
      if (round === 0 || !(error instanceof TallystickError)) throw error;
      if (!isAway) onFolder?.(error);
      isAway = true;
    }
    for (const [path, trouble] of troubles) {
      if (!passedOver.has(path)) await options.onPassedOver?.(trouble);
    }
    if (!isAway) passedOver = new Set(troubles.keys());
    const there = new Set(found.map(({ path }) => path));
    for (const map of [handedOut, growing]) {
      for (const path of map.keys()) if (!isAway && !there.has(path)) map.delete(path);
    }
    let wait = pollMilliseconds;
    for (const { path, mark } of found) {
      if (signal.aborted) return;
      if (handedOut.get(path) === mark) continue;
      const seen = growing.get(path);
      if (seen?.mark !== mark) growing.set(path, { mark, since: performance.now() });
      const quiet = performance.now() - (growing.get(path)?.since ?? 0);
      if (quiet < settleMilliseconds) {
        // Asked again as soon as it may be whole.
        wait = Math.min(wait, Math.max(POLL_MS_MIN, settleMilliseconds - quiet));
        continue;
      }
      growing.delete(path);
      handedOut.set(path, mark);
      yield { path, mark };
    }
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}

/** @throws an error of the system for a file that is not there */
export const markOf = async (path: string): Promise<string> =>
  markIn(await stat(path, { bigint: true }));

const markIn = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;

async function listFolder(
  folder: string,
): Promise<{ files: Listed[]; troubles: Map<string, TallystickError> }> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TallystickError(
      "folder.unreadable",
      `The folder can not be read: ${reason}.`,
      { file: folder },
      cause,
    );
  }
  const files: Listed[] = [];
  const troubles = new Map<string, TallystickError>();
  for (const entry of entries) {
    if (entry.isDirectory() || UNDER_WAY.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (!entry.isFile()) {
      troubles.set(path, notAFile(path));
      continue;
    }
    // Moved away since it was listed: the next round knows.
    const stats = await stat(path, { bigint: true }).catch(() => undefined);
    if (stats !== undefined) files.push({ path, mark: markIn(stats), modified: stats.mtimeNs });
    else if (entry.name.includes(NOT_UTF_8)) troubles.set(path, badName(path));
  }
  files.sort((a, b) => Number(a.modified - b.modified) || (a.path < b.path ? -1 : 1));
  return { files, troubles };
}

/** A link may lead out of the folder, to a file that grows or that another name has as well. */
const notAFile = (file: string): TallystickError =>
  new TallystickError(
    "folder.not-a-file",
    "This is passed over: it is a link or a device, and no file. Put the file itself into the folder.",
    { file },
  );

const badName = (file: string): TallystickError =>
  new TallystickError(
    "folder.name-not-utf-8",
    "This is passed over: its name is not UTF-8. Rename it.",
    { file },
  );
