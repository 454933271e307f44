import { constants } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import { type AppendWrite, planAppend } from "./append-plan.ts";
import { DirectFile } from "./direct-file.ts";
import { markOfFile, removed, requireThereStill } from "./store-folder.ts";
import { makeDirectory, syncDirectory } from "./sync-directory.ts";
import type { ValuePlace } from "./value-place.ts";

const NAME = /^([0-9a-f]{8})\.values$/;

/** Numbers of files from the first one to below the next. */
export interface FileNumbers {
  first: number;
  next: number;
}

/** When values go another way; in bytes. */
export interface ValueSizes {
  /** A file is full from here on; the next value begins another one. */
  fileBytes: number;
  /** Cold values that lie together are written past the system's memory from here on. */
  directBytesMin: number;
}

interface Writing {
  file: number;
  handle: FileHandle;
  direct: DirectFile;
  /** What tells it from another file of its name. */
  mark: string;
  end: number;
}

/** Where a log of values grows: one file after the other, whose numbers are given once. There is one writer. */
export class ValueLogEnd {
  readonly #directory: string;
  readonly #numbers: FileNumbers;
  readonly #sizes: ValueSizes;
  #writing: Writing | undefined;
  /** From the first file that was opened on the directory is there; where it is gone, so is what lay in it. */
  #isBegun = false;
  /** Why nothing is appended any more. */
  #removed: TallystickError | undefined;
  /** One append at a time: it alone knows where the log ends. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(directory: string, numbers: FileNumbers, sizes: ValueSizes) {
    this.#directory = directory;
    this.#numbers = numbers;
    this.#sizes = sizes;
  }

  /**
   * Appends values, which have survived a power cut once the promise resolves.
   * @param coldCount so many of them, the first ones, are read late or never
   * @returns their places, in their order @throws TallystickError `store.closed`, `store.removed`
   */
  append(values: readonly Uint8Array[], coldCount = 0): Promise<ValuePlace[]> {
    return this.#next(async () => {
      const writing = await this.#openToWrite();
      const { places, writes, end } = planAppend(
        values,
        coldCount,
        writing.file,
        writing.end,
        this.#sizes.directBytesMin,
      );
      try {
        for (const write of writes) await writeOne(writing, write);
        await writing.handle.datasync();
        await this.#requireThere(writing);
      } catch (error) {
        // What reached the file is unknown; the next append measures it again.
        await this.#letGo().catch(() => {});
        throw named(error, pathOfValues(this.#directory, writing.file));
      }
      this.#writing = { ...writing, end };
      return places;
    });
  }

  /** What is appended from now on goes into another file, which is there at once: numbers are given once. */
  beginFile(): Promise<void> {
    return this.#next(async () => {
      const file = this.#writing?.file ?? (await this.#newest());
      await this.#letGo();
      this.#writing = await this.#open(file + 1);
    });
  }

  /** For who watches. @throws TallystickError `store.removed` when what is appended would not be found again */
  async requireThere(): Promise<void> {
    if (this.#removed !== undefined) throw this.#removed;
    if (this.#writing !== undefined) await this.#requireThere(this.#writing);
  }

  /** What was written to a file that is not found by its name goes with who holds it open. */
  #requireThere({ file, mark }: Writing): Promise<void> {
    return requireThereStill(pathOfValues(this.#directory, file), mark);
  }

  /** Ends behind what was asked for; later appends are refused, since the files may be another one's by then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.#letGo();
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) {
      const file = this.#directory;
      const error = new TallystickError("store.closed", "The store is closed.", { file });
      return Promise.reject(error);
    }
    const done = this.#last.then(() => this.#unlessRemoved(work));
    this.#last = done.catch(() => {});
    return done;
  }

  /** With a file its number is gone, which would be given again. */
  async #unlessRemoved<T>(work: () => Promise<T>): Promise<T> {
    if (this.#removed !== undefined) throw this.#removed;
    try {
      return await work();
    } catch (error) {
      if (error instanceof TallystickError && error.code === "store.removed") this.#removed = error;
      throw error;
    }
  }

  async #openToWrite(): Promise<Writing> {
    let writing = this.#writing ?? (await this.#open(await this.#newest()));
    while (writing.end >= this.#sizes.fileBytes) {
      this.#writing = writing;
      await this.#letGo();
      writing = await this.#open(writing.file + 1);
    }
    this.#writing = writing;
    return writing;
  }

  async #open(file: number): Promise<Writing> {
    if (!this.#isBegun) await makeDirectory(this.#directory);
    const { O_CREAT, O_RDWR } = constants;
    const path = pathOfValues(this.#directory, file);
    const handle = await open(path, O_RDWR | O_CREAT, 0o600).catch((error) => {
      throw this.#isBegun && error.code === "ENOENT" ? removed(this.#directory, error) : error;
    });
    this.#isBegun = true;
    try {
      // A file whose name is lost in a power cut would take its values with it.
      await syncDirectory(this.#directory);
      const { size } = await handle.stat();
      const mark = await markOfFile(handle);
      return { file, handle, direct: await DirectFile.open(path), mark, end: size };
    } catch (error) {
      // Each attempt on a disk that fails would hold another one open.
      await handle.close().catch(() => {});
      throw named(error, path);
    }
  }

  async #letGo(): Promise<void> {
    const writing = this.#writing;
    this.#writing = undefined;
    await Promise.all([writing?.direct.close(), writing?.handle.close()]);
  }

  async #newest(): Promise<number> {
    const { first, next } = this.#numbers;
    const own = (await filesOfValues(this.#directory)).filter(
      (file) => file >= first && file < next,
    );
    return Math.max(first, ...own);
  }
}

/** The numbers of all files of values in the directory; none before the first value, and only then. */
export async function filesOfValues(directory: string): Promise<number[]> {
  const files: number[] = [];
  for (const name of await readdir(directory).catch(noneYet)) {
    const [, digits] = NAME.exec(name) ?? [];
    if (digits !== undefined) files.push(Number.parseInt(digits, 16));
  }
  return files;
}

/** A directory that can not be read is not an empty one: numbers of files would be given twice. */
function noneYet(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
  throw error;
}

export const pathOfValues = (directory: string, file: number): string =>
  join(directory, `${file.toString(16).padStart(8, "0")}.values`);

/** The system names the file of an open one only where it was opened. */
function named(error: unknown, path: string): unknown {
  if (error instanceof Error && !(error instanceof TallystickError)) {
    (error as NodeJS.ErrnoException).path ??= path;
  }
  return error;
}

async function writeOne({ handle, direct }: Writing, write: AppendWrite): Promise<void> {
  const [first] = write.parts;
  const done = write.isDirect && first !== undefined ? await direct.write(first, write.offset) : 0;
  if (done === 0) return writeAll(handle, write.parts, write.offset);
  // What is left tells why, or is written.
  if (first !== undefined && done < first.length) {
    await writeAll(handle, [first.subarray(done)], write.offset + done);
  }
}

/** A write may take a part only; what is left goes on from there. */
async function writeAll(
  handle: FileHandle,
  values: readonly Uint8Array[],
  from: number,
): Promise<void> {
  const left = [...values];
  let at = from;
  while (left.length > 0) {
    // The system takes 1,024 pieces in one call.
    let { bytesWritten } = await handle.writev(left.slice(0, 1024), at);
    at += bytesWritten;
    while (left.length > 0 && bytesWritten >= (left[0] as Uint8Array).length) {
      bytesWritten -= (left.shift() as Uint8Array).length;
    }
    if (bytesWritten > 0) left[0] = (left[0] as Uint8Array).subarray(bytesWritten);
  }
}
