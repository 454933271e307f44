import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, lstat, open, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { whyDisk } from "../adapters/disk.ts";
import { LAID_STEP_BYTES } from "../adapters/laid-step.ts";
import type { Announcements } from "./announcements.ts";
import type { NodeClient } from "./node-client.ts";
import { ServiceError } from "./output.ts";

/** Shorter ones are sent before a node's spool is asked for. */
const LAID_BYTES_MIN = 4_194_304;

/**
 * A copy of a file that is laid into the spool of a node on this machine, in place of sending its bytes: receiving
 * them takes a third of what the node's own thread has to do for a record. Only the node's own user can.
 */
export class LaidFile {
  /** By which the node claims it. */
  readonly name: string;
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(name: string, path: string, file: FileHandle) {
    this.name = name;
    this.#path = path;
    this.#file = file;
  }

  /** @param size of the file, in bytes, where it is known @returns undefined where its bytes have to be sent */
  static async open(node: NodeClient, size: number | undefined): Promise<LaidFile | undefined> {
    if (size === undefined || size < LAID_BYTES_MIN || !node.isNamedLocally) return undefined;
    try {
      const { body, wasAnnounced } = await node.get("/v1/operator/usage/spool");
      // What keeps that word back would keep the one back, too, for which the first byte waits.
      if (wasAnnounced === undefined) return undefined;
      const { folder } = body;
      if (typeof folder !== "string" || !(await isOursAlone(folder))) return undefined;
      const name = randomUUID();
      const path = join(folder, `${name}.usage`);
      return new LaidFile(name, path, await open(path, "wx", 0o600));
    } catch {
      // An older node, one behind a tunnel, a folder that is not ours: whatever it is, sending tells it.
      return undefined;
    }
  }

  /**
   * Lays the pieces down, once, and tells how far it is after each; a piece lasts until the next one is asked for.
   * @param announced how often the node said that it is at it: once for the first step, and once for each that it saw
   * @throws ServiceError `spool.write-failed`; as the pieces
   */
  async *lay(
    pieces: AsyncIterable<Uint8Array>,
    announced: Announcements,
  ): AsyncGenerator<Uint8Array> {
    const digest = createHash("sha256");
    let bytes = 0;
    for await (const piece of pieces) {
      // A node that does not get to it keeps the disk from being filled behind its back.
      await announced.reach(Math.ceil((bytes + piece.length) / LAID_STEP_BYTES) - 1);
      // Hashed while it is written.
      const written = onDisk(this.#file.writeFile(piece));
      digest.update(piece);
      await written;
      bytes += piece.length;
      yield wordOf({ bytes });
    }
    // A disk on a network tells only now that it took what was written before.
    await onDisk(this.#file.close());
    yield wordOf({ bytes, sha256: digest.digest("hex") });
  }

  /** Takes away what the node did not claim; what can not be taken away is gone at the node's next start. */
  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
  }
}

/**
 * Whether nobody else can write there, or read it. Somebody else's node could not read a file of ours; and what only
 * says that it is our node has it neither end where others find it nor in just any folder.
 */
async function isOursAlone(folder: string): Promise<boolean> {
  if (!isAbsolute(folder)) return false;
  const found = await lstat(folder);
  return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
}

const wordOf = (word: object): Uint8Array => Buffer.from(`${JSON.stringify(word)}\n`);

/** @throws ServiceError `spool.write-failed` */
async function onDisk(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (cause) {
    const message = `The file could not be laid into the node's spool, and nothing of it was taken in: ${whyDisk(cause)}`;
    throw new ServiceError("spool.write-failed", message, {}, cause);
  }
}
