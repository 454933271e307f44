import { HttpError } from "./http-error.ts";

/** How many bytes of an upload are to come in a while, where somebody waits for its place. */
export interface PaceBounds {
  /** 0: however few. */
  bytesMin: number;
  milliseconds: number;
}

/**
 * Gives the place of an upload that hardly comes to those that wait. However slow a line is, its upload goes on while
 * there are places; and while others wait as long as it keeps the least pace.
 */
export class UploadPace {
  /** Rejected once too little came while others waited: `ingest.too-slow`. */
  readonly lost: Promise<never>;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;

  constructor({ bytesMin, milliseconds }: PaceBounds, isWaitedFor: () => boolean) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.lost = promise;
    // Who receives is told, if anybody still does.
    promise.catch(() => {});
    // Others may have begun to wait just now: they wait for one whole while at least.
    let waited = false;
    this.#timer = setInterval(() => {
      const isSlow = this.#bytes < bytesMin;
      this.#bytes = 0;
      if (isSlow && waited && isWaitedFor()) {
        const message = `Fewer than ${bytesMin} bytes of the file came in ${milliseconds / 1000} s, and others wait to send theirs. Send it again over a faster line, or when fewer are sent.`;
        reject(new HttpError(429, "ingest.too-slow", message));
      }
      waited = isWaitedFor();
    }, milliseconds);
    this.#timer.unref();
  }

  /** The same bytes, counted as they come. */
  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.count(chunk.length);
      yield chunk;
    }
  }

  /** So many bytes came in some other way. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Nothing more of it is to come. */
  end(): void {
    clearInterval(this.#timer);
  }
}
