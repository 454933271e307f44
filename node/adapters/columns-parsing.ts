import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ColumnsFiller, type ColumnsReader } from "../core/formats/columns-reader.ts";
import type { InspectLine } from "../core/formats/inspect-line.ts";
import type { UsageColumns } from "../core/formats/usage-columns.ts";
import { FileLook } from "../engine/intake/require-whole-file.ts";

/** A file parsed into columns, batch by batch from beginning to end, once; and what was seen of it. */
export class ColumnsParsing {
  readonly look = new FileLook();
  readonly #reader: ColumnsReader;
  readonly #filler: ColumnsFiller;
  readonly #file: number;
  readonly #size: number;
  #read = 0;
  #isLast = false;
  #names = { generation: -1, count: 0 };
  #report: InspectLine | undefined;

  constructor(path: string, reader: ColumnsReader) {
    this.#reader = reader;
    this.#filler = new ColumnsFiller(reader);
    this.#file = openSync(path, "r");
    this.#size = fstatSync(this.#file).size;
  }

  /** Bytes of the file that nobody looked at yet. */
  get left(): number {
    return this.#size - this.#read;
  }

  /** What the reader says of the file as a whole, once it was seen to its end. */
  get report(): InspectLine | undefined {
    return this.#report;
  }

  /** The next batch; it may have no rows. @returns names that the batches before it did not have */
  fill(batch: UsageColumns): string[] {
    const room = this.#filler.begin(batch);
    const bytes = this.#isLast ? 0 : readSync(this.#file, room, 0, room.length, null);
    this.#read += bytes;
    // At the end of the file nothing comes back, and only there.
    this.#isLast = bytes === 0;
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

  close(): void {
    closeSync(this.#file);
  }
}
