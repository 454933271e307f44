import { TallystickError } from "../errors.ts";

/** An event as it is read: numbers are whole, of at most 15 digits; names 1 to 64 bytes. */
export interface EventSink {
  event(device: string, gateway: string, time: number, sequence: number, quantity: number): void;
  rejected(line: number, code: string): void;
}

const COLUMNS = ["device", "gateway", "time", "sequence", "quantity"] as const;
type Column = (typeof COLUMNS)[number];
const LINE_BYTES_MAX = 4096;
const [LINE_FEED, RETURN, COMMA, ZERO, QUOTE] = [10, 13, 44, 48, 34];
const NAME_BYTES_MAX = 64;

/**
 * Events as comma-separated lines, read byte by byte: a header names the columns `device`, `time`
 * (milliseconds since 1970 UTC, or ISO 8601), `quantity` (whole, 1 when there is no such column), and
 * where there are such `gateway` and `sequence`. A line that can not be read is told and the rest goes
 * on. Lines hold no quotes: ids of devices need none.
 */
export class EventLineReader {
  readonly #sink: EventSink;
  /** Which column a field is; undefined for one that is not read. */
  #columns: (Column | undefined)[] | undefined;
  #rest: Uint8Array = new Uint8Array();
  #line = 0;
  readonly #names = new Map<number, string[]>();
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  /** Bytes of all whole lines so far: where to go on after a stop. */
  bytesRead = 0;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** @throws TallystickError `events.no-header` unless the first line names the columns */
  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#rest.length > 0) {
      // The line that began in the chunk before, put together alone: chunks are large.
      const end = chunk.indexOf(LINE_FEED) + 1;
      const line = joined(this.#rest, end === 0 ? chunk : chunk.subarray(0, end));
      if (end === 0) {
        this.#keep(line);
        return;
      }
      this.#take(line, 0, line.length - 1);
      this.bytesRead += line.length;
      from = end;
    }
    const begun = from;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from);
      if (end < 0) break;
      this.#take(chunk, from, end);
      from = end + 1;
    }
    this.bytesRead += from - begun;
    this.#keep(chunk.subarray(from));
  }

  /** A copy: the caller may use its chunk again. */
  #keep(rest: Uint8Array): void {
    this.#rest = Uint8Array.from(rest);
    if (rest.length > LINE_BYTES_MAX) {
      throw new TallystickError("events.line-too-long", "A line is longer than an event can be.", {
        line: this.#line + 1,
      });
    }
  }

  /** The last line may end without a line feed. */
  end(): void {
    if (this.#rest.length === 0) return;
    this.#take(this.#rest, 0, this.#rest.length);
    this.bytesRead += this.#rest.length;
    this.#rest = new Uint8Array();
  }

  /** Goes on behind what was read before: the header is known already. */
  resume(header: string, bytesRead: number, lines: number): void {
    this.#readHeader(header);
    this.bytesRead = bytesRead;
    this.#line = lines;
  }

  get lines(): number {
    return this.#line;
  }

  #take(bytes: Uint8Array, from: number, lineEnd: number): void {
    this.#line++;
    const end = lineEnd > from && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end === from) return;
    if (this.#columns === undefined) {
      this.#readHeader(new TextDecoder().decode(bytes.subarray(from, end)));
      return;
    }
    const code = this.#readLine(bytes, from, end);
    if (code !== undefined) this.#sink.rejected(this.#line, code);
  }

  #readHeader(text: string): void {
    const names = text
      .replace(/^\ufeff/, "")
      .split(",")
      .map((name) => name.trim().toLowerCase());
    const columns = names.map((name) => COLUMNS.find((column) => column === name));
    const isWhole = columns.includes("device") && columns.includes("time");
    if (!isWhole || new Set(names).size !== names.length) {
      throw new TallystickError(
        "events.no-header",
        'The first line has to name the columns: "device" and "time", and "gateway", "sequence", "quantity" where there are such.',
        { line: 1 },
      );
    }
    this.#columns = columns;
    this.header = text;
  }

  /** The first line, once it was read. */
  header: string | undefined;

  /** @returns the code of what is wrong */
  #readLine(bytes: Uint8Array, from: number, end: number): string | undefined {
    let device = "";
    let gateway = "";
    let time = Number.NaN;
    let sequence = 0;
    let quantity = 1;
    let at = from;
    const columns = this.#columns as (Column | undefined)[];
    for (let field = 0; field < columns.length; field++) {
      if (at > end) return "events.missing-field";
      let stop = at;
      while (stop < end && bytes[stop] !== COMMA) stop++;
      switch (columns[field]) {
        case "device":
          device = this.#name(bytes, at, stop);
          break;
        case "gateway":
          gateway = this.#name(bytes, at, stop);
          break;
        case "time":
          time = readTime(bytes, at, stop);
          break;
        case "sequence":
          sequence = readNumber(bytes, at, stop);
          break;
        case "quantity":
          quantity = readNumber(bytes, at, stop);
          break;
      }
      at = stop + 1;
    }
    if (at <= end) return "events.extra-field";
    if (device === "") return "events.bad-device";
    if (Number.isNaN(time)) return "events.bad-time";
    if (Number.isNaN(sequence)) return "events.bad-sequence";
    if (Number.isNaN(quantity)) return "events.bad-quantity";
    this.#sink.event(device, gateway, time, sequence, quantity);
    return undefined;
  }

  /** Names come again and again: found by a hash of their bytes, compared, decoded once. */
  #name(bytes: Uint8Array, from: number, to: number): string {
    const length = to - from;
    if (length === 0 || length > NAME_BYTES_MAX || bytes[from] === QUOTE) return "";
    let hash = 5381;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 33) ^ (bytes[i] as number)) | 0;
    const known = this.#names.get(hash);
    if (known !== undefined) {
      for (const name of known) if (isName(name, bytes, from, length)) return name;
    }
    if (this.#names.size > 1_000_000) this.#names.clear();
    let name: string;
    try {
      name = this.#decoder.decode(bytes.subarray(from, to));
    } catch {
      return "";
    }
    // Only names of one byte a character can be compared without decoding.
    if (name.length === length) this.#names.set(hash, [...(known ?? []), name]);
    return name;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function isName(name: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (name.charCodeAt(i) !== bytes[from + i]) return false;
  return true;
}

/** Whole, at most 15 digits: below 2^53. */
function readNumber(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 15) return Number.NaN;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] as number) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/;

function readTime(bytes: Uint8Array, from: number, to: number): number {
  const number = readNumber(bytes, from, to);
  if (!Number.isNaN(number)) return number;
  const text = String.fromCharCode(...bytes.subarray(from, Math.min(to, from + 32)));
  const time = ISO.test(text) ? Date.parse(text) : Number.NaN;
  return time >= 0 ? time : Number.NaN;
}
