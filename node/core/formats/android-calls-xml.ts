import { TallystickError } from "../errors.ts";
import { recordId } from "../records/record-id.ts";
import type { Direction, UsageRecord } from "../records/usage-record.ts";
import { digestOf, FileTally } from "./file-tally.ts";
import type { Chunks, InspectLine, ParseOptions, Rejection, Totals } from "./inspect-line.ts";
import { smsSegments } from "./sms-segments.ts";
import { type XmlElement, XmlReader } from "./xml-reader.ts";

/**
 * Backups of the Android app "SMS Backup & Restore": `<calls>` with one `<call>` each, `<smses>` with
 * `<sms>` and `<mms>`. The values are those of Android's CallLog.Calls and Telephony providers.
 *
 * `date` is when the call was created (dialled, or began to ring), not when it was answered, and
 * `readable_date` repeats it in a local time that daylight saving makes ambiguous; it is not read.
 */
export const NAME = "android-calls-xml";

const encoder = new TextEncoder();
const ROOTS = ["calls", "smses"];

/** CallLog.Calls.TYPE: direction, and whether somebody picked up on this phone. */
const CALL_TYPES: Record<string, { direction: Direction; cause: string; answered: boolean }> = {
  "1": { direction: "incoming", cause: "incoming", answered: true },
  "2": { direction: "outgoing", cause: "outgoing", answered: true },
  "3": { direction: "incoming", cause: "missed", answered: false },
  "4": { direction: "incoming", cause: "voicemail", answered: false },
  "5": { direction: "incoming", cause: "rejected", answered: false },
  "6": { direction: "incoming", cause: "blocked", answered: false },
  "7": { direction: "incoming", cause: "answeredElsewhere", answered: true },
};
/** CallLog.Calls.NUMBER_PRESENTATION: 1 is allowed. */
const PRESENTATIONS_WITHHELD = ["2", "3", "4"];
/** What stands for a withheld number in exports of several makers. */
const WITHHELD_NUMBERS = [
  "",
  "-1",
  "-2",
  "-3",
  "null",
  "unknown",
  "private",
  "anonymous",
  "restricted",
];

export function recognises(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head.subarray(0, 65_536));
  const root = /<(?![?!])\s*([A-Za-z_][\w.-]*)/.exec(text.replace(/<!--[\s\S]*?-->/g, ""));
  return root !== null && ROOTS.includes(root[1] ?? "");
}

/** @throws TallystickError `android.not-a-call-log`, and the codes of `XmlReader` */
export async function* parse(chunks: Chunks, options: ParseOptions): AsyncGenerator<InspectLine> {
  const reader = new XmlReader(options.file);
  const parser = new AndroidParser(options);
  try {
    for await (const chunk of chunks) {
      for (const element of reader.push(chunk)) yield* parser.lines(element);
      if (reader.broken !== undefined) break;
    }
    for (const element of reader.end()) yield* parser.lines(element);
    const { broken } = reader;
    if (broken !== undefined) {
      // Where nothing was read there is nothing to report on: the file is no call log at all.
      if (!parser.sawEntry) {
        throw new TallystickError(broken.code, broken.message, {
          file: options.file,
          line: broken.line,
          byte: broken.byte,
        });
      }
      parser.tally.problem(broken.code, broken.message);
    }
    yield parser.tally.report(parser.declared);
  } finally {
    parser.tally.discard();
  }
}

type Refusal = Pick<Rejection, "code" | "message" | "field">;

class AndroidParser {
  readonly tally: FileTally;
  declared: Totals = {};
  #position = 0;
  readonly #options: ParseOptions;
  readonly #digest: (bytes: Uint8Array) => string;

  constructor(options: ParseOptions) {
    this.#options = options;
    this.tally = new FileTally(NAME, options);
    this.#digest = digestOf(options);
  }

  get sawEntry(): boolean {
    return this.#position > 0;
  }

