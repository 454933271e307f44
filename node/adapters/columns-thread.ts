import { rm } from "node:fs/promises";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import type { InspectLine, ParseOptions } from "../core/formats/inspect-line.ts";
import type { UsageColumns } from "../core/formats/usage-columns.ts";
import type { FileLook } from "../engine/intake/require-whole-file.ts";
import type { ReadingNews, ReadingWord } from "./columns-worker.ts";
import { type ReadingThread, ReadingThreads } from "./reading-threads.ts";

/**
 * A file read into columns by a thread of its own: first all of it is looked at, then its columns come as
 * `readColumns` yields them, out of one parse. The reader stops when the batches are full, so that a slow
 * taker slows it and no memory grows. A reader that dies ends the reading with an error: what was taken in
 * before stays, and whoever sends the file again goes on behind it.
 */
export class ColumnsThread {
  readonly #threads: ReadingThreads;
  readonly #thread: ReadingThread;
  readonly #inbox: Inbox;
  readonly #spoolPath: string;
  readonly #recordOf: UsageColumns["recordOf"];
  /** Whether the thread has told all that it had to tell of the file, and knows nothing of it any more. */
  #isDone = false;

  /** @param threads where the thread comes from; without it, it is started for this file */
  constructor(
    path: string,
    formatName: string,
    options: ParseOptions,
    threads = new ReadingThreads({ keptMax: 0 }),
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
    };
    this.#say({ order });
  }

  /** @throws TallystickError `ingest.reader-died`, `file.unreadable`, `spool.write-failed`, `zone.unknown` */
  async look(): Promise<FileLook> {
    const news = await this.#inbox.next();
    if ("look" in news) return news.look;
    throw this.#unexpected();
  }

  /** After `look`, once. @param seeds of the fingerprints @throws as `look` */
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
      if (!("buffer" in news)) throw this.#unexpected();
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

  #unexpected(): Error {
    return new Error("the reading thread told something out of turn");
  }
}

/** What a thread told of a file, in order, for one who waits; its end is told as an error. */
class Inbox {
  readonly #news: ReadingNews[] = [];
  #ended: TallystickError | undefined;
  #onNews: (() => void) | undefined;
  readonly #close: () => void;

  constructor({ worker }: ReadingThread, file: string) {
    const hear = (news: ReadingNews) => {
      this.#news.push(news);
      this.#onNews?.();
    };
    const end = (cause?: unknown) => {
      this.#ended ??= new TallystickError(
        "ingest.reader-died",
        "The thread that reads the file ended. What was taken in stays; send the file again to go on.",
        { file },
        cause,
      );
      this.#onNews?.();
    };
    const exit = () => end();
    worker.on("message", hear);
    worker.on("error", end);
    worker.on("exit", exit);
    this.#close = () => {
      worker.off("message", hear);
      worker.off("error", end);
      worker.off("exit", exit);
    };
  }

  /** The thread reads for others from now on. */
  close(): void {
    this.#close();
  }

  /** @throws TallystickError what the worker threw, or `ingest.reader-died` */
  async next(): Promise<Exclude<ReadingNews, { error: object }>> {
    while (this.#news.length === 0) {
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
    }
    const news = this.#news.shift() as ReadingNews;
    if (!("error" in news)) return news;
    const { code, message, place } = news.error;
    throw new TallystickError(code, message, place);
  }
}
