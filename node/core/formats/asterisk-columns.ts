import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { RECORD_ID_OCTETS_MAX } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { AsteriskParser } from "./asterisk-parser.ts";
import { AsteriskPlainRow } from "./asterisk-plain-row.ts";
import {
  AsteriskRecords,
  type AsteriskRow,
  COLUMNS,
  idPrefix,
  readAsteriskRow,
} from "./asterisk-record.ts";
import type { ColumnsReader } from "./columns-reader.ts";
import { CsvRowReader, fieldsOf, startOfRows } from "./csv-rows.ts";
import type { InspectLine, ParseOptions } from "./inspect-line.ts";
import { NameTable } from "./name-table.ts";
import { NO_REPETITIONS } from "./repetition-index.ts";
import { COLUMN_ROWS_MAX, type UsageColumns } from "./usage-columns.ts";

const LF = 10;
const CARRIAGE_RETURN = 13;
const MINUTE = 60_000;
const YEAR_10000 = 253_402_300_800_000;

/**
 * Reads Asterisk's rows into columns, from their bytes. What is unusual in any way goes through the plain
 * parser in its place, with the same zone, tally and positions, so that lines and report are those of
 * `parse` (without its remarks on repeated ids, which the engine tells over all files).
 */
export class AsteriskColumns implements ColumnsReader {
  readonly #parser: AsteriskParser;
  readonly #rows = new CsvRowReader({ columns: COLUMNS });
  readonly #row = new AsteriskPlainRow();
  readonly #names: NameTable;
  readonly #prefix: Uint8Array;
  /** Ids are compared and hashed by their characters, so that only ASCII can be taken by the byte. */
  readonly #isPlainSource: boolean;

  /** @throws TallystickError `zone.unknown` */
  constructor(options: ParseOptions, names = new NameTable()) {
    this.#names = names;
    this.#parser = new AsteriskParser({ ...options, repetitions: () => NO_REPETITIONS });
    this.#prefix = new TextEncoder().encode(idPrefix(options));
    this.#isPlainSource = this.#prefix.every((byte) => byte < 0x80);
  }

  read(columns: UsageColumns, last: boolean): number {
    const { raw, rawLength, rawOffset } = columns;
    const bytes = raw.subarray(0, rawLength);
    this.#names.begin();
    columns.firstPosition = this.#parser.position + 1;
    columns.count = 0;
    columns.others = [];
    let at = startOfRows(bytes, rawOffset);
    while (at < rawLength && columns.count < COLUMN_ROWS_MAX) {
      const end = bytes.indexOf(LF, at);
      if (end !== -1 && this.#takePlain(columns, bytes, at, end)) {
        at = end + 1;
        continue;
      }
      const next = this.#rows.take(bytes, at, end, rawOffset, last);
      if (next === undefined) break;
      at = next.end;
      if (next.item === undefined) continue;
      columns.putOther(this.#parser.line(next.item));
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

  #takePlain(columns: UsageColumns, bytes: Uint8Array, from: number, end: number): boolean {
    if (!this.#isPlainSource || !this.#rows.isFree(end - from)) return false;
    const to = end > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const row = this.#row;
    if (!row.scan(bytes, from, to)) return false;
    const offsetMs = this.#parser.steadyOffset(row.startedMs, row.epochMs);
    const start = row.chargedMs - offsetMs;
    const sessionStart = row.startedMs - offsetMs;
    if (!(sessionStart >= 0 && start >= 0 && start < YEAR_10000)) return false;
    const at = columns.count;
    const idFrom = columns.idFrom(at);
    const idEnd = this.#writeId(columns, bytes, idFrom);
    if (idEnd === undefined) return false;
    columns.isPlain[at] = 1;
    columns.isBillable[at] = row.isBillable ? 1 : 0;
    columns.service[at] = SERVICE_CODE.voice;
    columns.direction[at] = DIRECTION_CODE.outgoing;
    columns.start[at] = start;
    columns.sessionStart[at] = sessionStart;
    columns.durationSeconds[at] = row.billableSeconds;
    columns.utcOffsetMinutes[at] = offsetMs / MINUTE;
    columns.from[at] = from;
    columns.length[at] = to - from;
    columns.idEnd[at] = idEnd;
    columns.aParty[at] = this.#names.numberOf(bytes, row.aFrom, row.aTo);
    columns.bParty[at] = this.#names.numberOf(bytes, row.bFrom, row.bTo);
    columns.count++;
    this.#rows.passLine();
    this.#parser.pass(row.isBillable, row.billableSeconds);
    return true;
  }

  /** Undefined where the id is longer than stands in a charge: then it is hashed. */
  #writeId(columns: UsageColumns, bytes: Uint8Array, from: number): number | undefined {
    const { ids } = columns;
    const prefix = this.#prefix;
    const { uniqueIdFrom, uniqueIdTo } = this.#row;
    const bytesMax = prefix.length + (uniqueIdTo - uniqueIdFrom) + LONGEST_END;
    if (bytesMax > RECORD_ID_OCTETS_MAX) return undefined;
    for (let at = 0; at < prefix.length; at++) ids[from + at] = prefix[at] as number;
    return this.#row.writeId(bytes, ids, from + prefix.length);
  }
}

/** Of an id: two colons, digits of the start, the longest cause. */
const LONGEST_END = ":20141203113749:CONGESTION".length;

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
