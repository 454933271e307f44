import type { Chunks, InspectLine, ParseOptions } from "./inspect-line.ts";
import { type Line, LineReader } from "./line-reader.ts";
import { NdjsonParser, USAGE_NDJSON } from "./ndjson-parser.ts";

export const NAME = USAGE_NDJSON;

export function recognises(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head).trimStart();
  if (!text.startsWith("{")) return false;
  const [first = ""] = text.split("\n");
  return /"(service|rejected|file)"\s*:/.test(first);
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
