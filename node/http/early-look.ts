import { ColumnsThread } from "../adapters/columns-thread.ts";
import { FileGrowth } from "../adapters/file-growth.ts";
import { headOfFile } from "../adapters/files.ts";
import type { ReadingThreads } from "../adapters/reading-threads.ts";
import { THREAD_BYTES_MIN, type UsageSource } from "../adapters/usage-source.ts";
import type { ParseOptions } from "../core/formats/inspect-line.ts";
import { type Format, NAME_THE_FORMAT, recogniseFormat } from "../core/formats/registry.ts";

export interface EarlyLookParts {
  threads: ReadingThreads;
  options: ParseOptions;
  /** The format, where it was said; else the file's head tells it. */
  named: Format | undefined;
  /** What is worth a thread; another one only in tests. */
  bytesMin?: number;
}

/**
 * Looks at a large upload while the rest of it still comes: by the time it is there, most of it was parsed. Only
 * where the format has columns and a thread is free; other files are looked at when they are whole.
 */
export class EarlyLook {
  readonly #parts: EarlyLookParts;
  readonly #growth = new FileGrowth();
  #source: Promise<UsageSource | undefined> | undefined;

  constructor(parts: EarlyLookParts) {
    this.#parts = parts;
  }

  /** So many bytes of the upload stand in the file at `path`. */
  reach(path: string, bytes: number): void {
    this.#growth.reach(bytes);
    if (bytes < (this.#parts.bytesMin ?? THREAD_BYTES_MIN) || this.#source !== undefined) return;
    if (this.#parts.threads.areTaken) return;
    this.#source = this.#open(path);
    // Who ends it is told.
    this.#source.catch(() => {});
  }

  /**
   * The upload is whole.
   * @returns what looks at it, for the caller to close; undefined where nobody does yet
   * @throws as `headOfFile` and `recogniseFormat`
   */
  async end(): Promise<UsageSource | undefined> {
    const source = this.#source;
    this.#source = undefined;
    this.#growth.end();
    return source;
  }

  /** Ends the look at an upload that did not come to its end. */
  async close(): Promise<void> {
    const source = await this.#source?.catch(() => undefined);
    await source?.close();
  }

  async #open(path: string): Promise<UsageSource | undefined> {
    const { threads, options, named } = this.#parts;
    const format = named ?? recogniseFormat(await headOfFile(path), options.file, NAME_THE_FORMAT);
    if (format.kind !== "usage" || format.columns === undefined) return undefined;
    // While the head was read others may have come as far; one more piece, and it is asked again.
    if (threads.areTaken) {
      this.#source = undefined;
      return undefined;
    }
    return new ColumnsThread(path, format.name, options, threads, this.#growth);
  }
}
