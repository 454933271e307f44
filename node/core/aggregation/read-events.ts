import { TallystickError } from "../errors.ts";
import type { NameTable } from "./name-table.ts";

/** An event as it is read: numbers are whole, of at most 15 digits; names are numbers of a table. */
export interface EventSink {
  /** @returns the code of why it is not taken */
  event(
    device: number,
    gateway: number,
    time: number,
    sequence: number,
    quantity: number,
  ): string | undefined;
  /** @param line counted from 1 in the lines that were given */
  rejected(line: number, code: string): void;
}

const COLUMNS = ["device", "gateway", "time", "sequence", "quantity"] as const;
type Column = (typeof COLUMNS)[number];
/** What a field is, as a small number that the loop over the bytes can switch on. */
const OTHER = 0;
const DEVICE = 1;
const GATEWAY = 2;
const TIME = 3;
const SEQUENCE = 4;
const QUANTITY = 5;
const [LINE_FEED, RETURN, COMMA, ZERO] = [10, 13, 44, 48];
const DIGITS_MAX = 15;

/**
 * Which column each field is; 0 for one that is not read.
 * @throws TallystickError `events.no-header` unless the line names the columns
 */
export function readEventHeader(text: string): Uint8Array {
  const names = text
    .replace(/^\ufeff/, "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  const isWhole = names.includes("device") && names.includes("time");
  if (!isWhole || new Set(names).size !== names.length) {
    throw new TallystickError(
      "events.no-header",
      'The first line has to name the columns: "device" and "time", and "gateway", "sequence", "quantity" where there are such.',
      { line: 1 },
    );
  }
  return Uint8Array.from(names, (name) => COLUMNS.indexOf(name as Column) + 1);
}

/**
 * Events as comma-separated lines, read byte by byte: `device`, `time` (milliseconds since 1970 UTC, or
 * ISO 8601), `quantity` (whole, 1 when there is no such column), and where there are such `gateway` and
 * `sequence`. A line that can not be read is told and the rest goes on. Lines hold no quotes: ids of
 * devices need none.
 */
export class EventLineReader {
  readonly #sink: EventSink;
  readonly #names: NameTable;
  readonly #columns: Uint8Array;
  /** Where the next byte is read. */
  #at = 0;

  /** @throws TallystickError `events.no-header` */
  constructor(header: string, names: NameTable, sink: EventSink) {
    this.#columns = readEventHeader(header);
    this.#names = names;
    this.#sink = sink;
  }

  /**
   * @param bytes whole lines; only the last may end without a line feed
   * @returns how many lines they are
   */
  read(bytes: Uint8Array): number {
    const nameless = this.#names.find(bytes, 0, 0);
    const values = new Float64Array(COLUMNS.length + 1);
    this.#at = 0;
    let line = 0;
    while (this.#at < bytes.length) {
      line++;
      if (!isLineEnd(bytes, this.#at)) {
        values[DEVICE] = Number.NaN;
        values[GATEWAY] = nameless;
        values[TIME] = Number.NaN;
        values[SEQUENCE] = 0;
        values[QUANTITY] = 1;
        const wrong = this.#readFields(bytes, values) ?? wrongField(values) ?? this.#give(values);
        if (wrong !== undefined) this.#sink.rejected(line, wrong);
      }
      while (this.#at < bytes.length && bytes[this.#at] !== LINE_FEED) this.#at++;
      this.#at++;
    }
    return line;
  }

  // One by one: taking a typed array apart by its iterator costs as much as reading the line.
  #give(values: Float64Array): string | undefined {
    return this.#sink.event(
      values[DEVICE] as number,
      values[GATEWAY] as number,
      values[TIME] as number,
      values[SEQUENCE] as number,
      values[QUANTITY] as number,
    );
  }

  /** @returns the code of what is wrong with the number of fields */
  #readFields(bytes: Uint8Array, values: Float64Array): string | undefined {
    const columns = this.#columns;
    for (let field = 0; field < columns.length; field++) {
      const column = columns[field] as number;
      const value = column >= TIME ? this.#number(bytes, column) : this.#name(bytes, column);
      values[column] = value;
      if (this.#at >= bytes.length || bytes[this.#at] !== COMMA) {
        return field < columns.length - 1 ? "events.missing-field" : undefined;
      }
      this.#at++;
    }
    return "events.extra-field";
  }

  #name(bytes: Uint8Array, column: number): number {
    const from = this.#at;
    this.#at = fieldEnd(bytes, from);
    if (column === OTHER) return 0;
    const isMissing = column === DEVICE && this.#at === from;
    const number = isMissing ? -1 : this.#names.find(bytes, from, this.#at);
    return number < 0 ? Number.NaN : number;
  }

  #number(bytes: Uint8Array, column: number): number {
    const from = this.#at;
    const { length } = bytes;
    let at = from;
    let value = 0;
    for (; at < length; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.#at = at;
    const isOver = at >= length || bytes[at] === COMMA || isLineEnd(bytes, at);
    if (isOver && at > from && at - from <= DIGITS_MAX) return value;
    this.#at = fieldEnd(bytes, at);
    return column === TIME ? readInstant(bytes, from, this.#at) : Number.NaN;
  }
}

function wrongField(values: Float64Array): string | undefined {
  for (let column = DEVICE; column <= QUANTITY; column++) {
    if (Number.isNaN(values[column])) return `events.bad-${COLUMNS[column - 1]}`;
  }
  return undefined;
}

/** A line feed, with a carriage return before it or not, or where the bytes end. */
function isLineEnd(bytes: Uint8Array, at: number): boolean {
  const byte = at < bytes.length ? bytes[at] : LINE_FEED;
  if (byte === LINE_FEED) return true;
  return byte === RETURN && (at + 1 >= bytes.length || bytes[at + 1] === LINE_FEED);
}

function fieldEnd(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  let at = from;
  while (at < length) {
    const byte = bytes[at] as number;
    if (byte === COMMA || byte === LINE_FEED || (byte === RETURN && isLineEnd(bytes, at))) break;
    at++;
  }
  return at;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/;

function readInstant(bytes: Uint8Array, from: number, to: number): number {
  const text = String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 32)));
  const time = ISO.test(text) ? Date.parse(text) : Number.NaN;
  return time >= 0 ? time : Number.NaN;
}
