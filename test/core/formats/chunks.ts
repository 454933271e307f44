import type { Chunks, InspectLine } from "../../../node/core/formats/inspect-line.ts";

/** A text as a file that arrives in pieces of `size` bytes. */
export async function* chunksOf(
  text: string | Uint8Array,
  size = 65_536,
): Chunks & AsyncGenerator<Uint8Array> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Records, rejections and the file's line, apart. */
export function sorted(lines: InspectLine[]) {
  const last = lines.at(-1);
  if (last === undefined || !("file" in last)) throw new Error("the last line is not the file's");
  return {
    records: lines.flatMap((line) => ("rejected" in line || "file" in line ? [] : [line])),
    rejected: lines.flatMap((line) => ("rejected" in line ? [line.rejected] : [])),
    file: last.file,
    problems: last.file.problems.map(({ code }) => code),
  };
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as { code?: string }).code ?? `no code: ${error}`;
  }
  return "no error";
}
