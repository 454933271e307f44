import { InstantText } from "../records/instant-text.ts";
import { readStamp } from "../records/local-stamp.ts";
import { recordId } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { ZoneClock } from "../records/zone-clock.ts";
import { AsteriskZone, uniqueIdEpochMs } from "./asterisk-zone.ts";
import { type CsvRow, CsvRowReader, isFault } from "./csv-rows.ts";
import { digestOf, FileTally } from "./file-tally.ts";
import type { Chunks, InspectLine, ParseOptions, Rejection } from "./inspect-line.ts";
import { MemoryRepetitionIndex, type RepetitionIndex } from "./repetition-index.ts";

/**
 * Asterisk's `Master.csv` (module cdr_csv; columns in Asterisk's cdr/cdr_csv.c, no header line):
 *
 *   accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata, start, answer,
 *   end, duration, billsec, disposition, amaflags, uniqueid, userfield
 *
 * and, with `newcdrcolumns=yes`, peeraccount, linkedid, sequence.
 */
export const NAME = "asterisk-csv";
const COLUMNS = [18, 21] as const;
const DISPOSITIONS = ["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "UNKNOWN"];

export function recognises(head: Uint8Array): boolean {
  const reader = new CsvRowReader({ columns: COLUMNS });
  for (const row of reader.push(head)) {
    if (isFault(row) || !isColumnCount(row.fields.length)) continue;
    const [start = "", disposition = ""] = [row.fields[9], row.fields[14]];
    if (readStamp(start) !== undefined && DISPOSITIONS.includes(disposition)) return true;
  }
  for (const row of reader.end()) {
    if (!isFault(row) && isColumnCount(row.fields.length) && readStamp(row.fields[9] ?? "")) {
      return true;
    }
  }
  return false;
}

/** @throws TallystickError `zone.unknown` for a `--zone` that does not exist */
export async function* parse(chunks: Chunks, options: ParseOptions): AsyncGenerator<InspectLine> {
  for await (const block of parseBlocks(chunks, options)) yield* block;
}

/** The same by the chunk: one step of a generator for some thousand records. */
export async function* parseBlocks(
  chunks: Chunks,
  options: ParseOptions,
): AsyncGenerator<InspectLine[]> {
  const parser = new AsteriskParser(options);
  try {
    const reader = new CsvRowReader({ columns: COLUMNS });
    for await (const chunk of chunks) {
      yield reader.push(chunk).map((row) => parser.line(row));
    }
    yield reader.end().map((row) => parser.line(row));
    yield [parser.report()];
  } finally {
    parser.discard();
  }
}

type Refusal = Pick<Rejection, "code" | "message" | "field">;

class AsteriskParser {
  readonly tally: FileTally;
  readonly #options: ParseOptions;
  readonly #zone: AsteriskZone;
  readonly #digest: (bytes: Uint8Array) => string;
  readonly #uniqueIds: RepetitionIndex;
  readonly #instants = new InstantText();
  #position = 0;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#uniqueIds = (options.repetitions ?? (() => new MemoryRepetitionIndex()))();
    this.tally = new FileTally(NAME, options);
    this.#zone = new AsteriskZone(
      options.zone === undefined ? undefined : new ZoneClock(options.zone),
    );
    this.#digest = digestOf(options);
  }

  report(): InspectLine {
    const { count, first } = this.#uniqueIds.finish(10);
    if (count > 0) {
      const [one] = first;
      this.tally.problems({
        code: "asterisk.repeated-unique-id",
        message: `${count} rows have a unique id that an earlier row has (row ${one?.position} that of row ${one?.firstPosition}): legs of one call, or one row written twice.`,
        count,
        positions: first.map(({ position }) => position),
      });
    }
    return this.tally.report();
  }

  discard(): void {
    this.#uniqueIds.discard();
    this.tally.discard();
  }

  line(row: CsvRow | Parameters<typeof isFault>[0]): InspectLine {
    const position = ++this.#position;
    const refuse = ({ code, message, field }: Refusal): InspectLine =>
      this.tally.reject({
        code,
        message,
        position,
        line: row.line,
        byte: row.byteOffset,
        ...(field === undefined ? {} : { field }),
      });
    if (isFault(row)) return refuse(row);
    const record = this.#record(row, position);
    return "code" in record ? refuse(record) : this.tally.accept(record, position);
  }

  #record(row: CsvRow, position: number): UsageRecord | Refusal {
    const { fields } = row;
    if (!isColumnCount(fields.length)) {
      return {
        code: "asterisk.column-count",
        message: `The row has ${fields.length} columns, not 18 (or 21). cdr.conf needs loguniqueid=yes and loguserfield=yes.`,
      };
    }
    const column = (index: number): string => fields[index] ?? "";
    const started = readStamp(column(9));
    if (started === undefined) return badField("start", column(9), "a date and time");
    const ended = readStamp(column(11));
    if (ended === undefined) return badField("end", column(11), "a date and time");
    const disposition = column(14);
    if (!DISPOSITIONS.includes(disposition)) {
      return badField("disposition", disposition, `one of ${DISPOSITIONS.join(", ")}`);
    }
    const durationSeconds = readSeconds(column(12));
    if (durationSeconds === undefined) return badField("duration", column(12), "whole seconds");
    const billableSeconds = readSeconds(column(13));
    if (billableSeconds === undefined) return badField("billsec", column(13), "whole seconds");
    const uniqueId = column(16);
    if (uniqueId === "") return badField("uniqueid", "", "the call's unique id");

    const billable = disposition === "ANSWERED";
    const answered = column(10) === "" ? undefined : readStamp(column(10));
    if (column(10) !== "" && answered === undefined) {
      return badField("answer", column(10), "a date and time, or nothing");
    }
    if (billable && answered === undefined) {
      return badField("answer", "", "the time of the answer: the call was answered");
    }
    const charged = billable && answered !== undefined ? answered : started;
    if (billable && billableSeconds > (ended.localMs - charged.localMs) / 1000) {
      this.tally.problem(
        "asterisk.billsec-exceeds-call",
        `billsec is more than lies between answer and end (first: ${billableSeconds} s on line ${row.line}).`,
        position,
      );
    }
    this.#uniqueIds.add(uniqueId, position);
    const offsetMs = this.#zone.offsetOf(
      started.localMs,
      uniqueIdEpochMs(uniqueId),
      (code, message) => this.tally.problem(code, message, position),
    );
    // Within the call the offset is kept, also when the clock changes while it rings.
    const start = this.#instants.text(charged.localMs - offsetMs.value);
    const sessionStart = this.#instants.text(started.localMs - offsetMs.value);
    return {
      id: recordId(this.#id(uniqueId, column(9), disposition)),
      service: "voice",
      direction: "outgoing",
      start,
      ...(sessionStart === start ? {} : { sessionStart }),
      ...(offsetMs.known ? { utcOffsetMinutes: offsetMs.value / 60_000 } : {}),
      durationSeconds: billableSeconds,
      ...(column(1) === "" ? {} : { aParty: column(1) }),
      ...(column(2) === "" ? {} : { bParty: column(2) }),
      sessionId: uniqueId,
      cause: disposition,
      billable,
      source: {
        format: NAME,
        file: this.#options.file,
        position,
        sha256: this.#digest(row.bytes),
        byteOffset: row.byteOffset,
        byteLength: row.bytes.length,
      },
    };
  }

  /**
   * A channel's unique id alone does not name a call: a forked or transferred one has several rows
   * with it. Start and disposition tell these apart; both come from the switch, so the same row
   * delivered twice, in whatever file and place, keeps its id and is charged once.
   */
  #id(uniqueId: string, start: string, disposition: string): string {
    const source = this.#options.sourceName === undefined ? "" : `${this.#options.sourceName}:`;
    return `asterisk:${source}${uniqueId}:${digitsOf(start)}:${disposition === "NO ANSWER" ? "NO-ANSWER" : disposition}`;
  }
}

/** Of "2014-12-03 11:37:49" by its places, which is how it nearly always stands. */
function digitsOf(stamp: string): string {
  return stamp.length === 19 && stamp.charCodeAt(10) === 0x20
    ? stamp.slice(0, 4) +
        stamp.slice(5, 7) +
        stamp.slice(8, 10) +
        stamp.slice(11, 13) +
        stamp.slice(14, 16) +
        stamp.slice(17)
    : stamp.replace(/[^0-9]/g, "");
}

function isColumnCount(count: number): boolean {
  return (COLUMNS as readonly number[]).includes(count);
}

function readSeconds(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function badField(field: string, value: string, expected: string): Refusal {
  return {
    code: `asterisk.bad-${field}`,
    message: `${value === "" ? "Nothing stands" : `${JSON.stringify(value.slice(0, 40))} stands`} where ${expected} belongs.`,
    field,
  };
}
