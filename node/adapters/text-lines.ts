import { createReadStream } from "node:fs";
import { TallystickError } from "../core/errors.ts";
import { whyUnreadable } from "./files.ts";

/** A usage record takes a few hundred bytes; a longer line is no line of records. */
export const LINE_CHARACTERS_MAX = 1024 * 1024;

export interface TextLine {
  /** Counts from 1. */
  number: number;
  text: string;
}

export interface LineOptions {
  /** Is given the bytes as they are read, for a digest of them. */
  seen?: ((bytes: Uint8Array) => void) | undefined;
  /** Is told of a line that is too long, which is skipped then; without it such a line is an error. */
  skipped?: (number: number) => Promise<void>;
}

/**
 * The lines of a UTF-8 file, or of standard input for "-", one at a time: memory does not grow with
 * the file. A last line without a line feed counts.
 * @throws TallystickError `file.not-readable`, `file.not-utf8`, `file.line-too-long`
 */
export async function* readTextLines(
  path: string,
  { seen, skipped }: LineOptions = {},
): AsyncGenerator<TextLine> {
  const name = path === "-" ? "standard input" : path;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 0;
  let pending = "";
  // The rest of a line that is skipped is not kept.
  let isSkipping = false;
  for await (const chunk of readChunks(path, name)) {
    seen?.(chunk);
    let text = decode(decoder, chunk, name, number);
    if (isSkipping) {
      const end = text.indexOf("\n");
      if (end < 0) continue;
      isSkipping = false;
      text = text.slice(end + 1);
    }
    const lines = (pending + text).split("\n");
    pending = lines.pop() ?? "";
    for (const text of lines) yield { number: ++number, text };
    if (pending.length <= LINE_CHARACTERS_MAX) continue;
    number += 1;
    if (skipped === undefined) throw tooLong(name, number);
    await skipped(number);
    pending = "";
    isSkipping = true;
  }
  pending += decode(decoder, undefined, name, number);
  if (pending !== "" && !isSkipping) yield { number: ++number, text: pending };
}

function tooLong(file: string, line: number): TallystickError {
  const message = `A line of more than ${LINE_CHARACTERS_MAX} characters; one record stands on each line.`;
  return new TallystickError("file.line-too-long", message, { file, line });
}

async function* readChunks(path: string, file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* path === "-" ? process.stdin : createReadStream(path);
  } catch (cause) {
    throw new TallystickError(
      "file.not-readable",
      `The file can not be read: ${whyUnreadable(cause)}.`,
      { file },
      cause,
    );
  }
}

function decode(
  decoder: InstanceType<typeof TextDecoder>,
  chunk: Uint8Array | undefined,
  file: string,
  line: number,
): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch (cause) {
    const place = { file, line: line + 1 };
    throw new TallystickError("file.not-utf8", "The file is no UTF-8 text.", place, cause);
  }
}
