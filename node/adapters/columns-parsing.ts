import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ColumnsFiller, type ColumnsReader } from "../core/formats/columns-reader.ts";
import type { InspectLine } from "../core/formats/inspect-line.ts";
import type { UsageColumns } from "../core/formats/usage-columns.ts";
import { FileLook } from "../engine/intake/require-whole-file.ts";
import type { FileGrowth } from "./file-growth.ts";

/** A file parsed into columns, batch by batch from beginning to end, once; and what was seen of it. */
export class ColumnsParsing {
  readonly look = new FileLook();
  readonly #reader: ColumnsReader;
  readonly #filler: ColumnsFiller;
  readonly #file: number;
  readonly #growth: FileGrowth | undefined;
  /** As far as it is known to be there. */
  #size = 0;
  #read = 0;
  #isLast = false;
  #names = { generation: -1, count: 0 };
  #report: InspectLine | undefined;

  /** @param growth of a file that is still written; what it says stands in the file's stead */
  constructor(path: string, reader: ColumnsReader, growth?: FileGrowth) {
    this.#reader = reader;
    this.#filler = new ColumnsFiller(reader);
    this.#file = openSync(path, "r");
    this.#growth = growth;
    if (growth === undefined) this.#size = fstatSync(this.#file).size;
  }

  /** Bytes of the file that nobody looked at yet; infinite while it grows. */
  get left(): number {
    if (this.#growth?.isWhole === false) return Number.POSITIVE_INFINITY;
    return this.#known() - this.#read;
  }

  /** What the reader says of the file as a whole, once it was seen to its end. */
  get report(): InspectLine | undefined {
    return this.#report;
  }

  /** The next batch; it may have no rows. Of a file that grows this thread waits for it. @returns names that the batches before it did not have */
  fill(batch: UsageColumns): string[] {
    const room = this.#filler.begin(batch);
    const bytes = this.#isLast ? 0 : this.#readInto(room);
    this.#read += bytes;
    // At the end of the file nothing comes back; of one that somebody cut meanwhile rows would be missing, and nobody told.
    this.#isLast = bytes === 0;
    if (this.#isLast && this.#read < this.#size) throw endedEarly(this.#read, this.#size);
    this.#filler.end(batch, bytes, this.#isLast);
    this.look.seeColumns(batch);
    if (this.#isLast && !this.#filler.hasRest) {
      this.#report = this.#reader.report();
      this.look.see(this.#report);
    }
    const { generation, names } = batch;
    const from = generation === this.#names.generation ? this.#names.count : 0;
    this.#names = { generation, count: names.length };
    return names.slice(from);
  }

  #readInto(room: Uint8Array): number {
    if (this.#growth === undefined) return readSync(this.#file, room, 0, room.length, null);
    if (this.#size - this.#read < room.length) this.#size = this.#growth.waitBeyond(this.#read);
    const bytes = Math.min(room.length, this.#size - this.#read);
    return bytes === 0 ? 0 : readSync(this.#file, room, 0, bytes, null);
  }

  #known(): number {
    if (this.#growth !== undefined) this.#size = this.#growth.waitBeyond(this.#read);
    return this.#size;
  }

  close(): void {
    closeSync(this.#file);
  }
}

const endedEarly = (read: number, size: number): Error =>
  Object.assign(new Error(`read ended after ${read} of ${size} bytes`), { syscall: "read" });
