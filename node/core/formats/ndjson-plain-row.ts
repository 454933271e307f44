import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { RECORD_ID_OCTETS_MAX } from "../records/record-id.ts";
import { digit, isDigit, StampReader, twoDigits } from "./ascii-stamp.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const TIME = 0x54;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const TEXT_MAX = 1_000;
/** With seconds, and with milliseconds. */
const INSTANT_BYTES = [20, 24];
const OFFSET_MINUTES_MAX = 900;
const SECONDS_DIGITS_MAX = 9;
/** As many as a double keeps, whichever they are. */
const INTEGER_DIGITS_MAX = 15;
const LENGTH_MAX = 0xffff_ffff;
const DIGEST_DIGITS = 64;

const utf8 = new TextEncoder();

/** What columns say of a record, and what neither dedupe, guide nor rating by numbers ask of it. */
const FIELDS = [
  "id",
  "service",
  "direction",
  "start",
  "billable",
  "sessionStart",
  "utcOffsetMinutes",
  "durationSeconds",
  "aParty",
  "bParty",
  "sessionId",
  "sequence",
  "cause",
  "source",
] as const;
/** Their numbers. */
const FIELD = {
  id: 0,
  service: 1,
  direction: 2,
  start: 3,
  billable: 4,
  sessionStart: 5,
  utcOffsetMinutes: 6,
  durationSeconds: 7,
  aParty: 8,
  bParty: 9,
  sessionId: 10,
  sequence: 11,
  cause: 12,
  source: 13,
} as const satisfies Record<(typeof FIELDS)[number], number>;
/** The first five. */
const REQUIRED = 0b11111;
const SOURCE_FIELDS = ["format", "file", "position", "sha256", "byteOffset", "byteLength"] as const;
const SOURCE = {
  format: 0,
  file: 1,
  position: 2,
  sha256: 3,
  byteOffset: 4,
  byteLength: 5,
} as const satisfies Record<(typeof SOURCE_FIELDS)[number], number>;
/** The first four. */
const SOURCE_REQUIRED = 0b1111;

interface Name {
  bytes: Uint8Array;
  index: number;
}

/** Names by their lengths. */
type Names = readonly (readonly Name[])[];

function byLength(names: readonly string[]): Names {
  const found: Name[][] = Array.from({ length: 32 }, () => []);
  for (const [index, name] of names.entries()) {
    found[name.length]?.push({ bytes: utf8.encode(name), index });
  }
  return found;
}

/** An object's names, and which came where in the last one: the next one mostly has the same order. */
class ObjectNames {
  readonly names: Names;
  /** As programs write them in front of a value, by their numbers. */
  readonly keys: readonly Uint8Array[];
  readonly order: number[] = [];

  constructor(names: readonly string[]) {
    this.names = byLength(names);
    this.keys = names.map((name) => utf8.encode(`"${name}":`));
  }
}

/** Of those that are rated by numbers. */
const SERVICE_NAMES = byLength(["voice", "time"]);
const SERVICE_CODES = [SERVICE_CODE.voice, SERVICE_CODE.time] as const;
const DIRECTIONS = ["none", "outgoing", "incoming", "forwarded"] as const;
const DIRECTION_NAMES = byLength(DIRECTIONS);
const DIRECTION_CODES = DIRECTIONS.map((name) => DIRECTION_CODE[name]);
const TRUE = utf8.encode("true");
const FALSE = utf8.encode("false");

/** 1: stands in a text as it is, in ASCII; 2: as it is, in UTF-8; 0: ends the text, or has to be looked at. */
const OF_TEXT = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20 || byte === QUOTE || byte === 0x5c) return 0;
  return byte < 0x80 ? 1 : 2;
});

/** 1: a digit of a digest. */
const OF_DIGEST = Uint8Array.from({ length: 256 }, (_, byte) =>
  isDigit(byte) || (byte >= 0x61 && byte <= 0x66) ? 1 : 0,
);

/**
 * One line of usage records taken from its bytes, when it says nothing that columns do not hold and is written
 * as programs write JSON: names known and once each, texts without escapes, numbers of few digits. Whatever
 * else a line is, is left to the plain parser, which alone knows what is wrong with it.
 */
export class NdjsonPlainRow {
  idFrom = 0;
  idTo = 0;
  /** Empty where the record has none. */
  aFrom = 0;
  aTo = 0;
  bFrom = 0;
  bTo = 0;
  /** Codes of the protocol. */
  service = 0;
  direction = 0;
  startMs = 0;
  sessionStartMs = 0;
  /** NaN where it says none. */
  durationSeconds = Number.NaN;
  utcOffsetMinutes = 0;
  isBillable = false;
  /** As the record's own source says; 0 without. */
  sourceOffset = 0;
  sourceLength = 0;
  /** Where the text that was read last stands. */
  #textFrom = 0;
  #textTo = 0;
  #number = 0;
  readonly #fields = new ObjectNames(FIELDS);
  readonly #sourceFields = new ObjectNames(SOURCE_FIELDS);
  readonly #stamps = new StampReader();

