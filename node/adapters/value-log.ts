import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";
import { DIRECT_BYTES_MIN } from "./append-plan.ts";
import { whyDisk } from "./disk.ts";
import { syncDirectory } from "./sync-directory.ts";
import { filesOfValues, pathOfValues, ValueLogEnd, type ValueSizes } from "./value-log-end.ts";
import type { ValuePlace } from "./value-place.ts";

const FILE_BYTES = 256 * 1_048_576;
/** Files from this number on have values that go together after a while. */
const PASSING_FROM = 0x8000_0000;
const FILES_MAX = 0xffff_ffff;
/** Files that are held open to read from, until the log is closed. */
const OPEN_MAX = 32;
/** Places this close are read in one go, what lies between them included. */
const GAP_BYTES = 16_384;
const READ_BYTES_MAX = 4 * 1_048_576;

interface ReadFile {
  opened: Promise<FileHandle>;
  readers: number;
}

/**
 * Values that stay lie in other files than those that pass, such as what is merged into larger values later: there whole
 * files are given back, and nothing that stays is written again for it.
 */
export type ValueKind = "staying" | "passing";

export const kindOf = (file: number): ValueKind => (file < PASSING_FROM ? "staying" : "passing");

/**
 * Values one after the other in files that only grow. Whoever holds the places decides what is there:
 * a value that nobody names, as after a crash between the two, is space that is lost until the log is
 * compacted (compact-values.ts), and nothing else. There is one writer, whoever holds the store's lock.
 */
export class ValueLog {
  readonly #directory: string;
  readonly #ends: Readonly<Record<ValueKind, ValueLogEnd>>;
  readonly #reading = new Map<number, ReadFile>();
  /** Files that are held open when nobody reads from them. */
  #idleMax = OPEN_MAX;
  /** How long a file becomes before the next one begins. */
  readonly fileBytes: number;

  constructor(directory: string, sizes: Partial<ValueSizes> = {}) {
    this.#directory = directory;
    const { fileBytes = FILE_BYTES, directBytesMin = DIRECT_BYTES_MIN } = sizes;
    this.fileBytes = fileBytes;
    const end = (first: number, next: number) =>
      new ValueLogEnd(directory, { first, next }, { fileBytes, directBytesMin });
    this.#ends = { staying: end(1, PASSING_FROM), passing: end(PASSING_FROM, FILES_MAX) };
  }

  /**
   * Appends values, which have survived a power cut once the promise resolves.
   * @param coldCount so many of them, the first ones, are read late or never: where it can be, they take none of the
   *   system's memory
   * @returns their places, in their order
   */
  append(values: readonly Uint8Array[], kind: ValueKind, coldCount = 0): Promise<ValuePlace[]> {
    return this.#ends[kind].append(values, coldCount);
  }

  /** For who watches. @throws TallystickError `store.removed` when what is appended would not be found again */
  async requireThere(): Promise<void> {
    for (const end of Object.values(this.#ends)) await end.requireThere();
  }

  /** What is appended from now on goes into another file, which is there at once: numbers are given once. */
  beginFile(kind: ValueKind): Promise<void> {
    return this.#ends[kind].beginFile();
  }

  /** Bytes of each file; of the one that is written to, as they are now. */
  async sizes(): Promise<Map<number, number>> {
    const sizes = new Map<number, number>();
    for (const file of await filesOfValues(this.#directory))
      sizes.set(file, (await stat(this.#path(file))).size);
    return sizes;
  }

  /** Deletes a file that no place names any more, and not the newest one of a kind: numbers are given once. */
  async remove(file: number): Promise<void> {
    const known = this.#reading.get(file);
    this.#reading.delete(file);
    await known?.opened.then((handle) => handle.close()).catch(() => {});
    await rm(this.#path(file), { force: true });
    await syncDirectory(this.#directory);
  }

  /**
   * The values at these places, in their order; neighbours are read together.
   * @throws TallystickError `store.corrupt` when a file does not reach so far, `store.read-failed`
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
      if (error instanceof TallystickError) throw error;
      throw new TallystickError(
        "store.read-failed",
        `Reading from the store failed: ${whyDisk(error)}`,
        { file: this.#path(file) },
        error,
      );
    } finally {
      known.readers--;
      this.#closeIdle();
    }
  }

  #closeIdle(): void {
    for (const [file, { opened, readers }] of this.#reading) {
      if (this.#reading.size <= this.#idleMax) return;
      if (readers > 0) continue;
      this.#reading.delete(file);
      void opened.then((handle) => handle.close()).catch(() => {});
    }
  }

  /** Who was on the way to read still does; no file stays open behind it. */
  async close(): Promise<void> {
    this.#idleMax = 0;
    await Promise.all(Object.values(this.#ends).map((end) => end.close()));
    const handles = [...this.#reading.values()];
    this.#reading.clear();
    for (const { opened } of handles) await opened.then((handle) => handle.close()).catch(() => {});
  }

  #path(file: number): string {
    return pathOfValues(this.#directory, file);
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
