import { readStamp } from "../records/local-stamp.ts";
import { AsteriskParser } from "./asterisk-parser.ts";
import { ASTERISK, COLUMNS, DISPOSITIONS, isColumnCount } from "./asterisk-record.ts";
import { CsvRowReader, isFault } from "./csv-rows.ts";
import type { Chunks, InspectLine, ParseOptions } from "./inspect-line.ts";

/** Asterisk's `Master.csv`; its columns are in asterisk-record.ts. */
export const NAME = ASTERISK;

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