  /** @returns false for what is to be read by the plain parser */
  scan(bytes: Uint8Array, from: number, end: number): boolean {
    let to = end;
    while (to > from && isBlank(bytes[to - 1] as number)) to--;
    this.aFrom = this.aTo = this.bFrom = this.bTo = 0;
    this.durationSeconds = this.sessionStartMs = Number.NaN;
    this.utcOffsetMinutes = this.sourceOffset = this.sourceLength = 0;
    const at = this.#object(bytes, from, this.#fields, REQUIRED);
    if (at !== to) return false;
    if (Number.isNaN(this.sessionStartMs)) this.sessionStartMs = this.startMs;
    return true;
  }

  /** @returns where it ends, or -1; no name stands in it twice */
  #object(bytes: Uint8Array, from: number, of: ObjectNames, required: number): number {
    if (bytes[from] !== OPEN) return -1;
    const { order, keys } = of;
    const isSource = of === this.#sourceFields;
    let seen = 0;
    for (let at = from + 1, place = 0; ; at++, place++) {
      at = skipSpace(bytes, at);
      let field = order[place] ?? -1;
      const expected = keys[field];
      if (expected !== undefined && startsWith(expected, bytes, at)) at += expected.length;
      else {
        at = this.#text(bytes, at, 1);
        field = at < 0 ? -1 : indexOf(of.names, bytes, this.#textFrom, this.#textTo);
        if (field < 0) return -1;
        at = skipSpace(bytes, at);
        if (bytes[at++] !== COLON) return -1;
        if (place <= order.length) order[place] = field;
      }
      if ((seen & (1 << field)) !== 0) return -1;
      seen |= 1 << field;
      at = skipSpace(bytes, at);
      at = isSource ? this.#sourceField(bytes, at, field) : this.#field(bytes, at, field);
      if (at < 0) return -1;
      at = skipSpace(bytes, at);
      if (bytes[at] === COMMA) continue;
      if (bytes[at] !== CLOSE || (seen & required) !== required) return -1;
      return at + 1;
    }
  }

  /** As `#object`: the value at `at`. */
  #field(bytes: Uint8Array, at: number, field: number): number {
    switch (field) {
      case FIELD.id: {
        const end = this.#text(bytes, at, 1, RECORD_ID_OCTETS_MAX);
        this.idFrom = this.#textFrom;
        this.idTo = this.#textTo;
        return end;
      }
      case FIELD.aParty: {
        const end = this.#text(bytes, at, 1);
        this.aFrom = this.#textFrom;
        this.aTo = this.#textTo;
        return end;
      }
      case FIELD.bParty: {
        const end = this.#text(bytes, at, 1);
        this.bFrom = this.#textFrom;
        this.bTo = this.#textTo;
        return end;
      }
      case FIELD.sessionId:
      case FIELD.cause:
        return this.#text(bytes, at, 1);
      case FIELD.service: {
        const end = this.#text(bytes, at, 1);
        const found = indexOf(SERVICE_NAMES, bytes, this.#textFrom, this.#textTo);
        this.service = SERVICE_CODES[found] ?? 0;
        return found < 0 ? -1 : end;
      }
      case FIELD.direction: {
        const end = this.#text(bytes, at, 1);
        const found = indexOf(DIRECTION_NAMES, bytes, this.#textFrom, this.#textTo);
        this.direction = DIRECTION_CODES[found] ?? 0;
        return found < 0 ? -1 : end;
      }
      case FIELD.start: {
        const end = this.#text(bytes, at, 1);
        this.startMs = end < 0 ? Number.NaN : this.#instant(bytes);
        return this.startMs >= 0 ? end : -1;
      }
      case FIELD.sessionStart: {
        const end = this.#text(bytes, at, 1);
        this.sessionStartMs = end < 0 ? Number.NaN : this.#instant(bytes);
        return this.sessionStartMs >= 0 ? end : -1;
      }
      case FIELD.durationSeconds:
        return this.#seconds(bytes, at);
      case FIELD.utcOffsetMinutes: {
        const isBehind = bytes[at] === MINUS;
        const end = this.#integer(bytes, isBehind ? at + 1 : at);
        this.utcOffsetMinutes = isBehind ? -this.#number : this.#number;
        return this.#number <= OFFSET_MINUTES_MAX ? end : -1;
      }
      case FIELD.sequence:
        return this.#integer(bytes, at);
      case FIELD.billable: {
        this.isBillable = startsWith(TRUE, bytes, at);
        if (this.isBillable) return at + TRUE.length;
        return startsWith(FALSE, bytes, at) ? at + FALSE.length : -1;
      }
      case FIELD.source:
        return this.#object(bytes, at, this.#sourceFields, SOURCE_REQUIRED);
      default:
        return -1;
    }
  }

  #sourceField(bytes: Uint8Array, at: number, field: number): number {
    switch (field) {
      case SOURCE.format:
      case SOURCE.file:
        return this.#text(bytes, at, 2, Number.MAX_SAFE_INTEGER, 0);
      case SOURCE.position: {
        const end = this.#integer(bytes, at);
        return this.#number > 0 ? end : -1;
      }
      case SOURCE.sha256:
        return digestEnd(bytes, at);
      case SOURCE.byteOffset: {
        const end = this.#integer(bytes, at);
        this.sourceOffset = this.#number;
        return end;
      }
      case SOURCE.byteLength: {
        const end = this.#integer(bytes, at);
        this.sourceLength = this.#number;
        return this.#number <= LENGTH_MAX ? end : -1;
      }
      default:
        return -1;
    }
  }

