import { TallystickError } from "../errors.ts";
import { parseStrictJson } from "../json/strict-json.ts";
import { readUsageRecord } from "../records/read-usage-record.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { type CountedNumbers, type CountedSums, FileTally } from "./file-tally.ts";
import type { FileReport, InspectLine, ParseOptions, Rejection } from "./inspect-line.ts";
import type { Line } from "./line-reader.ts";

/** Tallystick's own: one usage record a line, as `inspect --json` prints them. */
export const USAGE_NDJSON = "usage-ndjson";

/** A line's record or its refusal. */
export type NdjsonLine = Exclude<InspectLine, { file: unknown }>;

/**
 * Makes records of a file's lines, one after the other. What another run rejected is passed on and counted;
 * its `file` lines described another file and are dropped. A record keeps the `source` that it came with.
 */
export class NdjsonParser {
  readonly #tally: FileTally;
  #position = 0;

  constructor(options: ParseOptions) {
    this.#tally = new FileTally(USAGE_NDJSON, options);
  }

  /** Of the line that was read last, among those that count. */
  get position(): number {
    return this.#position;
  }

  /** Undefined for a line that is empty, or is dropped. */
  line({ lineNumber, byteOffset, text }: Line): NdjsonLine | undefined {
    if (text !== undefined && text.trim() === "") return undefined;
    const result = text === undefined ? TOO_LONG : readNdjsonLine(text);
    if ("skipped" in result) return undefined;
    const position = ++this.#position;
    if ("record" in result) return this.#tally.accept(result.record, position);
    const place = { position, line: lineNumber, byte: byteOffset };
    return this.#tally.reject({ ...place, ...result.rejected });
  }

  /** Counts a record that is not made. */
  pass(billable: boolean, use: CountedNumbers): void {
    this.#position++;
    this.#tally.countUse(billable, use);
  }

  /** Counts records that are not made. */
  passAll(counted: CountedSums): void {
    this.#position += counted.records;
    this.#tally.countSums(counted);
  }

  report(): { file: FileReport } {
    return this.#tally.report();
  }

  discard(): void {
    this.#tally.discard();
  }
}

type Refusal = Pick<Rejection, "code" | "message" | "field">;
type Read = { record: UsageRecord } | { rejected: Refusal } | { skipped: true };

const TOO_LONG: Read = {
  rejected: { code: "usage.line-too-long", message: "The line is longer than a record can be." },
};

/** What decoding puts in place of bytes that are no UTF-8: two ids that differ only there would be one. */
const UNREADABLE = "\uFFFD";
/** Texts that tell a record from others. */
const TELLING = ["id", "aParty", "bParty", "imsi", "deviceId"] as const;

/** What a line says, whichever line it is. */
export function readNdjsonLine(text: string): Read {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    const { code, message } = error;
    if (code !== "json.malformed") return { rejected: { code, message } };
    return {
      rejected: {
        code: "usage.not-json",
        message: "The line is not JSON. Each line is one object.",
      },
    };
  }
  if (typeof value === "object" && value !== null) {
    if ("file" in value) return { skipped: true };
    if ("rejected" in value) return { rejected: value.rejected as Rejection };
  }
  try {
    const record = readUsageRecord(value);
    const field = TELLING.find((name) => record[name]?.includes(UNREADABLE));
    return field === undefined ? { record } : { rejected: notUtf8(field) };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    const { code, message, field } = error.toJSON();
    return { rejected: { code, message, ...(field === undefined ? {} : { field }) } };
  }
}

const notUtf8 = (field: string): Refusal => ({
  code: "usage.not-utf8",
  message: `${field} holds bytes that are not UTF-8, or U+FFFD, which stands for such. Deliver the line in UTF-8.`,
  field,
});
