import { InstantText } from "../records/instant-text.ts";
import { type LocalStamp, readStamp } from "../records/local-stamp.ts";
import { recordId } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { CsvRow } from "./csv-rows.ts";
import { digestOf } from "./file-tally.ts";
import type { ParseOptions, Rejection } from "./inspect-line.ts";

/*
 * One row of Asterisk's `Master.csv` (module cdr_csv; columns in Asterisk's cdr/cdr_csv.c, no header line):
 *
 *   accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata, start, answer,
 *   end, duration, billsec, disposition, amaflags, uniqueid, userfield
 *
 * and, with `newcdrcolumns=yes`, peeraccount, linkedid, sequence.
 */
export const ASTERISK = "asterisk-csv";
export const COLUMNS = [18, 21] as const;
export const DISPOSITIONS = ["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "UNKNOWN"];

export type Refusal = Pick<Rejection, "code" | "message" | "field">;

/** What a row says, before the zone of its stamps is known. */
export interface AsteriskRow {
  aParty: string;
  bParty: string;
  /** As it stands in the row. */
  startText: string;
  started: LocalStamp;
  ended: LocalStamp;
  /** Where charging starts: the answer, or the start of a call that nobody answered. */
  charged: LocalStamp;
  billableSeconds: number;
  disposition: string;
  billable: boolean;
  uniqueId: string;
}

export function readAsteriskRow(fields: readonly string[]): AsteriskRow | Refusal {
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
  return {
    aParty: column(1),
    bParty: column(2),
    startText: column(9),
    started,
    ended,
    charged: billable && answered !== undefined ? answered : started,
    billableSeconds,
    disposition,
    billable,
    uniqueId,
  };
}

/** Makes records of rows whose zone is known. */
export class AsteriskRecords {
  readonly #options: ParseOptions;
  readonly #digest: (bytes: Uint8Array) => string;
  readonly #instants = new InstantText();

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#digest = digestOf(options);
  }

  record(
    said: AsteriskRow,
    offsetMs: { value: number; known: boolean },
    { bytes, byteOffset }: Pick<CsvRow, "bytes" | "byteOffset">,
    position: number,
  ): UsageRecord {
    const { aParty, bParty, uniqueId, disposition } = said;
    // Within the call the offset is kept, also when the clock changes while it rings.
    const start = this.#instants.text(said.charged.localMs - offsetMs.value);
    const sessionStart = this.#instants.text(said.started.localMs - offsetMs.value);
    return {
      id: recordId(this.#id(uniqueId, said.startText, disposition)),
      service: "voice",
      direction: "outgoing",
      start,
      ...(sessionStart === start ? {} : { sessionStart }),
      ...(offsetMs.known ? { utcOffsetMinutes: offsetMs.value / 60_000 } : {}),
      durationSeconds: said.billableSeconds,
      ...(aParty === "" ? {} : { aParty }),
      ...(bParty === "" ? {} : { bParty }),
      sessionId: uniqueId,
      cause: disposition,
      billable: said.billable,
      source: {
        format: ASTERISK,
        file: this.#options.file,
        position,
        sha256: this.#digest(bytes),
        byteOffset,
        byteLength: bytes.length,
      },
    };
  }

  /**
   * A channel's unique id alone does not name a call: a forked or transferred one has several rows
   * with it. Start and disposition tell these apart; both come from the switch, so the same row
   * delivered twice, in whatever file and place, keeps its id and is charged once.
   */
  #id(uniqueId: string, start: string, disposition: string): string {
    return `${idPrefix(this.#options)}${uniqueId}:${digitsOf(start)}:${causeInId(disposition)}`;
  }
}

/** How all ids of a switch begin. */
export const idPrefix = ({ sourceName }: ParseOptions): string =>
  sourceName === undefined ? "asterisk:" : `asterisk:${sourceName}:`;

export const causeInId = (disposition: string): string =>
  disposition === "NO ANSWER" ? "NO-ANSWER" : disposition;

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

export function isColumnCount(count: number): boolean {
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
