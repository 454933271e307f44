import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import type { DiskReserve } from "../adapters/disk.ts";
import { TallystickError } from "../core/errors.ts";
import type { UsageLines } from "../core/formats/usage-columns.ts";
import { LaidFiles } from "./laid-files.ts";
import { LINE_FEED, newSpoolPath, type SpooledFile, spoolError } from "./spooled-file.ts";

/** What goes to disk at once. */
const PIECE_BYTES = 1_048_576;
const BYTES_BETWEEN_LOOKS = 16 * 1_048_576;
const MILLISECONDS_BETWEEN_LOOKS = 1_000;

/** Where uploads wait until they are taken in; what a crash leaves there is of no more use. */
export class Spool {
  /** Those whose bytes are not sent but laid there by a command on this machine. */
  readonly laid: LaidFiles;
  readonly #folder: string;
  readonly #reserve: DiskReserve;

  constructor(folder: string, reserve: DiskReserve) {
    this.laid = new LaidFiles(folder, reserve);
    this.#folder = folder;
    this.#reserve = reserve;
  }

  /** At a start: nobody waits for these files any more, and they hold what people did. */
  async empty(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Writes a body of any size to disk while hashing it; what is ingested is a whole file. A piece is
   * written while the next one comes in, so that neither the sender nor the disk waits for the other.
   * @param onWritten told now and then how many bytes stand in the file, and where that is
   * @throws TallystickError `disk.nearly-full`, `spool.write-failed`
   */
  async receive(
    body: AsyncIterable<Uint8Array>,
    onWritten: (path: string, bytes: number) => void = () => {},
  ): Promise<SpooledFile> {
    await this.#reserve.requireRoom();
    // One name from the beginning: somebody may look at it already.
    const path = newSpoolPath(this.#folder);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const file = await open(path, "wx", 0o600);
      const pieces = new Pieces(file, this.#reserve, (bytes) => onWritten(path, bytes));
      try {
        for await (const chunk of body) {
          await pieces.take(chunk);
          giveBack(chunk);
        }
        await pieces.end();
      } finally {
        await pieces.settled();
        await file.close();
      }
      return { path, sha256: pieces.digest.digest("hex"), endsLine: pieces.lastByte === LINE_FEED };
    } catch (error) {
      await rm(path, { force: true }).catch(() => {});
      throw isOfDisk(error) ? spoolError(error) : error;
    }
  }

  /** The same blocks; ends between two of them when the disk runs full meanwhile. */
  async *whileThereIsRoom(blocks: UsageLines): UsageLines {
    let lookedAt = 0;
    for await (const block of blocks) {
      if (performance.now() - lookedAt >= MILLISECONDS_BETWEEN_LOOKS) {
        await this.#reserve.requireRoom();
        lookedAt = performance.now();
      }
      yield block;
    }
  }
}

/** Bytes on their way to disk in pieces: one is filled while the other is written. */
class Pieces {
  readonly digest = createHash("sha256");
  lastByte: number | undefined;
  readonly #file: FileHandle;
  readonly #reserve: DiskReserve;
  #filling: Buffer = Buffer.allocUnsafe(PIECE_BYTES);
  #other: Buffer = Buffer.allocUnsafe(PIECE_BYTES);
  #length = 0;
  #written = 0;
  #unlooked = 0;
  readonly #onWritten: (bytes: number) => void;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: FileHandle, reserve: DiskReserve, onWritten: (bytes: number) => void) {
    this.#file = file;
    this.#reserve = reserve;
    this.#onWritten = onWritten;
  }

  async take(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE_BYTES - this.#length);
      this.#filling.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length === PIECE_BYTES) await this.#flush();
    }
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  /** Once nothing is being written any more, whether or not it could be. */
  settled(): Promise<void> {
    return this.#writing.catch(() => {});
  }

  async #flush(): Promise<void> {
    const piece = this.#filling.subarray(0, this.#length);
    this.digest.update(piece);
    this.lastByte = piece.at(-1) ?? this.lastByte;
    this.#unlooked += piece.length;
    await this.#writing;
    if (this.#unlooked >= BYTES_BETWEEN_LOOKS) {
      this.#unlooked = 0;
      await this.#reserve.requireRoom();
    }
    this.#writing = this.#file.writeFile(piece).then(() => {
      this.#written += piece.length;
      this.#onWritten(this.#written);
    });
    // Who fails is told when it is waited for.
    this.#writing.catch(() => {});
    [this.#filling, this.#other] = [this.#other, this.#filling];
    this.#length = 0;
  }
}

/**
 * Memory of a chunk that nobody needs any more, at once. Left to be collected, chunks of a large file make the
 * engine's whole heap be marked every 20 MB, which took as long as receiving them.
 */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** A client that went away while it sent is no error of the disk. */
const isOfDisk = (error: unknown): boolean =>
  !(error instanceof TallystickError) &&
  (error as NodeJS.ErrnoException).syscall !== undefined &&
  (error as NodeJS.ErrnoException).syscall !== "read";
