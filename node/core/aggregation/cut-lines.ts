import { TallystickError } from "../errors.ts";
import { readEventHeader } from "./read-events.ts";

const LINE_BYTES_MAX = 4096;
const [LINE_FEED, RETURN] = [10, 13];

/**
 * Cuts chunks of a file of events at the ends of lines, so that each piece can be read by whoever has
 * time. The first line, which names the columns, is kept apart.
 */
export class LineCutter {
  /** The first line, once it was read. */
  header: string | undefined;
  /** Bytes of all whole lines so far: where to go on after a stop. */
  bytesRead = 0;
  #rest: Uint8Array = new Uint8Array();
  readonly #usesAgain: boolean;
  #memory = new Uint8Array();

  /**
   * @param usesAgain what is cut lies in the same memory every time: for one who reads it at once. Where
   *   memory is small, pieces that wait to be collected are most of it.
   */
  constructor({ usesAgain = false } = {}) {
    this.#usesAgain = usesAgain;
  }

  /** Goes on behind what was read before: the header is known already. */
  resume(header: string, bytesRead: number): void {
    readEventHeader(header);
    this.header = header;
    this.bytesRead = bytesRead;
  }

  /**
   * @returns whole lines; empty when none ended
   * @throws TallystickError `events.no-header` unless the first line names the columns;
   *   `events.line-too-long`
   */
  push(chunk: Uint8Array): Uint8Array {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    const lines = this.#reserve(end === 0 ? 0 : this.#rest.length + end);
    if (end > 0) {
      lines.set(this.#rest);
      lines.set(chunk.subarray(0, end), this.#rest.length);
      // A copy, of a Buffer too: the caller uses its chunk again.
      this.#rest = Uint8Array.from(chunk.subarray(end));
    } else {
      const longer = new Uint8Array(this.#rest.length + chunk.length);
      longer.set(this.#rest);
      longer.set(chunk, this.#rest.length);
      this.#rest = longer;
    }
    if (this.#rest.length > LINE_BYTES_MAX) {
      const message = "A line is longer than an event can be.";
      throw new TallystickError("events.line-too-long", message, { byte: this.bytesRead });
    }
    this.bytesRead += lines.length;
    return this.#withoutHeader(lines);
  }

  #reserve(bytes: number): Uint8Array {
    if (!this.#usesAgain) return new Uint8Array(bytes);
    if (this.#memory.length < bytes) this.#memory = new Uint8Array(2 * bytes);
    return this.#memory.subarray(0, bytes);
  }

  /** Whether something stands behind the last line feed. */
  get hasRest(): boolean {
    return this.#rest.length > 0;
  }

  /** What stands behind the last line feed: a last line, or a piece of one that is still written. */
  end(): Uint8Array {
    const lines = this.#rest;
    this.bytesRead += lines.length;
    this.#rest = new Uint8Array();
    return this.#withoutHeader(lines);
  }

  #withoutHeader(lines: Uint8Array): Uint8Array {
    let from = 0;
    while (this.header === undefined && from < lines.length) {
      const feed = lines.indexOf(LINE_FEED, from);
      const end = feed < 0 ? lines.length : feed;
      const isEmpty = end === from || (end === from + 1 && lines[from] === RETURN);
      if (!isEmpty) {
        const text = new TextDecoder().decode(lines.subarray(from, end)).replace(/\r$/, "");
        readEventHeader(text);
        this.header = text;
      }
      from = Math.min(end + 1, lines.length);
    }
    return lines.subarray(from);
  }
}
