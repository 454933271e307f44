/** How much of a file decides about its format. */
export const HEAD_BYTES = 65_536;
/** How far into a file its first line is looked for that can be a record, where those before it are too long. */
const LOOKED_AT_MAX = 4_194_304;
const LF = 10;
const OPEN = 0x7b;
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];
const MARK = [0xef, 0xbb, 0xbf];

/**
 * What decides about a file's format: its first bytes. Where they are an object's beginning and end in the
 * middle of a line, no record can be that long, and the lines behind tell what the file is: then its first line
 * that can be a record comes behind them, from the line's end before it on.
 */
export class FileHead {
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  /** Of the line that is looked at behind the first bytes, its end before it included. */
  #line: Uint8Array[] = [];
  #lineLength = 0;
  #state: "first" | "in a long line" | "in a line" | "done" = "first";
  #seen = 0;

  /** @returns whether more of the file is to be taken */
  take(chunk: Uint8Array): boolean {
    this.#seen += chunk.length;
    let rest = this.#state === "first" ? this.#takeFirst(chunk) : chunk;
    while (rest.length > 0 && this.#wantsMore) {
      rest = this.#state === "in a line" ? this.#takeLine(rest) : this.#skipLine(rest);
    }
    if (this.#seen >= LOOKED_AT_MAX) this.#state = "done";
    return this.#wantsMore;
  }

  /** Of what was taken. */
  bytes(): Uint8Array {
    const parts = [...this.#parts, ...this.#line];
    const head = new Uint8Array(this.#length + this.#lineLength);
    let at = 0;
    for (const part of parts) {
      head.set(part, at);
      at += part.length;
    }
    return head;
  }

  get #wantsMore(): boolean {
    return this.#state !== "done";
  }

  /** @returns what is not of the first bytes */
  #takeFirst(chunk: Uint8Array): Uint8Array {
    const part = chunk.slice(0, HEAD_BYTES - this.#length);
    this.#parts.push(part);
    this.#length += part.length;
    if (this.#length < HEAD_BYTES) return chunk.subarray(part.length);
    this.#state = endsInFirstObject(this.bytes()) ? "in a long line" : "done";
    return chunk.subarray(part.length);
  }

  /** @returns from the line's end on */
  #skipLine(chunk: Uint8Array): Uint8Array {
    const end = chunk.indexOf(LF);
    if (end < 0) return chunk.subarray(chunk.length);
    this.#state = "in a line";
    return chunk.subarray(end);
  }

  /** @returns what is behind the bytes that were taken of the line */
  #takeLine(chunk: Uint8Array): Uint8Array {
    const part = chunk.slice(0, 1 + HEAD_BYTES - this.#lineLength);
    const isFirst = this.#lineLength === 0;
    this.#line.push(part);
    this.#lineLength += part.length;
    if (part.indexOf(LF, isFirst ? 1 : 0) >= 0) this.#state = "done";
    else if (this.#lineLength > HEAD_BYTES) {
      this.#line = [];
      this.#lineLength = 0;
      this.#state = "in a long line";
    }
    return chunk.subarray(part.length);
  }
}

/** Of a file's bytes, of which no more is taken than it needs. */
export async function headOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const head = new FileHead();
  for await (const chunk of chunks) if (!head.take(chunk)) break;
  return head.bytes();
}

/** Whether the first bytes are an object's beginning and end in its line. */
function endsInFirstObject(head: Uint8Array): boolean {
  return head[firstByte(head)] === OPEN && firstLineEnd(head) < 0;
}

/** Where the first line ends that is not empty, or -1. */
export const firstLineEnd = (head: Uint8Array): number => head.indexOf(LF, firstByte(head));

/** Behind a byte order mark and blanks. */
function firstByte(head: Uint8Array): number {
  let at = MARK.every((byte, place) => head[place] === byte) ? MARK.length : 0;
  while (BLANKS.includes(head[at] as number)) at++;
  return at;
}
