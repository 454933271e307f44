import { RECORD_ID_OCTETS_MAX } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { AsteriskKernelRows } from "./asterisk-kernel-rows.ts";
import { AsteriskParser } from "./asterisk-parser.ts";
import { AsteriskPlainRows } from "./asterisk-plain-rows.ts";
import {
  AsteriskRecords,
  type AsteriskRow,
  COLUMNS,
  idPrefix,
  readAsteriskRow,
} from "./asterisk-record.ts";
import type { ColumnsOptions, ColumnsReader } from "./columns-reader.ts";
import { CsvRowReader, fieldsOf, startOfRows } from "./csv-rows.ts";
import type { InspectLine, ParseOptions } from "./inspect-line.ts";
import { KernelNames } from "./kernel/kernel-names.ts";
import type { ReadingKernel } from "./kernel/reading-kernel.ts";
import { NameTable } from "./name-table.ts";
import type { PlainRows } from "./plain-rows.ts";
import { NO_REPETITIONS } from "./repetition-index.ts";
import { COLUMN_ROWS_MAX, type UsageColumns } from "./usage-columns.ts";

const LF = 10;
const MINUTE = 60_000;
/** Of an id's beginning, in bytes: with as many no row's id would be short enough to stand in a charge. */
const PREFIX_MAX = RECORD_ID_OCTETS_MAX;

/**
 * Reads Asterisk's rows into columns, from their bytes. What is unusual in any way goes through the plain
 * parser in its place, with the same zone, tally and positions, so that lines and report are those of
 * `parse` (without its remarks on repeated ids, which the engine tells over all files).
 */
export class AsteriskColumns implements ColumnsReader {
  readonly #parser: AsteriskParser;
  readonly #rows = new CsvRowReader({ columns: COLUMNS });
  readonly #plain: PlainRows;
  /** Ids are compared and hashed by their characters, so that only ASCII can be taken by the byte. */
  readonly #isPlainSource: boolean;

  /**
   * @param kernel in whose room all columns lie; without it rows are read in JavaScript, and named by `names`
   * @throws TallystickError `zone.unknown`
   */
  constructor(
    options: ColumnsOptions,
    kernel?: ReadingKernel,
    names = new NameTable(options.nameKey),
  ) {
    const parser = new AsteriskParser({ ...options, repetitions: () => NO_REPETITIONS });
    const prefix = new TextEncoder().encode(idPrefix(options));
    this.#parser = parser;
    this.#isPlainSource = prefix.every((byte) => byte < 0x80) && prefix.length < PREFIX_MAX;
    this.#plain =
      kernel === undefined
        ? new AsteriskPlainRows(parser, this.#rows, prefix, names)
        : new AsteriskKernelRows(
            parser,
            this.#rows,
            prefix.subarray(0, PREFIX_MAX),
            new KernelNames(kernel, options.nameKey),
          );
  }

  read(columns: UsageColumns, last: boolean): number {
    const { raw, rawLength, rawOffset } = columns;
    const bytes = raw.subarray(0, rawLength);
    const plain = this.#plain;
    plain.begin();
    columns.firstPosition = this.#parser.position + 1;
    columns.count = 0;
    columns.others = [];
    let at = startOfRows(bytes, rawOffset);
    while (at < rawLength) {
      if (this.#isPlainSource) at = plain.take(columns, at, last);
      if (at === rawLength || columns.count === COLUMN_ROWS_MAX) break;
      const next = this.#rows.take(bytes, at, bytes.indexOf(LF, at), rawOffset, last);
      if (next === undefined) break;
      at = next.end;
      if (next.item !== undefined) columns.putOther(this.#parser.line(next.item));
      if (columns.count === COLUMN_ROWS_MAX) break;
    }
    plain.end();
    columns.names = plain.names.names;
    columns.generation = plain.names.generation;
    return at;
  }

  report(): InspectLine {
    return this.#parser.report();
  }

  discard(): void {
    this.#parser.discard();
  }
}

/** Makes records of plain rows again, on whichever thread. */
export function asteriskRecordOf(
  options: ParseOptions,
): (columns: UsageColumns, row: number) => UsageRecord {
  const records = new AsteriskRecords(options);
  return (columns, row) => {
    const from = columns.from[row] as number;
    const bytes = columns.raw.slice(from, from + (columns.length[row] as number));
    const value = (columns.utcOffsetMinutes[row] as number) * MINUTE;
    return records.record(
      readAsteriskRow(fieldsOf(bytes)) as AsteriskRow,
      { value, known: true },
      { bytes, byteOffset: columns.rawOffset + from },
      columns.firstPosition + row,
    );
  };
}
