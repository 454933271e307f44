import { Worker } from "node:worker_threads";
import { TallystickError } from "../core/errors.ts";
import { columnsFormat } from "../core/formats/columns-formats.ts";
import type { InspectLine, ParseOptions } from "../core/formats/inspect-line.ts";
import { BUFFER_BYTES, UsageColumns } from "../core/formats/usage-columns.ts";
import type { ReadingNews, ReadingOrder } from "./columns-worker.ts";

/** Batches that are under way between the threads: memory, and how far the reader is ahead at most. */
const BUFFERS = 4;

export interface ThreadOptions {
  /** Of the fingerprints, to be taken on the other thread. */
  seeds?: Uint32Array;
  /** The thread's program; another one only in tests. */
  program?: URL;
}

/**
 * A file's columns and report as `readColumns` yields them, read by a thread of its own. The reader stops
 * when the batches are full, so that a slow taker slows it and no memory grows. A reader that dies ends
 * the reading with an error: what was taken in before stays, and whoever starts again goes on behind it.
 * @throws TallystickError `ingest.reader-died`, and what the reader throws
 */
export async function* columnsOfFile(
  path: string,
  formatName: string,
  options: ParseOptions,
  { seeds, program = new URL("./columns-worker.ts", import.meta.url) }: ThreadOptions = {},
): AsyncGenerator<UsageColumns | InspectLine> {
  const buffers = Array.from({ length: BUFFERS }, () => new SharedArrayBuffer(BUFFER_BYTES));
  const recordOf = columnsFormat(formatName).recordOf(options);
  const columns = buffers.map((buffer) => new UsageColumns(buffer));
  const { file, zone, sourceName } = options;
  const order: ReadingOrder = {
    path,
    format: formatName,
    options: {
      file,
      ...(zone === undefined ? {} : { zone }),
      ...(sourceName === undefined ? {} : { sourceName }),
    },
    buffers,
    ...(seeds === undefined ? {} : { seeds }),
  };
  const worker = new Worker(program, { workerData: order });
  const inbox = new Inbox(worker, path);
  for (let buffer = 0; buffer < BUFFERS; buffer++) worker.postMessage(buffer);
  let names: string[] = [];
  let generation = -1;
  try {
    for (;;) {
      const news = await inbox.next();
      if ("error" in news) {
        const { code, message, place } = news.error;
        throw new TallystickError(code, message, place);
      }
      if ("report" in news) {
        yield news.report;
        return;
      }
      const batch = columns[news.buffer] as UsageColumns;
      if (news.header.generation !== generation) names = [];
      generation = news.header.generation;
      for (const name of news.newNames) names.push(name);
      Object.assign(batch, news.header, { names, recordOf });
      if (batch.count > 0) yield batch;
      worker.postMessage(news.buffer);
    }
  } finally {
    await worker.terminate();
  }
}

/** What a worker told, in order, for one who waits; its end is told as an error. */
class Inbox {
  readonly #news: ReadingNews[] = [];
  #ended: TallystickError | undefined;
  #onNews: (() => void) | undefined;

  constructor(worker: Worker, path: string) {
    worker.on("message", (news: ReadingNews) => {
      this.#news.push(news);
      this.#onNews?.();
    });
    const end = (cause?: unknown) => {
      this.#ended ??= new TallystickError(
        "ingest.reader-died",
        "The thread that reads the file ended. What was taken in stays; send the file again to go on.",
        { file: path },
        cause,
      );
      this.#onNews?.();
    };
    worker.on("error", end);
    worker.on("exit", () => end());
  }

  async next(): Promise<ReadingNews> {
    while (this.#news.length === 0) {
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
    }
    return this.#news.shift() as ReadingNews;
  }
}
