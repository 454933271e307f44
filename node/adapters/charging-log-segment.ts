import { constants, write } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { logName } from "./charging-log-reading.ts";
import { markOfFile, requireThereStill } from "./store-folder.ts";
import { syncDirectory } from "./sync-directory.ts";

const SMALLEST_BYTES = 4 * 1024 * 1024;
const LARGEST_BYTES = 64 * 1024 * 1024;
const ZEROS = Buffer.alloc(512 * 1024);
/** Between two pieces that are laid out, so that the disk is free for those who wait for an answer. */
const PAUSE_MILLISECONDS = 5;
const PREPARED_NAME = "next.part";

const writeAt = promisify(write);

/** A log file that is being written: so many bytes of it stand on the disk already, as zeros. */
class Segment {
  readonly number: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #mark: string;
  readonly #bytes: number;
  #position = 0;

  private constructor(
    number: number,
    { path, handle, mark }: { path: string; handle: FileHandle; mark: string },
    bytes: number,
  ) {
    this.number = number;
    this.#path = path;
    this.#handle = handle;
    this.#mark = mark;
    this.#bytes = bytes;
  }

  static async open(path: string, number: number, bytes: number): Promise<Segment> {
    // Writes return when they are on the disk: one call where write and sync would be two.
    const handle = await open(path, constants.O_RDWR | constants.O_DSYNC);
    try {
      return new Segment(number, { path, handle, mark: await markOfFile(handle) }, bytes);
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Time to make the next one: it must be there before this one is full. */
  get isFilling(): boolean {
    return this.#position > this.#bytes / 4;
  }

  /** An empty one takes whatever comes: a group is never divided. */
  hasRoom(length: number): boolean {
    return this.#position === 0 || this.#position + length <= this.#bytes;
  }

  /**
   * Returns when the group is on the disk, where the next start looks for it.
   * @throws TallystickError `store.removed`
   */
  async write(group: Buffer): Promise<void> {
    const { bytesWritten } = await writeAt(this.#handle.fd, group, 0, group.length, this.#position);
    if (bytesWritten !== group.length) throw new Error("the disk is full");
    await requireThereStill(this.#path, this.#mark);
    this.#position += group.length;
  }

  /** @throws TallystickError `store.removed` */
  requireThere(): Promise<void> {
    return requireThereStill(this.#path, this.#mark);
  }

  /** Leaves the room behind the last group as it is: a reader takes zeros for the end. */
  leave(): Promise<void> {
    return this.#handle.close();
  }

  async cut(): Promise<void> {
    await this.#handle.truncate(this.#position);
    await this.#handle.sync();
    await this.#handle.close();
  }
}

/**
 * The files of a log, one after the other. Each is laid out with zeros before its first group, and
 * has its name only then, so that writing a group changes data and nothing else: no size, no blocks,
 * no directory, for which a file system would wait for its journal. The next file is made while the
 * one before is written. Files grow from 4 to 64 MB: a small node stays small, and a busy one seldom
 * begins another.
 *
 * What survives a crash: of the group that was being written all or nothing, its checksum tells; the
 * next file, named or not, holds nothing yet.
 */
export class LogSegments {
  readonly #directory: string;
  #number: number;
  #current: Segment | undefined;
  #next: Promise<Segment> | undefined;
  #isWaitedFor = false;
  #isClosing = false;

  /** @param number of the newest file there is */
  constructor(directory: string, number: number) {
    this.#directory = directory;
    this.#number = number;
  }

  /** Number of the newest file that may hold a group. */
  get number(): number {
    return this.#number;
  }

  async write(group: Buffer): Promise<void> {
    if (this.#current?.hasRoom(group.length) === false) await this.end();
    this.#current ??= await this.#begin();
    await this.#current.write(group);
    if (this.#current.isFilling) this.#prepareNext(this.#current);
  }

  /** @throws TallystickError `store.removed` when the file that is written to is no longer where it was */
  async requireThere(): Promise<void> {
    await this.#current?.requireThere();
  }

  /** The next group begins a new file. */
  async end(): Promise<void> {
    const ended = this.#current;
    this.#current = undefined;
    await ended?.leave();
  }

  async #begin(): Promise<Segment> {
    this.#isWaitedFor = true;
    try {
      const next = this.#next ?? this.#prepare(this.#number + 1, SMALLEST_BYTES);
      this.#next = undefined;
      const segment = await next;
      this.#number = segment.number;
      return segment;
    } finally {
      this.#isWaitedFor = false;
    }
  }

  #prepareNext({ number, bytes }: Segment): void {
    if (this.#next !== undefined) return;
    const next = this.#prepare(number + 1, Math.min(LARGEST_BYTES, 2 * bytes));
    // Where it fails it is tried again when it is needed, and fails there.
    next.catch(() => {
      if (this.#next === next) this.#next = undefined;
    });
    this.#next = next;
  }

  async #prepare(number: number, bytes: number): Promise<Segment> {
    const part = join(this.#directory, PREPARED_NAME);
    const laying = await open(part, "w", 0o600);
    try {
      for (let at = 0; at < bytes && !this.#isClosing; at += ZEROS.length) {
        await laying.write(ZEROS, 0, ZEROS.length, at);
        if (this.#isWaitedFor) continue;
        await laying.datasync();
        await sleep(PAUSE_MILLISECONDS);
      }
      await laying.sync();
    } finally {
      await laying.close();
    }
    const name = join(this.#directory, logName(number));
    await rename(part, name);
    await syncDirectory(this.#directory);
    return Segment.open(name, number, bytes);
  }

  /** Cuts what was laid out and not used. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#current?.cut();
    this.#current = undefined;
    const prepared = await this.#next?.catch(() => undefined);
    if (prepared === undefined) return;
    await prepared.leave();
    await rm(join(this.#directory, logName(prepared.number)), { force: true });
  }
}
