import { closeSync, openSync, readSync, readvSync, rmSync, writevSync } from "node:fs";
import { crc32 } from "node:zlib";
import { TallystickError } from "../core/errors.ts";
import type { ColumnsHeader, UsageColumns } from "../core/formats/usage-columns.ts";

/** Length of a batch's header as JSON, its checksum (CRC-32), and that of columns and ids. */
const FRAME_BYTES = 12;

/** A batch as it was put down: what no column says of it. */
export interface SpooledHeader {
  header: ColumnsHeader;
  /** Names that the batches before it did not have. */
  newNames: string[];
  rawLength: number;
  idsLength: number;
}

/**
 * Columns of a file put down on disk until somebody takes them, so that a file of any size is parsed once and
 * looked at to its end before it is durable. A hundred bytes a row; the file's own bytes are read from the file
 * again. Written at its end while it is read from its beginning. A scratch file of one process: nothing of it
 * outlives the intake, and a crash leaves one to be deleted.
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

  /** Whether batches are there that were not read. */
  get hasMore(): boolean {
    // Not where the bytes end: of a spool that somebody cut rows would be missing, and nobody told.
    return this.#at < this.#end;
  }

  write(columns: UsageColumns, newNames: string[]): void {
    const idsLength = columns.idFrom(columns.count);
    const spooled: SpooledHeader = {
      header: columns.header(),
      newNames,
      rawLength: columns.rawLength,
      idsLength,
    };
    const header = Buffer.from(JSON.stringify(spooled));
    const body = [...columns.filled(), columns.ids.subarray(0, idsLength)];
    const frame = Buffer.alloc(FRAME_BYTES);
    frame.writeUInt32LE(header.length, 0);
    frame.writeUInt32LE(crc32(header), 4);
    frame.writeUInt32LE(checksumOf(body), 8);
    const parts = [frame, header, ...body];
    this.#end += requireWhole("writev", writevSync(this.#file, parts), parts);
  }

  /**
   * The next batch, in the order of writing, where there are more.
   * @throws TallystickError `spool.damaged` when it is not what was written: rows would be charged that
   *   nobody delivered
   */
  read(columns: UsageColumns): SpooledHeader {
    const frame = this.#bytes(FRAME_BYTES);
    // It says how much to read, so it is checked before it is believed.
    const header = this.#bytes(Math.min(frame.readUInt32LE(0), this.#end - this.#at));
    if (crc32(header) !== frame.readUInt32LE(4)) throw this.#damaged();
    const spooled: SpooledHeader = JSON.parse(header.toString());
    Object.assign(columns, spooled.header, { rawLength: spooled.rawLength });
    const parts = [...columns.filled(), columns.ids.subarray(0, spooled.idsLength)];
    this.#at += requireWhole("readv", readvSync(this.#file, parts, this.#at), parts);
    if (checksumOf(parts) !== frame.readUInt32LE(8)) throw this.#damaged();
    const raw = columns.raw.subarray(0, spooled.rawLength);
    const { rawOffset } = spooled.header;
    requireWhole("read", readSync(this.#source, raw, 0, raw.length, rawOffset), [raw]);
    return spooled;
  }

  close(): void {
    closeSync(this.#source);
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  #damaged(): TallystickError {
    return new TallystickError(
      "spool.damaged",
      "What was put down of the file beside it is not what was written: a bit changed on the disk, or somebody wrote there. What was taken in before it stays. Look at the disk and send the file again: it goes on there.",
      { file: this.#path },
    );
  }

  #bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    this.#at += requireWhole("read", readSync(this.#file, bytes, 0, count, this.#at), [bytes]);
    return bytes;
  }
}

const checksumOf = (parts: readonly Uint8Array[]): number =>
  parts.reduce((sum, part) => crc32(part, sum), 0);

/** A disk that is full takes a part; a file that somebody cut gives one. */
function requireWhole(syscall: string, done: number, parts: readonly Uint8Array[]): number {
  const total = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (done === total) return total;
  throw Object.assign(new Error(`${syscall} ended after ${done} of ${total} bytes`), { syscall });
}
