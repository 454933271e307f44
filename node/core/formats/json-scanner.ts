import { isDigit } from "./ascii-stamp.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const ZERO = 0x30;
const TEXT_MAX = 1_000;
/** As many as a double keeps, whichever they are. */
const INTEGER_DIGITS_MAX = 15;
const DECIMALS_MAX = 3;
const DIGEST_DIGITS = 64;

const utf8 = new TextEncoder();

/** 1: stands in a text as it is, in ASCII; 2: as it is, in UTF-8; 0: ends the text, or has to be looked at. */
const OF_TEXT = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return 0;
  return byte < 0x80 ? 1 : 2;
});

/** 1: a digit of a digest. */
const OF_DIGEST = Uint8Array.from({ length: 256 }, (_, byte) =>
  isDigit(byte) || (byte >= 0x61 && byte <= 0x66) ? 1 : 0,
);

interface Name {
  bytes: Uint8Array;
  index: number;
}

/** Names by their lengths. */
export type Names = readonly (readonly Name[])[];

export function byLength(names: readonly string[]): Names {
  const found: Name[][] = Array.from({ length: 32 }, () => []);
  for (const [index, name] of names.entries()) {
    found[name.length]?.push({ bytes: utf8.encode(name), index });
  }
  return found;
}

/** An object's names, and which came behind which last: the next object mostly has the same order. */
export class ObjectNames {
  readonly names: Names;
  /** As programs write them in front of a value, by their numbers. */
  readonly keys: readonly Uint8Array[];
  /** By the number of the name before plus 1; the first name's at 0. -1 where it is not known. */
  readonly after: Int32Array;

  constructor(names: readonly string[]) {
    this.names = byLength(names);
    this.keys = names.map((name) => utf8.encode(`"${name}":`));
    this.after = new Int32Array(names.length + 1).fill(-1);
  }
}

/**
 * Values of JSON where they stand in a line's bytes, as programs write them: texts without escapes, numbers of
 * few digits without an exponent. Each is asked for at its first byte and answers where it ends, or -1 for
 * whatever else stands there.
 */
export class JsonScanner {
  /** Where the text that was read last stands, without its quotes. */
  textFrom = 0;
  textTo = 0;
  /** The number that was read last, of its digits alone: 12.5 is 125 with one decimal. */
  number = 0;
  decimals = 0;

  /** In ASCII. */
  text(bytes: Uint8Array, at: number, octetsMax = TEXT_MAX): number {
    if (bytes[at] !== QUOTE) return -1;
    const from = at + 1;
    let to = from;
    while (OF_TEXT[bytes[to] as number] === 1) to++;
    if (bytes[to] !== QUOTE || to === from || to - from > octetsMax) return -1;
    this.textFrom = from;
    this.textTo = to;
    return to + 1;
  }

  /** In UTF-8, of any length, also none. */
  anyText(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== QUOTE) return -1;
    let to = at + 1;
    while ((OF_TEXT[bytes[to] as number] as number) > 0) to++;
    return bytes[to] === QUOTE ? to + 1 : -1;
  }

  /** One of a few names in quotes. @returns its number, or -1; it ends behind `textTo` */
  name(bytes: Uint8Array, at: number, names: Names): number {
    return this.text(bytes, at) < 0 ? -1 : indexOf(names, bytes, this.textFrom, this.textTo);
  }

  /** A whole number without a sign; what comes behind it is looked at by the caller. */
  integer(bytes: Uint8Array, from: number, digitsMax = INTEGER_DIGITS_MAX): number {
    let value = 0;
    let at = from;
    while (isDigit(bytes[at] as number)) value = 10 * value + (bytes[at++] as number) - ZERO;
    const digits = at - from;
    this.number = value;
    this.decimals = 0;
    if (digits === 0 || digits > digitsMax) return -1;
    return digits > 1 && bytes[from] === ZERO ? -1 : at;
  }

  /** The same with three decimals at most. */
  decimal(bytes: Uint8Array, from: number, wholeDigitsMax: number): number {
    const end = this.integer(bytes, from, wholeDigitsMax);
    if (end < 0 || bytes[end] !== DOT) return end;
    let at = end + 1;
    while (at <= end + DECIMALS_MAX && isDigit(bytes[at] as number)) {
      this.number = 10 * this.number + (bytes[at++] as number) - ZERO;
    }
    this.decimals = at - end - 1;
    return this.decimals === 0 ? -1 : at;
  }

  /** A text of 64 hexadecimal digits. */
  digest(bytes: Uint8Array, from: number): number {
    if (bytes[from] !== QUOTE) return -1;
    const to = from + 1 + DIGEST_DIGITS;
    for (let at = from + 1; at < to; at++) if (OF_DIGEST[bytes[at] as number] !== 1) return -1;
    return bytes[to] === QUOTE ? to + 1 : -1;
  }
}

/** The number of the name that stands there, or -1. */
export function indexOf(names: Names, bytes: Uint8Array, from: number, to: number): number {
  const candidates = names[to - from];
  if (candidates === undefined) return -1;
  for (const { bytes: name, index } of candidates) {
    if (startsWith(name, bytes, from)) return index;
  }
  return -1;
}

export function startsWith(name: Uint8Array, bytes: Uint8Array, from: number): boolean {
  let at = 0;
  while (at < name.length && bytes[from + at] === name[at]) at++;
  return at === name.length;
}

/** Within a line: behind it no space counts. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
  return at;
}
