import { LINE_BYTES_MAX } from "./line-reader.ts";
import type { NameTable } from "./name-table.ts";
import type { NdjsonParser } from "./ndjson-parser.ts";
import { NdjsonPlainRow } from "./ndjson-plain-row.ts";
import type { PlainRows } from "./plain-rows.ts";
import { COLUMN_ROWS_MAX, type UsageColumns } from "./usage-columns.ts";

const LF = 10;

/** Takes plain lines of usage records in JavaScript; a kernel does the same (ndjson-kernel-rows.ts). */
export class NdjsonPlainRows implements PlainRows {
  readonly names: NameTable;
  readonly #parser: NdjsonParser;
  readonly #row = new NdjsonPlainRow();

  constructor(parser: NdjsonParser, names: NameTable) {
    this.names = names;
    this.#parser = parser;
  }

  begin(): void {
    this.names.begin();
  }

  take(columns: UsageColumns, from: number, last: boolean): number {
    const { rawLength } = columns;
    const bytes = columns.raw.subarray(0, rawLength);
    let at = from;
    while (columns.count < COLUMN_ROWS_MAX && at < rawLength) {
      const end = bytes.indexOf(LF, at);
      const to = end === -1 ? rawLength : end;
      const isWhole = end !== -1 || last;
      if (!isWhole || to - at > LINE_BYTES_MAX || !this.#takeRow(columns, bytes, at, to)) break;
      at = end === -1 ? rawLength : end + 1;
    }
    return at;
  }

  end(): void {}

  #takeRow(columns: UsageColumns, bytes: Uint8Array, from: number, to: number): boolean {
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
    columns.aParty[at] = this.names.numberOf(bytes, row.aFrom, row.aTo);
    columns.bParty[at] = this.names.numberOf(bytes, row.bFrom, row.bTo);
    columns.imsi[at] = this.names.numberOf(bytes, row.imsiFrom, row.imsiTo);
    columns.deviceId[at] = this.names.numberOf(bytes, row.deviceFrom, row.deviceTo);
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
