import { TallystickError } from "../errors.ts";
import { parseStrictJson } from "../json/strict-json.ts";
import { readUsageRecord } from "../records/read-usage-record.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { FileTally } from "./file-tally.ts";
import type { Chunks, InspectLine, ParseOptions, Rejection } from "./inspect-line.ts";
import { type Line, LineReader } from "./line-reader.ts";

/** Tallystick's own: one usage record a line, as `inspect --json` prints them. */
export const NAME = "usage-ndjson";

export function recognises(head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head).trimStart();
  if (!text.startsWith("{")) return false;
  const [first = ""] = text.split("\n");
  return /"(service|rejected|file)"\s*:/.test(first);
}

/**
 * What another run rejected is passed on and counted; its `file` lines described another file and
 * are dropped. A record keeps the `source` that it came with.
 */
export async function* parse(chunks: Chunks, options: ParseOptions): AsyncGenerator<InspectLine> {
  for await (const block of parseBlocks(chunks, options)) yield* block;
}

/** The same by the chunk: one step of a generator for some hundred records. */
export async function* parseBlocks(
  chunks: Chunks,
  options: ParseOptions,
): AsyncGenerator<InspectLine[]> {
  const tally = new FileTally(NAME, options);
  const reader = new LineReader();
  let position = 0;
  const read = (line: Line): InspectLine[] => {
    if (line.text !== undefined && line.text.trim() === "") return [];
    const { lineNumber, byteOffset, text } = line;
    const place = { position: ++position, line: lineNumber, byte: byteOffset };
    const result = text === undefined ? tooLong() : readLine(text);
    if ("rejected" in result) return [tally.reject({ ...place, ...result.rejected })];
    if ("record" in result) return [tally.accept(result.record, position)];
    position--;
    return [];
  };
  try {
    for await (const chunk of chunks) {
      yield [...reader.push(chunk)].flatMap(read);
    }
    yield [...reader.end()].flatMap(read);
    yield [tally.report()];
  } finally {
    tally.discard();
  }
}

type Refusal = Pick<Rejection, "code" | "message" | "field">;
type Read = { record: UsageRecord } | { rejected: Refusal } | { skipped: true };

function readLine(text: string): Read {
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
    return { record: readUsageRecord(value) };
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    const { code, message, field } = error.toJSON();
    return { rejected: { code, message, ...(field === undefined ? {} : { field }) } };
  }
}

function tooLong(): Read {
  return {
    rejected: { code: "usage.line-too-long", message: "The line is longer than a record can be." },
  };
}
