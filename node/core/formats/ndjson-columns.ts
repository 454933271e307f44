import { assert } from "../errors.ts";
import type { ColumnsReader } from "./columns-reader.ts";
import type { InspectLine, ParseOptions } from "./inspect-line.ts";
import { LINE_BYTES_MAX } from "./line-reader.ts";
import { NameTable } from "./name-table.ts";
import { NdjsonParser, readNdjsonLine } from "./ndjson-parser.ts";
import { NdjsonPlainRow } from "./ndjson-plain-row.ts";
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
  readonly #row = new NdjsonPlainRow();
  readonly #names: NameTable;
  readonly #decoder = new TextDecoder();
  #lineNumber = 1;
  /** Where a line begins that is too long, and does not end in the bytes that were there. */
  #skippedFrom: number | undefined;

  constructor(options: ParseOptions, names = new NameTable()) {
    this.#names = names;
    this.#parser = new NdjsonParser({ ...options, repetitions: () => NO_REPETITIONS });
  }

  read(columns: UsageColumns, last: boolean): number {
    const { raw, rawLength, rawOffset } = columns;
    const bytes = raw.subarray(0, rawLength);
    this.#names.begin();
    columns.hasSources = columns.hasMeasures = true;
    columns.firstPosition = this.#parser.position + 1;
    columns.count = 0;
    columns.others = [];
    let at = 0;
    while (columns.count < COLUMN_ROWS_MAX && (at < rawLength || this.#skippedFrom !== undefined)) {
      const end = bytes.indexOf(LF, at);
      const to = end === -1 ? rawLength : end;
      const isTooLong = this.#skippedFrom !== undefined || to - at > LINE_BYTES_MAX;
      if (end === -1 && !last) {
        if (!isTooLong) break;
        this.#skippedFrom ??= rawOffset + at;
        at = rawLength;
        break;
      }
      if (isTooLong) {
        this.#takeLine(columns, undefined, this.#skippedFrom ?? rawOffset + at);
        this.#skippedFrom = undefined;
      } else if (!this.#takePlain(columns, bytes, at, to)) {
        this.#takeLine(columns, this.#decoder.decode(bytes.subarray(at, to)), rawOffset + at);
      }
      this.#lineNumber++;
      at = end === -1 ? rawLength : end + 1;
    }
    columns.names = this.#names.names;
    columns.generation = this.#names.generation;
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

  #takePlain(columns: UsageColumns, bytes: Uint8Array, from: number, to: number): boolean {
    const row = this.#row;
    if (!row.scan(bytes, from, to)) return false;
    const at = columns.count;
    let idEnd = columns.idFrom(at);
    for (let id = row.idFrom; id < row.idTo; id++) columns.ids[idEnd++] = bytes[id] as number;
    columns.isPlain[at] = 1;
    columns.isBillable[at] = row.isBillable ? 1 : 0;
    columns.service[at] = row.service;
    columns.direction[at] = row.direction;
    columns.start[at] = row.startMs;
    columns.sessionStart[at] = row.sessionStartMs;
    columns.durationSeconds[at] = row.durationSeconds;
    columns.utcOffsetMinutes[at] = row.utcOffsetMinutes;
    columns.from[at] = from;
    columns.length[at] = to - from;
    columns.sourceOffset[at] = row.sourceOffset;
    columns.sourceLength[at] = row.sourceLength;
    columns.idEnd[at] = idEnd;
    columns.aParty[at] = this.#names.numberOf(bytes, row.aFrom, row.aTo);
    columns.bParty[at] = this.#names.numberOf(bytes, row.bFrom, row.bTo);
    columns.imsi[at] = this.#names.numberOf(bytes, row.imsiFrom, row.imsiTo);
    columns.deviceId[at] = this.#names.numberOf(bytes, row.deviceFrom, row.deviceTo);
    columns.isPartial[at] = row.isPartial ? 1 : 0;
    columns.quantity[at] = row.quantity;
    columns.uplinkText[at] = row.uplinkText;
    columns.downlinkText[at] = row.downlinkText;
    columns.measureText[at] = row.measureText;
    columns.count++;
    this.#parser.pass(row.isBillable, row);
    return true;
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
