export interface Line {
  /** Without the line's end; undefined when it was longer than allowed and was skipped. */
  text: string | undefined;
  /** From 1. */
  lineNumber: number;
  byteOffset: number;
}

const LF = 10;

/** A usage record takes a few hundred bytes; a longer line is none. */
export const LINE_BYTES_MAX = 65_536;

/** Bytes in, lines out; keeps at most one unfinished line, and none that is too long. */
export class LineReader {
  readonly #lineBytesMax: number;
  readonly #decoder = new TextDecoder();
  #parts: Uint8Array[] = [];
  #length = 0;
  #lineNumber = 1;
  #offset = 0;

  constructor(lineBytesMax = LINE_BYTES_MAX) {
    this.#lineBytesMax = lineBytesMax;
  }

  *push(chunk: Uint8Array): Generator<Line> {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LF, from);
      const part = chunk.subarray(from, end === -1 ? chunk.length : end);
      this.#length += part.length;
      if (this.#length <= this.#lineBytesMax) this.#parts.push(part);
      else this.#parts = [];
      if (end === -1) return;
      yield this.#take(1);
      from = end + 1;
    }
  }

  *end(): Generator<Line> {
    if (this.#length > 0) yield this.#take(0);
  }

  #take(lineEnd: number): Line {
    const bytes = new Uint8Array(this.#length <= this.#lineBytesMax ? this.#length : 0);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    const line: Line = {
      text: this.#length > this.#lineBytesMax ? undefined : this.#decoder.decode(bytes),
      lineNumber: this.#lineNumber++,
      byteOffset: this.#offset,
    };
    this.#offset += this.#length + lineEnd;
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