  *lines(element: XmlElement): Generator<InspectLine> {
    if (element.depth === 1) this.#root(element);
    if (element.depth !== 2) return;
    const read = { call: readCall, sms: readSms, mms: readMms }[element.name];
    if (read === undefined) return;
    const position = ++this.#position;
    const facts = read(element.attributes);
    if ("code" in facts) {
      const { line, byteOffset: byte } = element;
      yield this.tally.reject({ ...facts, position, line, byte });
      return;
    }
    yield this.tally.accept(this.#record(facts, element, position), position);
  }

  #root({ name, attributes, line }: XmlElement): void {
    if (!ROOTS.includes(name)) {
      throw new TallystickError(
        "android.not-a-call-log",
        `The document is <${name}>, not <calls> or <smses> of SMS Backup & Restore.`,
        { file: this.#options.file, line },
      );
    }
    const count = attributes.get("count");
    if (count !== undefined && /^\d{1,15}$/.test(count)) this.declared = { records: Number(count) };
  }

  #record(facts: Entry, element: XmlElement, position: number): UsageRecord {
    const { kind, dateMs, number, ...rest } = facts;
    const source = this.#options.sourceName === undefined ? "" : `${this.#options.sourceName}:`;
    // The number is part of what makes an entry one of its own, and no id may spell it out.
    const other = this.#digest(encoder.encode(number ?? "")).slice(0, 12);
    const party =
      number === undefined
        ? {}
        : rest.direction === "outgoing"
          ? { bParty: number }
          : { aParty: number };
    return {
      id: recordId(`android:${source}${kind}:${dateMs}:${rest.cause}:${other}`),
      ...rest,
      start: new Date(dateMs).toISOString(),
      ...party,
      source: {
        format: NAME,
        file: this.#options.file,
        position,
        sha256: this.#digest(element.bytes),
        byteOffset: element.byteOffset,
        byteLength: element.bytes.length,
      },
    };
  }
}

interface Entry
  extends Pick<UsageRecord, "service" | "direction" | "durationSeconds" | "units" | "billable"> {
  kind: string;
  cause: string;
  dateMs: number;
  /** The other party; absent when withheld. */
  number?: string;
}

type Attributes = ReadonlyMap<string, string>;

function readCall(attributes: Attributes): Entry | Refusal {
  const dateMs = readDate(attributes);
  if (dateMs === undefined) return badField(attributes, "date", "milliseconds since 1970");
  const duration = attributes.get("duration") ?? "";
  if (!/^\d{1,9}$/.test(duration)) return badField(attributes, "duration", "whole seconds");
  const type = CALL_TYPES[attributes.get("type") ?? ""];
  if (type === undefined) return badField(attributes, "type", "a call type from 1 to 7");
  const durationSeconds = Number(duration);
  const { direction, cause, answered } = type;
  // The log has no mark for "answered": an own call of 0 s was not, one taken elsewhere was.
  const billable = answered && (durationSeconds > 0 || cause === "answeredElsewhere");
  const withheld = PRESENTATIONS_WITHHELD.includes(attributes.get("presentation") ?? "1");
  const number = withheld ? undefined : readNumber(attributes.get("number"));
  return {
    kind: "call",
    service: "voice",
    direction,
    cause,
    dateMs,
    durationSeconds,
    billable,
    ...(number === undefined ? {} : { number }),
  };
}

function readSms(attributes: Attributes): Entry | Refusal {
  // Telephony.Sms.TYPE: 1 inbox, 2 sent; drafts, outbox, failed and queued were never sent.
  const units = smsSegments(withoutSurrogateReferences(attributes.get("body") ?? ""));
  return readMessage(attributes, "sms", attributes.get("type") ?? "", units);
}

function readMms(attributes: Attributes): Entry | Refusal {
  return readMessage(attributes, "mms", attributes.get("msg_box") ?? "", 1);
}

function readMessage(
  attributes: Attributes,
  service: "sms" | "mms",
  box: string,
  units: number,
): Entry | Refusal {
  const dateMs = readDate(attributes);
  if (dateMs === undefined) return badField(attributes, "date", "milliseconds since 1970");
  if (!/^[1-6]$/.test(box)) {
    return badField(
      attributes,
      service === "sms" ? "type" : "msg_box",
      "a message box from 1 to 6",
    );
  }
  const sent = box === "1" || box === "2";
  const number = readNumber(attributes.get("address"));
  return {
    kind: service,
    service,
    direction: box === "1" ? "incoming" : "outgoing",
    cause: box === "1" ? "received" : sent ? "sent" : "notSent",
    dateMs,
    units,
    billable: sent,
    ...(number === undefined ? {} : { number }),
  };
}

function readDate(attributes: Attributes): number | undefined {
  const date = attributes.get("date") ?? "";
  return /^\d{1,14}$/.test(date) ? Number(date) : undefined;
}

function readNumber(number = ""): string | undefined {
  return WITHHELD_NUMBERS.includes(number.trim().toLowerCase()) ? undefined : number;
}

function withoutSurrogateReferences(body: string): string {
  return body.replace(/&#(\d{5});/g, (reference, code) =>
    Number(code) >= 0xd800 && Number(code) <= 0xdfff ? "\ufffd" : reference,
  );
}

function badField(attributes: Attributes, field: string, expected: string): Refusal {
  const value = attributes.get(field);
  return {
    code: `android.bad-${field.replaceAll("_", "-")}`,
    message: `${value === undefined ? "Nothing stands" : `${JSON.stringify(value.slice(0, 40))} stands`} where ${expected} belongs.`,
    field,
  };
}
