/*
 * Values of JSON where they stand, as programs write them: texts without escapes, numbers of few digits without an
 * exponent. Each is asked for at its first byte and answers where it ends, or 0 for whatever else stands there
 * (json-scanner.ts tells the same of JavaScript). No value reaches over the end of its line; how far is read beyond the
 * last line is bounded by how long a value may be.
 */
import { filled } from "./names";
import { isDigit } from "./stamps";

const QUOTE: u32 = 0x22;
const DOT: u32 = 0x2e;
const TEXT_MAX: usize = 1_000;
const INTEGER_DIGITS_MAX: usize = 15;
const DECIMALS_MAX: usize = 3;

/** Where the text that was read last stands, without its quotes. */
export let textFrom: usize = 0;
export let textTo: usize = 0;
/** The number that was read last, of its digits alone: 12.5 is 125 with one decimal. */
export let number: u64 = 0;
export let decimals: usize = 0;

/** In ASCII, not empty. */
export function textAt(at: usize, octetsMax: usize = TEXT_MAX): usize {
  if (load<u8>(at) != QUOTE) return 0;
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(0x5c);
  const space = i8x16.splat(0x20);
  const from = at + 1;
  for (let to = from; to <= from + octetsMax; to += 16) {
    const part = v128.load(to);
    // Signed: bytes beyond ASCII are less than a space, too.
    const ends = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(part, quote), i8x16.eq(part, backslash)),
        i8x16.lt_s(part, space),
      ),
    );
    if (ends == 0) continue;
    const end = to + <usize>ctz(ends);
    if (load<u8>(end) != QUOTE || end == from || end - from > octetsMax) return 0;
    textFrom = from;
    textTo = end;
    return end + 1;
  }
  return 0;
}

/** In UTF-8, of any length, also none, as far as `limit`. */
export function anyTextAt(at: usize, limit: usize): usize {
  if (load<u8>(at) != QUOTE) return 0;
  const quote = i8x16.splat(<i8>QUOTE);
  const backslash = i8x16.splat(0x5c);
  const space = i8x16.splat(0x20);
  for (let to = at + 1; to < limit; to += 16) {
    const part = v128.load(to);
    const ends = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.eq(part, quote), i8x16.eq(part, backslash)),
        i8x16.lt_u(part, space),
      ),
    );
    if (ends == 0) continue;
    const end = to + <usize>ctz(ends);
    return load<u8>(end) == QUOTE ? end + 1 : 0;
  }
  return 0;
}

/** A list of names in the room: of each 32 bytes, its text ended by zeros, its length and what it stands for. */
// @ts-ignore: decorator
@inline
export function isNamed(list: usize, index: usize, from: usize, length: usize): bool {
  const name = list + (index << 5);
  if (<usize>load<u32>(name, 16) != length) return false;
  const part = v128.and(v128.load(from), filled(length));
  return !v128.any_true(v128.xor(part, v128.load(name)));
}

/** The number of the name that stands there, or -1. */
export function indexOf(list: usize, count: usize, from: usize, to: usize): i32 {
  if (to - from > 16) return -1;
  for (let index: usize = 0; index < count; index++) {
    if (isNamed(list, index, from, to - from)) return <i32>index;
  }
  return -1;
}

/** A whole number without a sign; what comes behind it is looked at by the caller. */
export function integerAt(from: usize, digitsMax: usize = INTEGER_DIGITS_MAX): usize {
  let value: u64 = 0;
  let at = from;
  for (; at <= from + digitsMax; at++) {
    const byte = <u32>load<u8>(at);
    if (!isDigit(byte)) break;
    value = 10 * value + (byte - 0x30);
  }
  const digits = at - from;
  number = value;
  decimals = 0;
  if (digits == 0 || digits > digitsMax) return 0;
  return digits > 1 && load<u8>(from) == 0x30 ? 0 : at;
}

/** The same with three decimals at most. */
export function decimalAt(from: usize, wholeDigitsMax: usize): usize {
  const end = integerAt(from, wholeDigitsMax);
  if (end == 0 || load<u8>(end) != DOT) return end;
  let at = end + 1;
  for (; at <= end + DECIMALS_MAX && isDigit(load<u8>(at)); at++) {
    number = 10 * number + load<u8>(at) - 0x30;
  }
  decimals = at - end - 1;
  return decimals == 0 ? 0 : at;
}

/** A text of 64 hexadecimal digits. */
export function digestAt(at: usize): usize {
  if (load<u8>(at) != QUOTE || load<u8>(at, 65) != QUOTE) return 0;
  const zero = i8x16.splat(0x30);
  const ten = i8x16.splat(10);
  const letter = i8x16.splat(0x61);
  const six = i8x16.splat(6);
  for (let part = at + 1; part < at + 65; part += 16) {
    const bytes = v128.load(part);
    const isHex = v128.or(
      i8x16.lt_u(i8x16.sub(bytes, zero), ten),
      i8x16.lt_u(i8x16.sub(bytes, letter), six),
    );
    if (!i8x16.all_true(isHex)) return 0;
  }
  return at + 66;
}

/** Within a line: behind it no space counts. */
// @ts-ignore: decorator
@inline
export function skipSpace(from: usize, limit: usize): usize {
  let at = from;
  while ((load<u8>(at) == 0x20 || load<u8>(at) == 0x09) && at < limit) at++;
  return at;
}
