import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { TallystickError } from "../core/errors.ts";

const CHUNK_BYTES = 1 << 18;
/** The first bytes of a file, with its name, say which file it is while it still grows. */
const HEAD_BYTES = 4_096;

/** What a file, or "-" for standard input, is called where it is kept how far it was read. */
export async function sourceName(file: string, now: number): Promise<string> {
  if (file === "-") return `standard input at ${now}`;
  const head = Buffer.alloc(HEAD_BYTES);
  const length = await reading(file, async () => {
    const handle = await open(file);
    try {
      return (await handle.read(head, 0, HEAD_BYTES, 0)).bytesRead;
    } finally {
      await handle.close();
    }
  });
  // Only whole lines, so that a file is the same while its first lines are all there is.
  const lines = head.subarray(0, length);
  const line = lines.indexOf(10);
  const digest = createHash("sha256").update(line < 0 ? lines : lines.subarray(0, line));
  const second = line < 0 ? -1 : lines.indexOf(10, line + 1);
  if (second > 0) digest.update(lines.subarray(line, second));
  return `${basename(file)} ${digest.digest("hex").slice(0, 16)}`;
}

/**
 * A file's bytes, or those of standard input. The same memory is used for every chunk.
 * @throws TallystickError `events.file-shorter`, `file.not-readable`
 */
export async function* chunksOf(file: string, from: number): AsyncGenerator<Uint8Array> {
  if (file === "-") {
    for await (const chunk of process.stdin) yield chunk as Buffer;
    return;
  }
  const handle = await reading(file, () => open(file));
  try {
    const { size } = await handle.stat();
    if (size < from) throw fileShorter(file, size, from);
    const buffer = Buffer.alloc(CHUNK_BYTES);
    for (let at = from; ; ) {
      const { bytesRead } = await reading(file, () => handle.read(buffer, 0, CHUNK_BYTES, at));
      if (bytesRead === 0) {
        // Cut while it was read: what was read is there, but what else is missing nobody knows.
        const { size: now } = await handle.stat();
        if (now < at) throw fileShorter(file, now, at);
        return;
      }
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

const fileShorter = (file: string, size: number, from: number) =>
  new TallystickError(
    "events.file-shorter",
    `The file has ${size} bytes, but ${from} were read of it before. Was it cut or replaced?`,
    { file },
  );

async function reading<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new TallystickError(
      "file.not-readable",
      `The file can not be read (${code}). Check its name and who may read it.`,
      { file },
      error,
    );
  }
}
