import { assert } from "../errors.ts";
import type { ColumnsOptions, ColumnsReader } from "./columns-reader.ts";
import type { InspectLine } from "./inspect-line.ts";
import { KernelNames } from "./kernel/kernel-names.ts";
import type { ReadingKernel } from "./kernel/reading-kernel.ts";
import { LINE_BYTES_MAX } from "./line-reader.ts";
import { NameTable } from "./name-table.ts";
import { NdjsonKernelRows } from "./ndjson-kernel-rows.ts";
import { NdjsonParser, readNdjsonLine } from "./ndjson-parser.ts";
import { NdjsonPlainRows } from "./ndjson-plain-rows.ts";
import type { PlainRows } from "./plain-rows.ts";
import { NO_REPETITIONS } from "./repetition-index.ts";
import { COLUMN_ROWS_MAX, type UsageColumns } from "./usage-columns.ts";

const LF = 10;

/**
 * Reads usage records, one JSON object a line, into columns, from their bytes. What is unusual in any way goes
 * through the plain parser in its place, with the same tally and positions, so that lines and report are
 * those of `parse` (without its remarks on repeated ids, which the engine tells over all files).
 */
export class NdjsonColumns implements ColumnsReader {
  readonly #parser: NdjsonParser;
  readonly #plain: PlainRows;
  readonly #decoder = new TextDecoder();
  #lineNumber = 1;
  /** Where a line begins that is too long, and does not end in the bytes that were there. */
  #skippedFrom: number | undefined;

  /** @param kernel in whose room all columns lie; without it lines are read in JavaScript */
  constructor(options: ColumnsOptions, kernel?: ReadingKernel) {
    this.#parser = new NdjsonParser({ ...options, repetitions: () => NO_REPETITIONS });
    this.#plain =
      kernel === undefined
        ? new NdjsonPlainRows(this.#parser, new NameTable(options.nameKey))
        : new NdjsonKernelRows(this.#parser, new KernelNames(kernel, options.nameKey));
  }

  read(columns: UsageColumns, last: boolean): number {
    const { raw, rawLength, rawOffset } = columns;
    const bytes = raw.subarray(0, rawLength);
    this.#plain.begin();
    columns.hasSources = columns.hasMeasures = true;
    columns.firstPosition = this.#parser.position + 1;
    columns.count = 0;
    columns.others = [];
    let at = 0;
    while (columns.count < COLUMN_ROWS_MAX && (at < rawLength || this.#skippedFrom !== undefined)) {
      if (this.#skippedFrom === undefined) {
        const before = columns.count;
        at = this.#plain.take(columns, at, last);
        this.#lineNumber += columns.count - before;
        if (columns.count === COLUMN_ROWS_MAX || at === rawLength) break;
      }
      const end = bytes.indexOf(LF, at);
      const to = end === -1 ? rawLength : end;
      const isTooLong = this.#skippedFrom !== undefined || to - at > LINE_BYTES_MAX;
      if (end === -1 && !last) {
        if (!isTooLong) break;
        this.#skippedFrom ??= rawOffset + at;
        at = rawLength;
        break;
      }
      const text = isTooLong ? undefined : this.#decoder.decode(bytes.subarray(at, to));
      this.#takeLine(columns, text, this.#skippedFrom ?? rawOffset + at);
      this.#skippedFrom = undefined;
      this.#lineNumber++;
      at = end === -1 ? rawLength : end + 1;
    }
    this.#plain.end();
    columns.names = this.#plain.names.names;
    columns.generation = this.#plain.names.generation;
    return at;
  }

  report(): InspectLine {
    return this.#parser.report();
  }

  discard(): void {
    this.#parser.discard();
  }

  #takeLine(columns: UsageColumns, text: string | undefined, byteOffset: number): void {
    const line = this.#parser.line({ text, byteOffset, lineNumber: this.#lineNumber });
    if (line !== undefined) columns.putOther(line);
  }
}

/** Makes records of plain rows again, on whichever thread. */
export function ndjsonRecordOf(): UsageColumns["recordOf"] {
  const decoder = new TextDecoder();
  return (columns, row) => {
    const from = columns.from[row] as number;
    // A copy, since the memory may be shared and a decoder takes no such.
    const bytes = columns.raw.slice(from, from + (columns.length[row] as number));
    const read = readNdjsonLine(decoder.decode(bytes));
    assert("record" in read, "a plain row is a record");
    return read.record;
  };
}
