import { TallystickError } from "../errors.ts";
import * as androidCallsXml from "./android-calls-xml.ts";
import * as asteriskCsv from "./asterisk-csv.ts";
import * as billCsv from "./bill-csv.ts";
import { COLUMNS_FORMATS } from "./columns-formats.ts";
import type { ColumnsFormat } from "./columns-reader.ts";
import type { Chunks, InspectLine, ParseOptions } from "./inspect-line.ts";
import * as ocpiCdr from "./ocpi-cdr.ts";
import * as usageNdjson from "./usage-ndjson.ts";

/*
 * Where a format is added: write `<format>.ts` beside this file with NAME, recognises and parse,
 * and add a line to the list. Whatever reads files (commands, ingest, the page) finds it here.
 */

export interface UsageFormat {
  name: string;
  kind: "usage";
  summary: string;
  /** By content, never by the file's name. */
  recognises: (head: Uint8Array) => boolean;
  parse: (chunks: Chunks, options: ParseOptions) => AsyncGenerator<InspectLine>;
  /** The same lines, many at a time, where the format has it. */
  parseBlocks?: (chunks: Chunks, options: ParseOptions) => AsyncGenerator<InspectLine[]>;
  /** The same lines as columns, for who rates them by the million; where the format has it. */
  columns?: ColumnsFormat;
}

export interface BillFormat {
  name: string;
  kind: "bill";
  summary: string;
  recognises: (head: Uint8Array) => boolean;
  parse: typeof billCsv.parse;
}

export type Format = UsageFormat | BillFormat;

function columnsOf(name: string): Pick<UsageFormat, "columns"> {
  const columns = COLUMNS_FORMATS[name];
  return columns === undefined ? {} : { columns };
}

/** In the order in which they are tried: what is told apart most surely comes first. */
export const FORMATS: readonly Format[] = [
  {
    name: androidCallsXml.NAME,
    kind: "usage",
    summary: "call log or messages of an Android phone (SMS Backup & Restore, XML)",
    recognises: androidCallsXml.recognises,
    parse: androidCallsXml.parse,
  },
  {
    name: ocpiCdr.NAME,
    kind: "usage",
    summary: "charge detail records and sessions of OCPI 2.1.1 to 2.3.0 (JSON)",
    recognises: ocpiCdr.recognises,
    parse: ocpiCdr.parse,
  },
  {
    name: usageNdjson.NAME,
    kind: "usage",
    summary: "usage records of Tallystick itself, one JSON object a line",
    recognises: usageNdjson.recognises,
    parse: usageNdjson.parse,
    parseBlocks: usageNdjson.parseBlocks,
    ...columnsOf(usageNdjson.NAME),
  },
  {
    name: billCsv.NAME,
    kind: "bill",
    summary: "itemised lines of a bill as CSV with a header line, for check-bill",
    recognises: billCsv.recognises,
    parse: billCsv.parse,
  },
  {
    name: asteriskCsv.NAME,
    kind: "usage",
    summary: "Asterisk Master.csv (cdr_csv, 18 or 21 columns)",
    recognises: asteriskCsv.recognises,
    parse: asteriskCsv.parse,
    parseBlocks: asteriskCsv.parseBlocks,
    ...columnsOf(asteriskCsv.NAME),
  },
];

/** @throws TallystickError `format.unknown-name` */
export function formatByName(name: string): Format {
  const format = FORMATS.find((candidate) => candidate.name === name);
  if (format === undefined) {
    throw new TallystickError(
      "format.unknown-name",
      `There is no format ${JSON.stringify(name)}. Known: ${FORMATS.map((one) => one.name).join(", ")}.`,
    );
  }
  return format;
}

/** What helps where somebody can name the format. */
export const NAME_THE_FORMAT = " If it is one of them, name it with --format.";

/** First bytes of what people compress call records with, as each one's specification has them. */
const COMPRESSED: readonly [name: string, first: readonly number[]][] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["Zstandard", [0x28, 0xb5, 0x2f, 0xfd]],
];

/**
 * @param head as `FileHead` takes it
 * @param advice what more to do when nothing tells the format
 * @throws TallystickError `format.empty-file`, `format.compressed`, `format.not-recognised`
 */
export function recogniseFormat(head: Uint8Array, file: string, advice = ""): Format {
  if (head.length === 0) {
    throw new TallystickError("format.empty-file", "The file is empty.", { file });
  }
  const format = FORMATS.find((candidate) => candidate.recognises(head));
  if (format === undefined) {
    const [packed] = COMPRESSED.find(([, first]) => first.every((b, at) => head[at] === b)) ?? [];
    if (packed !== undefined) {
      throw new TallystickError(
        "format.compressed",
        `The file is compressed (${packed}). Unpack it and send what is in it.`,
        { file },
      );
    }
    throw new TallystickError(
      "format.not-recognised",
      `Nothing in the file tells its format. "tallystick formats" lists those that are understood.${advice}`,
      { file },
    );
  }
  return format;
}

/** The error for a file that was recognised and holds no usage records. */
export function notUsage(file: string): TallystickError {
  return new TallystickError(
    "format.not-usage",
    "This is a bill, not usage records. Check it with: tallystick check-bill --bill FILE --device-log FILE",
    { file },
  );
}
