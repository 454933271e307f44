import { firstLineEnd } from "./file-head.ts";
import type { Chunks, InspectLine, ParseOptions } from "./inspect-line.ts";
import { LINE_BYTES_MAX, type Line, LineReader } from "./line-reader.ts";
import { NdjsonParser, USAGE_NDJSON } from "./ndjson-parser.ts";

export const NAME = USAGE_NDJSON;

const OF_A_LINE = /"(service|rejected|file)"\s*:/;

/** By the first line; where that is longer than a record can be, by the next one. */
export function recognises(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head).trimStart();
  if (!text.startsWith("{")) return false;
  const [first = "", next = ""] = text.split("\n");
  const isTooLong = firstLineEnd(head) >= LINE_BYTES_MAX;
  return OF_A_LINE.test(first) || (isTooLong && next.startsWith("{") && OF_A_LINE.test(next));
}

export async function* parse(chunks: Chunks, options: ParseOptions): AsyncGenerator<InspectLine> {
  for await (const block of parseBlocks(chunks, options)) yield* block;
}

/** The same by the chunk: one step of a generator for some hundred records. */
export async function* parseBlocks(
  chunks: Chunks,
  options: ParseOptions,
): AsyncGenerator<InspectLine[]> {
  const parser = new NdjsonParser(options);
  const reader = new LineReader();
  const read = (line: Line): InspectLine[] => {
    const found = parser.line(line);
    return found === undefined ? [] : [found];
  };
  try {
    for await (const chunk of chunks) {
      yield [...reader.push(chunk)].flatMap(read);
    }
    yield [...reader.end()].flatMap(read);
    yield [parser.report()];
  } finally {
    parser.discard();
  }
}
