import { constants } from "node:fs";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { TallystickError } from "../core/errors.ts";
import { makeDirectory, syncDirectory } from "./sync-directory.ts";
import type { ValuePlace } from "./value-place.ts";

/** A file is full from here on; the next value begins another one. */
const FILE_BYTES = 256 * 1_048_576;
/** Files that are held open to read from. */
const OPEN_MAX = 32;
/** Places this close are read in one go, what lies between them included. */
const GAP_BYTES = 16_384;
const READ_BYTES_MAX = 4 * 1_048_576;
const NAME = /^([0-9a-f]{8})\.values$/;

interface ReadFile {
  opened: Promise<FileHandle>;
  readers: number;
}

/**
 * Values one after the other in files that only grow. Whoever holds the places decides what is there:
 * a value that nobody names, as after a crash between the two, is space that is lost until the log is
 * compacted (compact-values.ts), and nothing else. There is one writer, whoever holds the store's lock.
 */
export class ValueLog {
  readonly #directory: string;
  readonly #fileBytes: number;
  readonly #reading = new Map<number, ReadFile>();
  #writing: { file: number; handle: FileHandle; end: number } | undefined;
  /** One append at a time: it alone knows where the log ends. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string, fileBytes = FILE_BYTES) {
    this.#directory = directory;
    this.#fileBytes = fileBytes;
  }

  /**
   * Appends values, which have survived a power cut once the promise resolves.
   * @returns their places, in their order
   */
  append(values: readonly Uint8Array[]): Promise<ValuePlace[]> {
    const appended = this.#last.then(() => this.#append(values));
    this.#last = appended.catch(() => {});
    return appended;
  }