  /** @param kindMax which bytes may stand in it, by `OF_TEXT` @returns where it ends behind its quote, or -1 */
  #text(
    bytes: Uint8Array,
    at: number,
    kindMax: 1 | 2,
    octetsMax = TEXT_MAX,
    octetsMin = 1,
  ): number {
    if (bytes[at] !== QUOTE) return -1;
    const from = at + 1;
    let to = from;
    if (kindMax === 1) while (OF_TEXT[bytes[to] as number] === 1) to++;
    else while ((OF_TEXT[bytes[to] as number] as number) > 0) to++;
    if (bytes[to] !== QUOTE) return -1;
    const octets = to - from;
    if (octets < octetsMin || octets > octetsMax) return -1;
    this.#textFrom = from;
    this.#textTo = to;
    return to + 1;
  }

  /** A whole number without a sign; what comes behind it is looked at by the caller. */
  #integer(bytes: Uint8Array, from: number, digitsMax = INTEGER_DIGITS_MAX): number {
    let value = 0;
    let at = from;
    while (isDigit(bytes[at] as number)) value = 10 * value + (bytes[at++] as number) - ZERO;
    const digits = at - from;
    this.#number = value;
    if (digits === 0 || digits > digitsMax) return -1;
    return digits > 1 && bytes[from] === ZERO ? -1 : at;
  }

  /** Seconds with three decimals at most, which divide to the very double that JSON has for them. */
  #seconds(bytes: Uint8Array, from: number): number {
    const end = this.#integer(bytes, from, SECONDS_DIGITS_MAX);
    this.durationSeconds = this.#number;
    if (end < 0 || bytes[end] !== DOT) return end;
    let thousandths = this.#number;
    let at = end + 1;
    while (at < end + 4 && isDigit(bytes[at] as number)) {
      thousandths = 10 * thousandths + (bytes[at++] as number) - ZERO;
    }
    const decimals = at - end - 1;
    if (decimals === 0) return -1;
    this.durationSeconds = thousandths / 10 ** decimals;
    return at;
  }

  /** The text that was read last, such as 2026-03-01T13:02:00.000Z; NaN for every other way to write it. */
  #instant(bytes: Uint8Array): number {
    const from = this.#textFrom;
    const octets = this.#textTo - from;
    if (!INSTANT_BYTES.includes(octets) || bytes[this.#textTo - 1] !== 0x5a) return Number.NaN;
    const ms = this.#stamps.read(bytes, from, TIME);
    if (octets === 20) return ms;
    if (bytes[from + 19] !== DOT) return Number.NaN;
    return ms + 10 * twoDigits(bytes, from + 20) + digit(bytes, from + 22);
  }
}

/** The number of the name that stands there, or -1. */
function indexOf(names: Names, bytes: Uint8Array, from: number, to: number): number {
  const candidates = names[to - from];
  if (candidates === undefined) return -1;
  for (const { bytes: name, index } of candidates) {
    if (startsWith(name, bytes, from)) return index;
  }
  return -1;
}

function startsWith(name: Uint8Array, bytes: Uint8Array, from: number): boolean {
  let at = 0;
  while (at < name.length && bytes[from + at] === name[at]) at++;
  return at === name.length;
}

/** Within a line: behind it no space counts. */
function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  return at;
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** Where a text of 64 hexadecimal digits ends behind its quote, or -1. */
function digestEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== QUOTE) return -1;
  const to = from + 1 + DIGEST_DIGITS;
  for (let at = from + 1; at < to; at++) if (OF_DIGEST[bytes[at] as number] !== 1) return -1;
  return bytes[to] === QUOTE ? to + 1 : -1;
}
