import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { RECORD_ID_OCTETS_MAX } from "../records/record-id.ts";
import type { AsteriskParser } from "./asterisk-parser.ts";
import { AsteriskPlainRow } from "./asterisk-plain-row.ts";
import type { CsvRowReader } from "./csv-rows.ts";
import type { NameTable } from "./name-table.ts";
import type { PlainRows } from "./plain-rows.ts";
import { COLUMN_ROWS_MAX, type UsageColumns } from "./usage-columns.ts";

const LF = 10;
const CARRIAGE_RETURN = 13;
const MINUTE = 60_000;
const YEAR_10000 = 253_402_300_800_000;
/** Of an id: two colons, digits of the start, the longest cause. */
const LONGEST_END = ":20141203113749:CONGESTION".length;

/** Takes plain rows in JavaScript; a kernel does the same (asterisk-kernel-rows.ts). */
export class AsteriskPlainRows implements PlainRows {
  readonly names: NameTable;
  readonly #parser: AsteriskParser;
  readonly #rows: CsvRowReader;
  readonly #prefix: Uint8Array;
  readonly #row = new AsteriskPlainRow();

  /** @param prefix how ids begin, in ASCII */
  constructor(parser: AsteriskParser, rows: CsvRowReader, prefix: Uint8Array, names: NameTable) {
    this.names = names;
    this.#parser = parser;
    this.#rows = rows;
    this.#prefix = prefix;
  }

  begin(): void {
    this.names.begin();
  }

  take(columns: UsageColumns, from: number): number {
    const bytes = columns.raw.subarray(0, columns.rawLength);
    let at = from;
    while (columns.count < COLUMN_ROWS_MAX) {
      const end = bytes.indexOf(LF, at);
      if (end === -1 || !this.#takeRow(columns, bytes, at, end)) break;
      at = end + 1;
    }
    return at;
  }

  end(): void {}

  #takeRow(columns: UsageColumns, bytes: Uint8Array, from: number, end: number): boolean {
    if (!this.#rows.isFree(end - from)) return false;
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
    columns.aParty[at] = this.names.numberOf(bytes, row.aFrom, row.aTo);
    columns.bParty[at] = this.names.numberOf(bytes, row.bFrom, row.bTo);
    columns.count++;
    this.#rows.passLines(1);
    this.#parser.pass(1, row.isBillable ? 1 : 0, row.billableSeconds);
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
