import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Entry } from "../core/charging/entry.ts";
import { writeState } from "../core/charging/snapshot.ts";
import { TallystickError } from "../core/errors.ts";
import type { ChargingLog, LogContent } from "../engine/charging-log.ts";
import { recoverState } from "../engine/charging-node.ts";
import { encodeGroup } from "./charging-log-frame.ts";
import {
  damaged,
  LOG_NAME,
  type LogEnd,
  logEntries,
  logName,
  SNAPSHOT_NAME,
  snapshotLines,
  snapshotName,
} from "./charging-log-reading.ts";
import { LevelStore } from "./level-store.ts";

/** The file is laid out ahead, so that a write changes its data and nothing else of it. */
const LAID_OUT_BYTES = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(64 * 1024);
const LINES_A_WRITE = 500;
interface Waiting {
  lines: string[];
  done: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * A write-ahead log on disk. Snapshot N is the state before the first entry of log N. Each opening
 * begins a new log, so nothing is ever written behind a torn end.
 *
 * What survives a crash: of a group that was being written, all or nothing (its checksum tells);
 * everything before it. Of a snapshot that was being written, nothing: it has its name only when it
 * is whole and durable, and what it replaces is deleted after that.
 */
export class ChargingLogFile implements ChargingLog {
  readonly #directory: string;
  /** Held for its lock, which the system frees when the process ends; Node can lock no file. */
  readonly #lock: LevelStore;
  readonly #snapshotEveryBytes: number;
  #snapshot: number;
  #number: number;
  #sequence = 0n;
  #file: FileHandle | undefined;
  #position = 0;
  #laidOut = 0;
  #layingOut: Promise<void> | undefined;
  #waiting: Waiting | undefined;
  #writing: Promise<void> | undefined;
  #ending: { resolve: (number: number) => void; reject: (error: unknown) => void } | undefined;
  #failed: unknown;
  #bytesSinceSnapshot = 0;
  #snapshotBytes = 0;
  #compacting: Promise<void> | undefined;

  private constructor(
    directory: string,
    lock: LevelStore,
    found: { snapshot: number; number: number },
    snapshotEveryBytes: number,
  ) {
    this.#directory = directory;
    this.#lock = lock;
    this.#snapshot = found.snapshot;
    this.#number = found.number;
    this.#snapshotEveryBytes = snapshotEveryBytes;
  }

  /**
   * @throws TallystickError `store.locked` while another process has it, `charging.log-damaged`
   *   where a file is missing
   */
  static async open(
    directory: string,
    { snapshotEveryBytes = 64 * 1024 * 1024 }: { snapshotEveryBytes?: number } = {},
  ): Promise<ChargingLogFile> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = await LevelStore.open(join(directory, "lock"));
    try {
      const names = await readdir(directory);
      const numbers = (pattern: RegExp): number[] =>
        names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
      const snapshot = Math.max(0, ...numbers(SNAPSHOT_NAME));
      const logs = numbers(LOG_NAME)
        .filter((number) => number >= snapshot)
        .sort((a, b) => a - b);
      const first = snapshot === 0 ? 1 : snapshot;
      for (const [index, number] of logs.entries()) {
        if (number !== first + index)
          throw damaged(directory, `${logName(first + index)} is missing`);
      }
      const number = Math.max(first - 1, ...logs);
      return new ChargingLogFile(directory, lock, { snapshot, number }, snapshotEveryBytes);
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  read(): LogContent {
    return this.#content(this.#number, ({ bytes, sequence }) => {
      this.#bytesSinceSnapshot = bytes;
      this.#sequence = sequence;
    });
  }

  #content(upTo: number, mended?: (end: LogEnd) => void): LogContent {
    const snapshot = this.#snapshot;
    const from = Math.max(1, snapshot);
    return {
      snapshot: snapshot === 0 ? undefined : snapshotLines(this.#directory, snapshot),
      entries: logEntries(this.#directory, from, upTo, mended),
    };
  }

  append(entry: Entry): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    this.#waiting ??= newWaiting();
    this.#waiting.lines.push(JSON.stringify(entry));
    const { done } = this.#waiting;
    this.#writing ??= this.#writeAll();
    return done;
  }

  async settled(): Promise<void> {
    await (this.#waiting?.done ?? this.#writing);
    if (this.#failed !== undefined) throw this.#failed;
  }

  /** Whatever waits goes out as one group; what comes meanwhile is the next one. */
  async #writeAll(): Promise<void> {
    await Promise.resolve();
    for (;;) {
      const ending = this.#ending;
      const group = this.#waiting;
      if (ending !== undefined) {
        this.#ending = undefined;
        await this.#endFile().then(ending.resolve, ending.reject);
      } else if (group !== undefined) {
        this.#waiting = undefined;
        await this.#write(encodeGroup(this.#sequence, group.lines)).then(
          group.resolve,
          (cause: unknown) => this.#fail(group, cause),
        );
      } else break;
    }
    this.#writing = undefined;
  }

