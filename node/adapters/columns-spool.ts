import { closeSync, openSync, readSync, readvSync, rmSync, writevSync } from "node:fs";
import type { ColumnsHeader, UsageColumns } from "../core/formats/usage-columns.ts";

/** Of a batch's header as JSON. */
const LENGTH_BYTES = 4;

/** A batch as it was put down: what no column says of it. */
export interface SpooledHeader {
  header: ColumnsHeader;
  /** Names that the batches before it did not have. */
  newNames: string[];
  rawLength: number;
}

/**
 * Columns of a file put down on disk, so that a file of any size is parsed once though it is taken in only
 * after it was seen whole. A hundred bytes a row; the file's own bytes are read from the file again. A
 * scratch file of one process: nothing of it outlives the intake, and a crash leaves one to be deleted.
 */
export class ColumnsSpool {
  readonly #path: string;
  readonly #source: number;
  readonly #file: number;
  #at = 0;
  /** Where the last batch that was written ends. */
  #end = 0;

  /** @param sourcePath of the file that the columns are of */
  constructor(path: string, sourcePath: string) {
    this.#path = path;
    this.#source = openSync(sourcePath, "r");
    this.#file = openSync(path, "w+", 0o600);
  }

  write(columns: UsageColumns, newNames: string[]): void {
    const spooled: SpooledHeader = {
      header: columns.header(),
      newNames,
      rawLength: columns.rawLength,
    };
    const header = Buffer.from(JSON.stringify(spooled));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(header.length);
    const ids = columns.ids.subarray(0, columns.idFrom(columns.count));
    const parts = [length, header, ...columns.filled(), ids];
    this.#end += requireWhole("writev", writevSync(this.#file, parts), parts);
  }

  /** The next batch, in the order of writing; undefined behind the last. */
  read(columns: UsageColumns): SpooledHeader | undefined {
    // Not where the bytes end: of a spool that somebody cut rows would be missing, and nobody told.
    if (this.#at === this.#end) return undefined;
    const json = this.#bytes(this.#bytes(LENGTH_BYTES).readUInt32LE());
    const spooled: SpooledHeader = JSON.parse(json.toString());
    Object.assign(columns, spooled.header, { rawLength: spooled.rawLength });
    const parts = columns.filled();
    this.#at += requireWhole("readv", readvSync(this.#file, parts, this.#at), parts);
    // Only now it is known how long the ids are.
    for (const [file, at, part] of [
      [this.#file, this.#at, columns.ids.subarray(0, columns.idFrom(columns.count))],
      [this.#source, spooled.header.rawOffset, columns.raw.subarray(0, spooled.rawLength)],
    ] as const) {
      requireWhole("read", readSync(file, part, 0, part.length, at), [part]);
    }
    this.#at += columns.idFrom(columns.count);
    return spooled;
  }

  close(): void {
    closeSync(this.#source);
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    this.#at += requireWhole("read", readSync(this.#file, bytes, 0, count, this.#at), [bytes]);
    return bytes;
  }
}

/** A disk that is full takes a part; a file that somebody cut gives one. */
function requireWhole(syscall: string, done: number, parts: readonly Uint8Array[]): number {
  const total = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (done === total) return total;
  throw Object.assign(new Error(`${syscall} ended after ${done} of ${total} bytes`), { syscall });
}
