import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline as streamPipeline } from "node:stream/promises";
import { type DiskReserve, whyDisk } from "../adapters/disk.ts";
import { TallystickError } from "../core/errors.ts";
import type { UsageLines } from "../core/formats/usage-columns.ts";

const LINE_FEED = 10;
const BYTES_BETWEEN_LOOKS = 16 * 1_048_576;
const MILLISECONDS_BETWEEN_LOOKS = 1_000;

export interface SpooledFile {
  path: string;
  sha256: string;
  /** Whether its last byte ends a line. */
  endsLine: boolean;
}

/** Where uploads wait until they are taken in; what a crash leaves there is of no more use. */
export class Spool {
  readonly #folder: string;
  readonly #reserve: DiskReserve;

  constructor(folder: string, reserve: DiskReserve) {
    this.#folder = folder;
    this.#reserve = reserve;
  }

  /** At a start: nobody waits for these files any more, and they hold what people did. */
  async empty(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Writes a body of any size to disk while hashing it; what is ingested is a whole file.
   * @throws TallystickError `disk.nearly-full`, `spool.write-failed`
   */
  async receive(body: NodeJS.ReadableStream): Promise<SpooledFile> {
    await this.#reserve.requireRoom();
    const part = join(this.#folder, `${randomUUID()}.part`);
    const digest = createHash("sha256");
    let lastByte: number | undefined;
    let unlooked = 0;
    const look = async (bytes: number): Promise<void> => {
      unlooked += bytes;
      if (unlooked < BYTES_BETWEEN_LOOKS) return;
      unlooked = 0;
      await this.#reserve.requireRoom();
    };
    const hashing = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        digest.update(chunk);
        lastByte = chunk.at(-1) ?? lastByte;
        look(chunk.length).then(
          () => done(null, chunk),
          (error: Error) => done(error),
        );
      },
    });
    const path = part.replace(/\.part$/, ".usage");
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await streamPipeline(body, hashing, createWriteStream(part, { mode: 0o600 }));
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true }).catch(() => {});
      throw isOfDisk(error) ? spoolError(error) : error;
    }
    return { path, sha256: digest.digest("hex"), endsLine: lastByte === LINE_FEED };
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

/** A client that went away while it sent is no error of the disk. */
const isOfDisk = (error: unknown): boolean =>
  !(error instanceof TallystickError) &&
  (error as NodeJS.ErrnoException).syscall !== undefined &&
  (error as NodeJS.ErrnoException).syscall !== "read";

const spoolError = (cause: unknown): TallystickError =>
  new TallystickError(
    "spool.write-failed",
    `The file could not be put down to be taken in, and nothing of it was: ${whyDisk(cause)}`,
    {},
    cause,
  );
