import { rm } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import type { InspectLine, ParseOptions } from "../core/formats/inspect-line.ts";
import { BUFFER_BYTES, UsageColumns } from "../core/formats/usage-columns.ts";
import type { FileLook } from "../engine/intake/require-whole-file.ts";
import type { ReadingNews, ReadingOrder, ReadingWord } from "./columns-worker.ts";

/** Batches that are under way between the threads: memory, and how far the reader is ahead at most. */
const BUFFERS = 4;

/**
 * A file read into columns by a thread of its own: first all of it is looked at, then its columns come as
 * `readColumns` yields them, out of one parse. The reader stops when the batches are full, so that a slow
 * taker slows it and no memory grows. A reader that dies ends the reading with an error: what was taken in
 * before stays, and whoever sends the file again goes on behind it.
 */
export class ColumnsThread {
  readonly #inbox: Inbox;
  readonly #worker: Worker;
  readonly #spoolPath: string;
  readonly #columns: UsageColumns[];
  readonly #recordOf: UsageColumns["recordOf"];

  /** @param program the thread's; another one only in tests */
  constructor(
    path: string,
    formatName: string,
    options: ParseOptions,
    program = new URL("./columns-worker.ts", import.meta.url),
  ) {
    const { file, zone, sourceName } = options;
    this.#spoolPath = `${path}.columns`;
    const buffers = Array.from({ length: BUFFERS }, () => new SharedArrayBuffer(BUFFER_BYTES));
    const workerData: ReadingOrder = {
      path,
      format: formatName,
      options: {
        file,
        ...(zone === undefined ? {} : { zone }),
        ...(sourceName === undefined ? {} : { sourceName }),
      },
      buffers,
      spoolPath: this.#spoolPath,
    };
    this.#recordOf = columnsFormat(formatName).recordOf(options);
    this.#columns = buffers.map((buffer) => new UsageColumns(buffer));
    this.#worker = new Worker(program, { workerData });
    this.#inbox = new Inbox(this.#worker, file);
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
        yield news.report;
        return;
      }
      if (!("buffer" in news)) throw this.#unexpected();
      const { buffer, header, newNames, rawLength } = news;
      const batch = this.#columns[buffer] as UsageColumns;
      if (header.generation !== generation) names = [];
      generation = header.generation;
      for (const name of newNames) names.push(name);
      Object.assign(batch, header, { rawLength, names, recordOf: this.#recordOf });
      yield batch;
      this.#say({ free: buffer });
    }
  }

  /** Ends the thread, wherever it is, and what it put down. */
  async close(): Promise<void> {
    await this.#worker.terminate();
    await rm(this.#spoolPath, { force: true });
  }

  #say(word: ReadingWord): void {
    this.#worker.postMessage(word);
  }

  #unexpected(): Error {
    return new Error("the reading thread told something out of turn");
  }
}

/** What a worker told, in order, for one who waits; its end is told as an error. */
class Inbox {
  readonly #news: ReadingNews[] = [];
  #ended: TallystickError | undefined;
  #onNews: (() => void) | undefined;

  constructor(worker: Worker, file: string) {
    worker.on("message", (news: ReadingNews) => {
      this.#news.push(news);
      this.#onNews?.();
    });
    const end = (cause?: unknown) => {
      this.#ended ??= new TallystickError(
        "ingest.reader-died",
        "The thread that reads the file ended. What was taken in stays; send the file again to go on.",
        { file },
        cause,
      );
      this.#onNews?.();
    };
    worker.on("error", end);
    worker.on("exit", () => end());
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
