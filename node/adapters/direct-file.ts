import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/**
 * Writes to a file without the system's memory between (O_DIRECT): no page of it is asked for bytes that are read late
 * or never, and nothing is copied. Nothing is durable before the file is synced, as with other writes.
 */
export class DirectFile {
  #handle: FileHandle | undefined;

  private constructor(handle: FileHandle | undefined) {
    this.#handle = handle;
  }

  /** A file that is there, and may be written by others too. */
  static async open(path: string): Promise<DirectFile> {
    const { O_DIRECT, O_WRONLY } = constants;
    // Not every system knows it, nor every file system.
    if (O_DIRECT === undefined) return new DirectFile(undefined);
    return new DirectFile(await open(path, O_WRONLY | O_DIRECT).catch(whereRefused));
  }

  /** @returns how many bytes were written: less than all where that way is barred, or the disk takes no more */
  async write(bytes: Uint8Array, offset: number): Promise<number> {
    if (this.#handle === undefined) return 0;
    const done = await this.#handle.write(bytes, 0, bytes.length, offset).catch(whereRefused);
    if (done !== undefined) return done.bytesWritten;
    // It would be so the next time, too.
    await this.close();
    return 0;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** Of memory, offset or length that the system does not take so; any other error is the disk's. */
function whereRefused(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "EINVAL" && error.code !== "ENOTSUP") throw error;
}
