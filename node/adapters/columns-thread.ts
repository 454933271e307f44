import { rm } from "node:fs/promises";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import type { InspectLine, ParseOptions } from "../core/formats/inspect-line.ts";
import type { UsageColumns } from "../core/formats/usage-columns.ts";
import type { FileLook } from "../engine/intake/require-whole-file.ts";
import type { ReadingNews, ReadingWord } from "./columns-worker.ts";
import type { FileGrowth } from "./file-growth.ts";
import { type ReadingThread, ReadingThreads } from "./reading-threads.ts";

/**
 * A file read into columns by a thread of its own: it looks at all of it without waiting for anybody, and out
 * of the same parse its columns come as `readColumns` yields them, meanwhile or later. Columns stay on disk until
 * a batch is free for them, so that no memory grows behind a slow taker. A reader that dies ends the reading with
 * an error: what was taken in before stays, and whoever sends the file again goes on behind it.
 */
export class ColumnsThread {
  readonly #threads: ReadingThreads;
  readonly #thread: ReadingThread;
  readonly #inbox: Inbox;
  readonly #spoolPath: string;
  readonly #recordOf: UsageColumns["recordOf"];
  /** Whether the thread has told all that it had to tell of the file, and knows nothing of it any more. */
  #isDone = false;

  /**
   * @param threads where the thread comes from; without it, it is started for this file
   * @param growth of a file that is still written: it is looked at as far as it is there
   */
  constructor(
    path: string,
    formatName: string,
    options: ParseOptions,
    threads = new ReadingThreads({ keptMax: 0 }),
    growth?: FileGrowth,
  ) {
    const { file, zone, sourceName } = options;
    this.#spoolPath = `${path}.columns`;
    this.#recordOf = columnsFormat(formatName).recordOf(options);
    this.#threads = threads;
    this.#thread = threads.take();
    this.#inbox = new Inbox(this.#thread, file);
    const order = {
      path,
      format: formatName,
      options: {
        file,
        ...(zone === undefined ? {} : { zone }),
        ...(sourceName === undefined ? {} : { sourceName }),
      },
      spoolPath: this.#spoolPath,
      ...(growth === undefined ? {} : { growth: growth.memory }),
    };
    this.#say({ order });
  }

  /** @throws TallystickError `ingest.reader-died`, `file.unreadable`, `spool.write-failed`, `zone.unknown` */
  look(): Promise<FileLook> {
    return this.#inbox.look.promise;
  }

  /** @throws as `look` */
  nearEnd(): Promise<void> {
    return this.#inbox.nearEnd.promise;
  }

  /** Once. @param seeds of the fingerprints @throws as `look` */
  async *lines(seeds: Uint32Array): AsyncGenerator<UsageColumns | InspectLine> {
    let names: string[] = [];
    let generation = -1;
    this.#say({ seeds });
    for (;;) {
      const news = await this.#inbox.next();
      if ("report" in news) {
        this.#isDone = true;
        yield news.report;
        return;
      }
      const { buffer, header, newNames, rawLength } = news;
      const batch = this.#thread.columns[buffer] as UsageColumns;
      if (header.generation !== generation) names = [];
      generation = header.generation;
      for (const name of newNames) names.push(name);
      Object.assign(batch, header, { rawLength, names, recordOf: this.#recordOf });
      yield batch;
      this.#say({ free: buffer });
      // While the reader is ahead nobody would wait, and nothing else would come in: no digest, no end of a write.
      await turnOfTheLoop();
    }
  }

  /** Gives the thread back, or ends it where it is in the middle of the file; and what it put down. */
  async close(): Promise<void> {
    this.#inbox.close();
    if (this.#isDone) await this.#threads.giveBack(this.#thread);
    else await this.#thread.worker.terminate();
    await rm(this.#spoolPath, { force: true });
  }

  #say(word: ReadingWord): void {
    this.#thread.worker.postMessage(word);
  }
}

type LineNews = Extract<ReadingNews, { buffer: number } | { report: object }>;

/** What a thread told of a file: how far it looked, and its lines in order; its end is told as an error. */
class Inbox {
  readonly look = Promise.withResolvers<FileLook>();
  readonly nearEnd = Promise.withResolvers<void>();
  readonly #lines: LineNews[] = [];
  #ended: TallystickError | undefined;
  #onNews: (() => void) | undefined;
  readonly #close: () => void;

  constructor({ worker }: ReadingThread, file: string) {
    // Who asks is told; not everybody asks for all of it.
    for (const { promise } of [this.look, this.nearEnd]) promise.catch(() => {});
    const hear = (news: ReadingNews) => {
      if ("nearEnd" in news) this.nearEnd.resolve();
      else if ("look" in news) this.look.resolve(news.look);
      else if ("error" in news) {
        const { code, message, place } = news.error;
        this.#end(new TallystickError(code, message, place));
      } else {
        this.#lines.push(news);
        this.#onNews?.();
      }
    };
    const end = (cause?: unknown) =>
      this.#end(
        new TallystickError(
          "ingest.reader-died",
          "The thread that reads the file ended. What was taken in stays; send the file again to go on.",
          { file },
          cause,
        ),
      );
    const exit = () => end();
    worker.on("message", hear);
    worker.on("error", end);
    worker.on("exit", exit);
    this.#close = () => {
      worker.off("message", hear);
      worker.off("error", end);
      worker.off("exit", exit);
      this.#lines.length = 0;
      end();
    };
  }

  /**
   * The thread reads for others from now on, or is ended. Whoever still takes lines, of a file that was refused
   * meanwhile, is told so: nobody else would, and the engine's turn would never end.
   */
  close(): void {
    this.#close();
  }

  /** @throws TallystickError what the worker threw, or `ingest.reader-died` */
  async next(): Promise<LineNews> {
    for (;;) {
      const news = this.#lines.shift();
      if (news !== undefined) return news;
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
    }
  }

  #end(error: TallystickError): void {
    this.#ended ??= error;
    this.look.reject(this.#ended);
    this.nearEnd.reject(this.#ended);
    this.#onNews?.();
  }
}