  #fail(group: Waiting, cause: unknown): void {
    const error = new TallystickError(
      "charging.log-failed",
      "The charging node's log can not be written; nothing is granted any more. Check the disk and start again.",
      { file: this.#directory },
      cause,
    );
    this.#failed = error;
    group.reject(error);
    // What was appended meanwhile rests on what is lost.
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  async #write(group: Buffer): Promise<void> {
    this.#file ??= await this.#begin(this.#number + 1);
    if (this.#position + group.length > this.#laidOut) {
      await this.#layingOut;
      if (this.#position + group.length > this.#laidOut) await this.#layOut(group.length);
    }
    const { bytesWritten } = await this.#file.write(group, 0, group.length, this.#position);
    if (bytesWritten !== group.length) throw new Error("the disk is full");
    this.#sequence += 1n;
    this.#position += group.length;
    this.#bytesSinceSnapshot += group.length;
    if (this.#laidOut - this.#position < LAID_OUT_BYTES / 2 && this.#layingOut === undefined) {
      this.#layingOut = this.#layOut(0).finally(() => {
        this.#layingOut = undefined;
      });
      // It is tried again when its room is needed, and fails there.
      this.#layingOut.catch(() => {});
    }
  }

  /** Writes return when they are on the disk (O_DSYNC): one call where write and sync would be two. */
  async #begin(number: number): Promise<FileHandle> {
    const { O_CREAT, O_EXCL, O_RDWR, O_DSYNC } = constants;
    const name = join(this.#directory, logName(number));
    const file = await open(name, O_CREAT | O_EXCL | O_RDWR | O_DSYNC, 0o600);
    await syncDirectory(this.#directory);
    this.#number = number;
    this.#position = 0;
    this.#laidOut = 0;
    return file;
  }

  async #layOut(least: number): Promise<void> {
    const to = this.#laidOut + Math.max(LAID_OUT_BYTES, least);
    const file = await open(join(this.#directory, logName(this.#number)), "r+");
    try {
      for (let at = this.#laidOut; at < to; at += ZEROS.length) {
        await file.write(ZEROS, 0, Math.min(ZEROS.length, to - at), at);
      }
      await file.datasync();
    } finally {
      await file.close();
    }
    this.#laidOut = to;
  }

  /** A large state is written less often, so that snapshots cost a bounded part of what is logged. */
  get wantsSnapshot(): boolean {
    const enough = Math.max(this.#snapshotEveryBytes, 2 * this.#snapshotBytes);
    return this.#compacting === undefined && this.#bytesSinceSnapshot > enough;
  }

  compact(): Promise<void> {
    this.#compacting ??= this.#compact().finally(() => {
      this.#compacting = undefined;
    });
    return this.#compacting;
  }

  /** Reads what was written back, as a start does, and never holds up those who append. */
  async #compact(): Promise<void> {
    const upTo = await this.#end();
    const state = await recoverState(this.#content(upTo));
    const name = join(this.#directory, snapshotName(upTo + 1));
    const file = await open(`${name}.part`, "w", 0o600);
    try {
      let lines: string[] = [];
      for (const line of writeState(state)) {
        lines.push(`${line}\n`);
        if (lines.length < LINES_A_WRITE) continue;
        await file.appendFile(lines.join(""));
        lines = [];
      }
      await file.appendFile(lines.join(""));
      await file.sync();
    } finally {
      await file.close();
    }
    this.#snapshotBytes = (await stat(`${name}.part`)).size;
    await rename(`${name}.part`, name);
    await syncDirectory(this.#directory);
    const before = this.#snapshot;
    this.#snapshot = upTo + 1;
    for (let number = Math.max(1, before); number <= upTo; number++) {
      await rm(join(this.#directory, logName(number)), { force: true });
    }
    if (before > 0) await rm(join(this.#directory, snapshotName(before)), { force: true });
  }

  /** The next group begins a new file. @returns the number of the one that ended */
  #end(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#ending = { resolve, reject };
    this.#writing ??= this.#writeAll();
    return promise;
  }

  async #endFile(): Promise<number> {
    await this.#layingOut;
    const file = this.#file;
    this.#bytesSinceSnapshot = 0;
    if (file === undefined) return this.#number;
    this.#file = undefined;
    await file.truncate(this.#position);
    await file.sync();
    await file.close();
    return this.#number;
  }

  async close(): Promise<void> {
    try {
      await this.#compacting;
      await this.#end();
    } finally {
      await this.#lock.close();
    }
  }
}

function newWaiting(): Waiting {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  return { lines: [], done: promise, resolve, reject };
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
