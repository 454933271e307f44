import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Entry } from "../core/charging/entry.ts";
import { TallystickError } from "../core/errors.ts";
import type { ChargingLog, LogContent } from "../engine/charging/charging-log.ts";
import { encodeGroup } from "./charging-log-frame.ts";
import { damaged, LOG_NAME, logName, SNAPSHOT_NAME, snapshotName } from "./charging-log-reading.ts";
import { LogSegments } from "./charging-log-segment.ts";
import { contentOf, partName, type SnapshotTask } from "./charging-snapshot-file.ts";
import type { SnapshotOutcome } from "./charging-snapshot-worker.ts";
import { LevelStore } from "./level-store.ts";
import { StoreFolder } from "./store-folder.ts";
import { syncDirectory } from "./sync-directory.ts";

const SNAPSHOT_WORKER = new URL("./charging-snapshot-worker.ts", import.meta.url);

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
  readonly #folder: StoreFolder;
  readonly #snapshotEveryBytes: number;
  #snapshot: number;
  readonly #segments: LogSegments;
  #sequence = 0n;
  #waiting: Waiting | undefined;
  #writing: Promise<void> | undefined;
  #ending: { resolve: (number: number) => void; reject: (error: unknown) => void } | undefined;
  #failed: unknown;
  #bytesSinceSnapshot = 0;
  #snapshotBytes = 0;
  #compacting: Promise<void> | undefined;

  private constructor(
    directory: string,
    { lock, folder }: { lock: LevelStore; folder: StoreFolder },
    found: { snapshot: number; number: number },
    snapshotEveryBytes: number,
  ) {
    this.#directory = directory;
    this.#lock = lock;
    this.#folder = folder;
    this.#snapshot = found.snapshot;
    this.#segments = new LogSegments(directory, found.number);
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
    const lockFolder = join(directory, "lock");
    const lock = await LevelStore.open(lockFolder);
    try {
      const held = { lock, folder: await StoreFolder.of(lockFolder) };
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
      const log = new ChargingLogFile(directory, held, { snapshot, number }, snapshotEveryBytes);
      if (snapshot > 0)
        log.#snapshotBytes = (await stat(join(directory, snapshotName(snapshot)))).size;
      return log;
    } catch (error) {
      await lock.close();
      throw error;
    }
  }

  read(): LogContent {
    return contentOf(this.#task(this.#segments.number), ({ bytes, sequence }) => {
      this.#bytesSinceSnapshot = bytes;
      this.#sequence = sequence;
    });
  }

  #task(upTo: number): SnapshotTask {
    return { directory: this.#directory, snapshot: this.#snapshot, upTo };
  }

  append(entry: Entry): Promise<void> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    this.#waiting ??= newWaiting();
    this.#waiting.lines.push(JSON.stringify(entry));
    const { done } = this.#waiting;
    this.#writing ??= this.#writeAll();
    return done;
  }

  /**
   * Whether what is appended now would be found by the next start: for who watches.
   * @throws TallystickError `store.removed`, `charging.log-failed`; after a failure always
   */
  async requireWritable(): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    try {
      await this.#folder.requireThere();
      await this.#segments.requireThere();
    } catch (cause) {
      throw failure(this.#directory, cause);
    }
  }

  async settled(): Promise<void> {
    await (this.#waiting?.done ?? this.#writing);
    if (this.#failed !== undefined) throw this.#failed;
  }

  /**
   * Whatever waits goes out as one group; what comes meanwhile is the next one. Requests that came in
   * together are decided before the first write, so they share it.
   */
  async #writeAll(): Promise<void> {
    await turn();
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
    const error = failure(this.#directory, cause);
    this.#failed = error;
    group.reject(error);
    // What was appended meanwhile rests on what is lost.
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  async #write(group: Buffer): Promise<void> {
    await this.#segments.write(group);
    this.#sequence += 1n;
    this.#bytesSinceSnapshot += group.length;
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

  /**
   * Another thread reads what was written back, as a start does; those who append go on. The
   * snapshot has its name only when it is whole and durable, and what it replaces is deleted then.
   */
  async #compact(): Promise<void> {
    const task = this.#task(await this.#end());
    // In another folder there is another log, whose files would go for a snapshot of it.
    await this.#folder.requireThere();
    this.#snapshotBytes = await inThread(task);
    await this.#folder.requireThere();
    const { snapshot: before, upTo } = task;
    await rename(partName(task), join(this.#directory, snapshotName(upTo + 1)));
    await syncDirectory(this.#directory);
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
    this.#bytesSinceSnapshot = 0;
    const { number } = this.#segments;
    await this.#segments.end();
    return number;
  }

  async close(): Promise<void> {
    try {
      await this.#compacting;
      await this.#writing;
      await this.#segments.close();
    } finally {
      await this.#lock.close();
    }
  }
}

function failure(directory: string, cause: unknown): TallystickError {
  const file = directory;
  if (cause instanceof TallystickError && cause.code === "store.removed") {
    return new TallystickError(
      "store.removed",
      "The charging log's folder or file is no longer where it was: it was removed, moved or replaced. Nothing is granted any more, and what was answered before is in what was taken away: put it back, or restore a backup, and start the node again.",
      { file },
      cause,
    );
  }
  return new TallystickError(
    "charging.log-failed",
    "The charging node's log can not be written; nothing is granted any more. Check the disk and start again.",
    { file },
    cause,
  );
}

function newWaiting(): Waiting {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  return { lines: [], done: promise, resolve, reject };
}

/** @returns the snapshot's bytes */
function inThread(task: SnapshotTask): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const thread = new Worker(SNAPSHOT_WORKER, { workerData: task });
  thread.once("message", (outcome: SnapshotOutcome) => {
    if ("bytes" in outcome) resolve(outcome.bytes);
    else reject(new TallystickError(outcome.code, outcome.message, outcome.place));
  });
  thread.once("error", reject);
  thread.once("exit", () => reject(new Error("the thread of the snapshot ended early")));
  return promise;
}