  async #append(values: readonly Uint8Array[]): Promise<ValuePlace[]> {
    const { file, handle, end } = await this.#openToWrite();
    const places: ValuePlace[] = [];
    let offset = end;
    for (const { length } of values) {
      places.push({ file, offset, length });
      offset += length;
    }
    try {
      await writeAll(handle, values, end);
      await handle.datasync();
    } catch (error) {
      // What reached the file is unknown; the next append measures it again.
      this.#writing = undefined;
      await handle.close().catch(() => {});
      throw error;
    }
    this.#writing = { file, handle, end: offset };
    return places;
  }

  /** How long a file becomes before the next one begins. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** What is appended from now on goes into another file, which is there at once: numbers are given once. */
  beginFile(): Promise<void> {
    const begun = this.#last.then(async () => {
      const file = this.#writing?.file ?? (await this.#newest());
      await this.#writing?.handle.close();
      this.#writing = undefined;
      await makeDirectory(this.#directory);
      const { O_CREAT, O_RDWR } = constants;
      const handle = await open(this.#path(file + 1), O_RDWR | O_CREAT, 0o600);
      await syncDirectory(this.#directory);
      this.#writing = { file: file + 1, handle, end: 0 };
    });
    this.#last = begun.catch(() => {});
    return begun;
  }

  async #openToWrite(): Promise<{ file: number; handle: FileHandle; end: number }> {
    if (this.#writing !== undefined && this.#writing.end < this.#fileBytes) return this.#writing;
    let file = this.#writing?.file ?? (await this.#newest());
    if (this.#writing !== undefined) {
      await this.#writing.handle.close();
      this.#writing = undefined;
      file++;
    }
    await makeDirectory(this.#directory);
    const { O_CREAT, O_RDWR } = constants;
    const handle = await open(this.#path(file), O_RDWR | O_CREAT, 0o600);
    // A file whose name is lost in a power cut would take its values with it.
    await syncDirectory(this.#directory);
    const { size } = await handle.stat();
    this.#writing = { file, handle, end: size };
    return size < this.#fileBytes ? this.#writing : this.#openToWrite();
  }

  async #newest(): Promise<number> {
    return Math.max(1, ...(await this.#files()));
  }

  async #files(): Promise<number[]> {
    const files: number[] = [];
    for (const name of await readdir(this.#directory).catch(() => [])) {
      const [, digits] = NAME.exec(name) ?? [];
      if (digits !== undefined) files.push(Number.parseInt(digits, 16));
    }
    return files;
  }

  /** Bytes of each file; of the one that is written to, as they are now. */
  async sizes(): Promise<Map<number, number>> {
    const sizes = new Map<number, number>();
    for (const file of await this.#files()) sizes.set(file, (await stat(this.#path(file))).size);
    return sizes;
  }

  /** Deletes a file that no place names any more, and not the newest one: numbers are given once. */
  async remove(file: number): Promise<void> {
    const known = this.#reading.get(file);
    this.#reading.delete(file);
    await known?.opened.then((handle) => handle.close()).catch(() => {});
    await rm(this.#path(file), { force: true });
    await syncDirectory(this.#directory);
  }

  /**
   * The values at these places, in their order; neighbours are read together.
   * @throws TallystickError `store.corrupt` when a file does not reach so far
   */
  async read(places: readonly ValuePlace[]): Promise<Uint8Array[]> {
    const values = new Array<Uint8Array>(places.length);
    const order = places.map((_, at) => at);
    order.sort((a, b) => {
      const [one, other] = [places[a] as ValuePlace, places[b] as ValuePlace];
      return one.file - other.file || one.offset - other.offset;
    });
    const stretches: Promise<void>[] = [];
    for (let from = 0; from < order.length; ) {
      const first = places[order[from] as number] as ValuePlace;
      let end = first.offset + first.length;
      let to = from + 1;
      for (; to < order.length; to++) {
        const next = places[order[to] as number] as ValuePlace;
        const nextEnd = Math.max(end, next.offset + next.length);
        const isNear = next.file === first.file && next.offset <= end + GAP_BYTES;
        if (!isNear || nextEnd - first.offset > READ_BYTES_MAX) break;
        end = nextEnd;
      }
      const members = order.slice(from, to);
      stretches.push(this.#readStretch(first, end, members, places, values));
      from = to;
    }
    await Promise.all(stretches);
    return values;
  }

  async #readStretch(
    first: ValuePlace,
    end: number,
    members: readonly number[],
    places: readonly ValuePlace[],
    values: Uint8Array[],
  ): Promise<void> {
    const bytes = new Uint8Array(end - first.offset);
    await this.#reader(first.file, async (handle) => {
      for (let done = 0; done < bytes.length; ) {
        const left = bytes.length - done;
        const { bytesRead } = await handle.read(bytes, done, left, first.offset + done);
        if (bytesRead === 0) throw this.#cut(first.file);
        done += bytesRead;
      }
    });
    for (const at of members) {
      const { offset, length } = places[at] as ValuePlace;
      values[at] = bytes.subarray(offset - first.offset, offset - first.offset + length);
    }
  }

  async #reader(file: number, read: (handle: FileHandle) => Promise<void>): Promise<void> {
    const known = this.#reading.get(file) ?? { opened: open(this.#path(file), "r"), readers: 0 };
    this.#reading.set(file, known);
    known.readers++;
    try {
      await read(await known.opened);
    } catch (error) {
      // One that could not be opened is opened again by the next who asks.
      await known.opened.catch(() => this.#reading.delete(file));
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw this.#cut(file, error);
      throw error;
    } finally {
      known.readers--;
      this.#closeIdle();
    }
  }

  #closeIdle(): void {
    for (const [file, { opened, readers }] of this.#reading) {
      if (this.#reading.size <= OPEN_MAX) return;
      if (readers > 0) continue;
      this.#reading.delete(file);
      void opened.then((handle) => handle.close()).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#writing?.handle.close();
    this.#writing = undefined;
    const handles = [...this.#reading.values()];
    this.#reading.clear();
    for (const { opened } of handles) await opened.then((handle) => handle.close()).catch(() => {});
  }

  #path(file: number): string {
    return join(this.#directory, `${file.toString(16).padStart(8, "0")}.values`);
  }

  #cut(file: number, cause?: unknown): TallystickError {
    return new TallystickError(
      "store.corrupt",
      "A file of the store lacks values that were written. Keep a copy of the directory and restore the last backup.",
      { file: this.#path(file) },
      cause,
    );
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
