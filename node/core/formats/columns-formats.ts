import { TallystickError } from "../errors.ts";
import { AsteriskColumns, asteriskRecordOf } from "./asterisk-columns.ts";
import { ASTERISK } from "./asterisk-record.ts";
import type { ColumnsFormat } from "./columns-reader.ts";
import { NdjsonColumns, ndjsonRecordOf } from "./ndjson-columns.ts";
import { USAGE_NDJSON } from "./ndjson-parser.ts";

/** Formats that are read into columns, by their names; apart from the registry, so that a thread loads no more. */
export const COLUMNS_FORMATS: Readonly<Record<string, ColumnsFormat>> = {
  [ASTERISK]: {
    open: (options, kernel) => new AsteriskColumns(options, kernel),
    recordOf: asteriskRecordOf,
  },
  [USAGE_NDJSON]: {
    open: (options, kernel) => new NdjsonColumns(options, kernel),
    recordOf: ndjsonRecordOf,
  },
};

/** @throws TallystickError `format.no-columns` */
export function columnsFormat(name: string): ColumnsFormat {
  const format = COLUMNS_FORMATS[name];
  if (format !== undefined) return format;
  throw new TallystickError("format.no-columns", `The format ${name} is not read into columns.`);
}
