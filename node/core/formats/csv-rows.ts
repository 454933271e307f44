/*
 * RFC 4180, row by row, with the place of each. Written here because a row is evidence: its bytes
 * are hashed, its offset is committed, and a quote that is never closed must cost one row and not
 * the rest of the file, none of which the CSV libraries offer together.
 */

import { TallystickError } from "../errors.ts";

export interface CsvRow {
  fields: string[];
  /** Line of its first character, from 1. */
  line: number;
  byteOffset: number;
  /** As in the file, without the line's end. */
  bytes: Uint8Array;
}

/** A row that is none. Reading goes on with the line after its first. */
export interface CsvFault {
  code: "csv.unterminated-quote" | "csv.text-beside-quote" | "csv.row-too-long";
  message: string;
  line: number;
  byteOffset: number;
}

export interface CsvOptions {
  separator?: string;
  rowBytesMax?: number;
  /** A quoted field may hold line ends; a row of more lines than this is an open quote. */
  rowLinesMax?: number;
  /** Columns of a whole row: one that spans lines and has others swallowed its neighbours. */
  columns?: readonly number[];
}

const LF = 10;
const QUOTE = '"';
const QUOTE_CODE = 0x22;

export function isFault(item: CsvRow | CsvFault): item is CsvFault {
  return "code" in item;
}

type Scan =
  | { fields: string[] }
  | { openQuoteAt: number }
  | { textBesideQuoteAt: number; openQuoteAt: number };

/** Bytes in, rows out; keeps at most one unfinished row. */
export class CsvRowReader {
  readonly #separator: string;
  readonly #rowBytesMax: number;
  readonly #rowLinesMax: number;
  readonly #columns: readonly number[] | undefined;
  readonly #decoder = new TextDecoder("utf-8");
  #rest: Uint8Array = new Uint8Array(0);
  /** Of the first byte of `#rest`. */
  #offset = 0;
  #line = 1;
  #skipping = false;

  constructor(options: CsvOptions = {}) {
    this.#separator = options.separator ?? ",";
    this.#rowBytesMax = options.rowBytesMax ?? 65_536;
    this.#rowLinesMax = options.rowLinesMax ?? 50;
    this.#columns = options.columns;
  }

  /** The rows that end in this chunk. */
  push(chunk: Uint8Array): (CsvRow | CsvFault)[] {
    return this.#rows(chunk, false);
  }

  end(): (CsvRow | CsvFault)[] {
    return this.#rows(new Uint8Array(0), true);
  }

