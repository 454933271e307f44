import { createHash } from "node:crypto";
import { createReadStream, type Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { TallystickError } from "../core/errors.ts";
import { FileHead, HEAD_BYTES, headOf } from "../core/formats/file-head.ts";

const CHUNK_BYTES = 262_144;
const PIECE_BYTES = 1_048_576;

/** An input that was opened: its first bytes to look at, and all of them, once. */
export interface InputFile {
  /** As the caller named it; "-" is standard input. */
  name: string;
  head: Uint8Array;
  chunks: AsyncIterable<Uint8Array>;
}

/**
 * Opens a file, or standard input for "-", and reads its head.
 * @throws TallystickError `file.not-found`, `file.is-a-directory`, `file.unreadable`; while its bytes
 *   are read `file.changed` at their end, when somebody wrote to the file meanwhile
 */
export async function openInput(name: string): Promise<InputFile> {
  const before = name === "-" ? undefined : await assertReadable(name);
  const stream: AsyncIterable<Uint8Array> =
    name === "-" ? process.stdin : createReadStream(name, { highWaterMark: CHUNK_BYTES });
  const iterator = stream[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  const head = new FileHead();
  let ended = false;
  try {
    for (let wantsMore = true; wantsMore && !ended; ) {
      const next = await iterator.next();
      if (next.done === true) ended = true;
      else {
        first.push(next.value);
        wantsMore = head.take(next.value);
      }
    }
  } catch (cause) {
    throw unreadable(name, cause);
  }
  return { name, head: head.bytes(), chunks: all() };

  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      yield* first.splice(0);
      while (!ended) {
        const next = await iterator.next();
        if (next.done === true) break;
        yield next.value;
      }
      if (before?.isFile() === true) await assertUnchanged(name, before);
    } catch (cause) {
      throw cause instanceof TallystickError ? cause : unreadable(name, cause);
    } finally {
      await iterator.return?.();
    }
  }
}

/**
 * A file's bytes, or those of standard input for "-", in large pieces: the next one is read while somebody
 * has this one. A piece of a file lasts until the next one is asked for, since its memory is used again; new
 * memory for each took more processor than reading and sending it. Errors as `openInput` and its bytes.
 */
export async function* readPieces(name: string): AsyncGenerator<Uint8Array> {
  const before = name === "-" ? undefined : await assertReadable(name);
  // What comes through a pipe comes when it comes: nobody waits for a next piece that is not asked for.
  if (before?.isFile() !== true) {
    yield* (await openInput(name)).chunks;
    return;
  }
  try {
    const file = await open(name);
    const readInto = async (piece: Buffer) =>
      (await file.read(piece, 0, PIECE_BYTES, null)).bytesRead;
    let [piece, other] = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)];
    let coming = readInto(piece);
    try {
      for (let length = await coming; length > 0; length = await coming) {
        coming = readInto(other);
        // Whoever gives up in between does not hear of it.
        coming.catch(() => {});
        yield piece.subarray(0, length);
        [piece, other] = [other, piece];
      }
    } finally {
      await coming.catch(() => {});
      await file.close();
    }
    await assertUnchanged(name, before);
  } catch (cause) {
    throw cause instanceof TallystickError ? cause : unreadable(name, cause);
  }
}

/**
 * Finds a name that can not be read before anything is done. What comes through a pipe can be read once only: nothing
 * of it is read here. Errors as `openInput`.
 */
export async function requireReadable(name: string): Promise<void> {
  if ((await assertReadable(name)).isFile()) await headOfFile(name);
}

/** A file's first bytes, which tell its format. Errors as `openInput`. */
export async function headOfFile(name: string): Promise<Uint8Array> {
  await assertReadable(name);
  try {
    return await headOf(createReadStream(name, { highWaterMark: HEAD_BYTES }));
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

/** SHA-256 of a file's bytes, hexadecimal. Errors as `openInput`. */
export async function sha256OfFile(name: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of (await openInput(name)).chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** What was read is neither the file as it was nor as it is, when it was written to meanwhile. */
async function assertUnchanged(name: string, before: Stats): Promise<void> {
  const { size, mtimeMs, ino } = await stat(name);
  if (size === before.size && mtimeMs === before.mtimeMs && ino === before.ino) return;
  throw new TallystickError(
    "file.changed",
    `The file changed while it was read: it had ${before.size} bytes, now it has ${size}. Read it again when nobody writes to it any more.`,
    { file: name },
  );
}

async function assertReadable(name: string): Promise<Stats> {
  let found: Stats;
  try {
    found = await stat(name);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    if (!missing) throw unreadable(name, cause);
    throw new TallystickError("file.not-found", "There is no such file.", { file: name }, cause);
  }
  if (found.isDirectory()) {
    throw new TallystickError("file.is-a-directory", "This is a folder; name a file.", {
      file: name,
    });
  }
  return found;
}

/** Why a file could not be read, in words. */
export function whyUnreadable(cause: unknown): string {
  const reason = (cause as NodeJS.ErrnoException).code ?? "unknown reason";
  if (reason === "ENOENT") return "there is no such file";
  return reason === "EISDIR" ? "this is a folder; name a file" : reason;
}

function unreadable(name: string, cause: unknown): TallystickError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TallystickError(
    "file.unreadable",
    `The file can not be read: ${reason}.`,
    { file: name },
    cause,
  );
}
