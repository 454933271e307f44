import { ColumnsThread } from "../adapters/columns-thread.ts";
import { FileGrowth } from "../adapters/file-growth.ts";
import { headOfFile } from "../adapters/files.ts";
import type { ReadingThreads } from "../adapters/reading-threads.ts";
import { THREAD_BYTES_MIN, type UsageSource } from "../adapters/usage-source.ts";
import type { ParseOptions } from "../core/formats/inspect-line.ts";
import {
  type Format,
  NAME_THE_FORMAT,
  recogniseFormat,
  type UsageFormat,
} from "../core/formats/registry.ts";
import { HttpError } from "./http-error.ts";

/** An upload that comes slower than a megabyte a second keeps no thread that others could have. */
const PACE = { bytesMin: 5_242_880, milliseconds: 5_000 };

export interface EarlyLookParts {
  threads: ReadingThreads;
  options: ParseOptions;
  /** The format, where it was said; else the file's head tells it. */
  named: Format | undefined;
  /** What is worth a thread; another one only in tests. */
  bytesMin?: number;
  /** What has to come in which time for a thread to be kept that others could have; another one only in tests. */
  pace?: { bytesMin: number; milliseconds: number };
}

/**
 * Looks at a large upload while the rest of it still comes: by the time it is there, most of it was parsed. Only
 * where the format has columns and a thread is free; other files are looked at when they are whole.
 */
export class EarlyLook {
  readonly #parts: EarlyLookParts;
  readonly #growth = new FileGrowth();
  #source: Promise<UsageSource | undefined> | undefined;
  #refusal: { error: unknown } | undefined;
  #bytes = 0;
  #watch: NodeJS.Timeout | undefined;
  #isGivenUp = false;

  constructor(parts: EarlyLookParts) {
    this.#parts = parts;
  }

  /**
   * So many bytes of the upload stand in the file at `path`.
   * @throws why the file is refused, once that is known: nobody has to send the rest of it
   */
  reach(path: string, bytes: number): void {
    this.#growth.reach(bytes);
    this.#bytes = bytes;
    if (this.#refusal !== undefined) throw this.#refusal.error;
    if (bytes < (this.#parts.bytesMin ?? THREAD_BYTES_MIN) || this.#source !== undefined) return;
    if (this.#isGivenUp || this.#parts.threads.areTaken) return;
    this.#source = this.#open(path);
    this.#source
      .then((source) => source?.look())
      .catch((error: unknown) => {
        if (!this.#isGivenUp) this.#refusal = { error };
      });
    this.#keepPace(bytes);
  }

  /**
   * The upload is whole.
   * @returns what looks at it, for the caller to close; undefined where nobody does yet
   * @throws as `headOfFile` and `recogniseFormat`
   */
  async end(): Promise<UsageSource | undefined> {
    clearInterval(this.#watch);
    const source = this.#source;
    this.#source = undefined;
    this.#growth.end();
    return source;
  }

  /** Ends the look at an upload that did not come to its end. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    this.#isGivenUp = true;
    const source = await this.#source?.catch(() => undefined);
    await source?.close();
  }

  /** Gives the thread back where the sender hardly sends any more and others could have it; then it is looked at when it is whole. */
  #keepPace(from: number): void {
    const { bytesMin, milliseconds } = this.#parts.pace ?? PACE;
    clearInterval(this.#watch);
    let before = from;
    this.#watch = setInterval(() => {
      const isSlow = this.#bytes - before < bytesMin;
      before = this.#bytes;
      if (!isSlow || !this.#parts.threads.areTaken) return;
      void this.close();
      this.#source = undefined;
    }, milliseconds);
    this.#watch.unref();
  }

  async #open(path: string): Promise<UsageSource | undefined> {
    const { threads, options, named } = this.#parts;
    const format = await usageFormatOf(path, options.file, named);
    if (format.columns === undefined) return undefined;
    // While the head was read others may have come as far; one more piece, and it is asked again.
    if (threads.areTaken) {
      this.#source = undefined;
      return undefined;
    }
    return new ColumnsThread(path, format.name, options, threads, this.#growth);
  }
}

/**
 * What the file is, as it was said or as its head tells it.
 * @param name of the file
 * @throws HttpError `ingest.no-usage`; as `headOfFile` and `recogniseFormat`
 */
export async function usageFormatOf(
  path: string,
  name: string,
  named: Format | undefined,
): Promise<UsageFormat> {
  const format = named ?? recogniseFormat(await headOfFile(path), name, NAME_THE_FORMAT);
  if (format.kind === "usage") return format;
  throw new HttpError(422, "ingest.no-usage", `${name} is a bill (${format.name}), not usage.`);
}