  #rows(chunk: Uint8Array, last: boolean): (CsvRow | CsvFault)[] {
    const items: (CsvRow | CsvFault)[] = [];
    const bytes = this.#rest.length === 0 ? chunk : concat(this.#rest, chunk);
    const base = this.#offset;
    let at = startOfRows(bytes, base);
    while (at < bytes.length) {
      const next = this.take(bytes, at, bytes.indexOf(LF, at), base, last);
      if (next === undefined) break;
      if (next.item !== undefined) items.push(next.item);
      at = next.end;
    }
    this.#rest = bytes.slice(at);
    this.#offset = base + at;
    return items;
  }

  /**
   * The row that starts at `at` and where the next one does, for who holds the bytes and takes usual rows
   * by itself; undefined when more bytes are needed.
   * @param firstEnd where the line's end stands, or -1
   * @param base offset of the first of `bytes` in the file
   * @param last whether no bytes follow
   */
  take(
    bytes: Uint8Array,
    at: number,
    firstEnd: number,
    base: number,
    last: boolean,
  ): { item: CsvRow | CsvFault | undefined; end: number } | undefined {
    if (this.#skipping) {
      if (firstEnd === -1) return { item: undefined, end: bytes.length };
      this.#line++;
      this.#skipping = false;
      return { item: undefined, end: firstEnd + 1 };
    }
    const next = this.#rowAt(bytes, at, firstEnd, base, last);
    if (next !== undefined) this.#line += next.lines;
    return next;
  }

  /** Whether a line of so many bytes may be a row that somebody else reads. */
  isFree(bytes: number): boolean {
    return !this.#skipping && bytes <= this.#rowBytesMax;
  }

  /** Somebody else read rows of one line each. */
  passLines(lines: number): void {
    this.#line += lines;
  }

  /** The row that starts at `at`, or undefined when more bytes are needed. */
  #rowAt(bytes: Uint8Array, at: number, firstEnd: number, base: number, last: boolean) {
    let end = firstEnd;
    for (let lines = 1; ; lines++) {
      const tooLong = (end === -1 ? bytes.length : end) - at > this.#rowBytesMax;
      if (end === -1 && !last && !tooLong) return undefined;
      if (tooLong && lines === 1) return this.#tooLong(at, firstEnd, bytes.length, base);
      const stop = end === -1 ? bytes.length : end;
      const raw = withoutCarriageReturn(bytes.subarray(at, stop));
      const text = this.#decoder.decode(raw);
      const scan = splitRow(text, this.#separator);
      if ("fields" in scan) {
        const swallowed =
          lines > 1 && this.#columns !== undefined && !this.#columns.includes(scan.fields.length);
        if (swallowed)
          return this.#fault(text, text.indexOf(QUOTE), undefined, at, firstEnd, bytes, base);
        const row: CsvRow = {
          fields: scan.fields,
          line: this.#line,
          byteOffset: base + at,
          bytes: raw.slice(),
        };
        const blank = scan.fields.length === 1 && text.trim() === "";
        return { item: blank ? undefined : row, end: end === -1 ? stop : stop + 1, lines };
      }
      const open = !("textBesideQuoteAt" in scan);
      if (!open || end === -1 || lines >= this.#rowLinesMax || tooLong) {
        const beside = open ? undefined : scan.textBesideQuoteAt;
        return this.#fault(text, scan.openQuoteAt, beside, at, firstEnd, bytes, base);
      }
      end = bytes.indexOf(LF, end + 1);
    }
  }

  #tooLong(at: number, firstEnd: number, length: number, base: number) {
    const item: CsvFault = {
      code: "csv.row-too-long",
      message: `The row is longer than ${this.#rowBytesMax} bytes.`,
      line: this.#line,
      byteOffset: base + at,
    };
    if (firstEnd === -1) this.#skipping = true;
    return firstEnd === -1
      ? { item, end: length, lines: 0 }
      : { item, end: firstEnd + 1, lines: 1 };
  }

  #fault(
    text: string,
    openQuoteAt: number,
    besideAt: number | undefined,
    at: number,
    firstEnd: number,
    bytes: Uint8Array,
    base: number,
  ) {
    const before = text.slice(0, openQuoteAt);
    const line = this.#line + (before.split("\n").length - 1);
    // A field that began with a quote and goes on behind the next one lacks its own closing quote,
    // or has one inside that should be doubled; nothing in the row tells which.
    const unterminated = besideAt === undefined || openQuoteAt < besideAt;
    const item: CsvFault = {
      code: unterminated ? "csv.unterminated-quote" : "csv.text-beside-quote",
      message: unterminated
        ? `The quote that opens on line ${line} is not closed where its field ends. Close it there; double a quote that belongs to the text.`
        : `A quote stands inside an unquoted field on line ${line}. Quote the whole field and double the quote.`,
      line,
      byteOffset: base + at,
    };
    const end = firstEnd === -1 ? bytes.length : firstEnd + 1;
    return { item, end, lines: firstEnd === -1 ? 0 : 1 };
  }
}

function splitRow(text: string, separator: string): Scan {
  if (!text.includes(QUOTE)) return { fields: text.split(separator) };
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text.charCodeAt(at) === QUOTE_CODE) {
      const openQuoteAt = at;
      let value = "";
      for (at++; ; at += 2) {
        const quote = text.indexOf(QUOTE, at);
        if (quote === -1) return { openQuoteAt };
        value += text.slice(at, quote);
        at = quote;
        if (text.charCodeAt(at + 1) !== QUOTE_CODE) break;
        value += QUOTE;
      }
      fields.push(value);
      at++;
      if (at === text.length) return { fields };
      if (text[at] !== separator) return { textBesideQuoteAt: at, openQuoteAt };
      at++;
      continue;
    }
    const comma = text.indexOf(separator, at);
    const stop = comma === -1 ? text.length : comma;
    const quote = text.indexOf(QUOTE, at);
    if (quote !== -1 && quote < stop) return { textBesideQuoteAt: quote, openQuoteAt: quote };
    fields.push(text.slice(at, stop));
    if (comma === -1) return { fields };
    at = comma + 1;
  }
}

/** Fields of a row that is known to be one. */
export function fieldsOf(row: Uint8Array): string[] {
  const scan = splitRow(new TextDecoder("utf-8").decode(row), ",");
  if ("fields" in scan) return scan.fields;
  throw new TallystickError("csv.unterminated-quote", "The bytes are not those of a row.");
}

/** Behind the byte order mark, where the file begins with one. */
export function startOfRows(bytes: Uint8Array, base: number): number {
  return base === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function withoutCarriageReturn(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === 13 ? line.subarray(0, -1) : line;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
