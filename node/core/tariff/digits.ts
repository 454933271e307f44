import { TallystickError } from "../errors.ts";

/*
 * Telephone numbers as packed binary coded decimal in 8-byte integers (docs/PROTOCOL.md, section 1):
 * first digit in the highest nibble, filled with F. "*" is A, "#" is B. Because F sorts after every
 * digit, a complete number and the numbers that continue it lie in one contiguous range.
 */

export const DIGITS_MAX = 16;
const FILLER = 0xf;

/** Sixteen filler nibbles: no digits at all. */
export const NO_DIGITS = 0xffff_ffff_ffff_ffffn;

/** Digits that are outside a prefix of `n`: 0 for a full number, all ones for the empty prefix. */
const REST_MASKS: readonly bigint[] = Array.from(
  { length: DIGITS_MAX + 1 },
  (_, n) => (1n << BigInt(4 * (DIGITS_MAX - n))) - 1n,
);

/** Inclusive range of packed numbers. */
export interface DigitRange {
  low: bigint;
  high: bigint;
}

/**
 * @throws TallystickError `digits.not-digits`, `digits.too-long` (more than sixteen)
 */
export function packDigits(digits: string): bigint {
  if (digits.length > DIGITS_MAX) {
    throw new TallystickError(
      "digits.too-long",
      `A number of ${digits.length} digits; ${DIGITS_MAX} fit.`,
    );
  }
  // Two halves of eight nibbles each stay exact as numbers, which is faster than bigint steps.
  return (BigInt(packHalf(digits, 0)) << 32n) | BigInt(packHalf(digits, DIGITS_MAX / 2));
}

function packHalf(digits: string, from: number): number {
  let packed = 0;
  for (let i = from; i < from + DIGITS_MAX / 2; i++) {
    packed = 16 * packed + (i < digits.length ? nibbleOf(digits.charCodeAt(i)) : FILLER);
  }
  return packed;
}

function nibbleOf(character: number): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  if (character === 0x2a) return 0xa;
  if (character === 0x23) return 0xb;
  throw new TallystickError("digits.not-digits", "A number holds only 0 to 9, * and #.");
}

/**
 * @throws TallystickError `digits.malformed`: a nibble that is no digit, or a digit after a filler
 */
export function unpackDigits(packed: bigint): string {
  const nibbles = packed.toString(16).padStart(DIGITS_MAX, "0");
  const match = /^([0-9ab]*)f*$/.exec(nibbles);
  if (match === null || nibbles.length > DIGITS_MAX) {
    throw new TallystickError("digits.malformed", `0x${nibbles} holds no packed digits.`);
  }
  return (match[1] ?? "").replaceAll("a", "*").replaceAll("b", "#");
}

/** Every number that begins with `prefix`, complete or not: prefix 0… to prefix F…. */
export function rangeOfPrefix(prefix: string): DigitRange {
  const high = packDigits(prefix);
  return { low: high & ~(REST_MASKS[prefix.length] ?? 0n), high };
}

export interface DecidingDigits {
  /** Packed leading digits that decide the row. */
  deciding: bigint;
  /** Packed digits that follow them. */
  rest: bigint;
  /** The number ends within the deciding digits (bit 3 of a charge's flags). */
  wholeNumber: boolean;
}

/**
 * Splits a number at the shortest leading part for which every number that begins so falls into
 * `interval`, which the number itself must fall into. Where no leading part decides, because longer
 * numbers go elsewhere, the number as a whole does.
 * @param digits at most 32; only the first sixteen can decide
 * @throws TallystickError `digits.too-long` when more than sixteen would be left over
 */
export function splitDecidingDigits(digits: string, interval: DigitRange): DecidingDigits {
  const head = packDigits(digits.slice(0, DIGITS_MAX));
  const lengthMax = Math.min(digits.length, DIGITS_MAX);
  for (let length = 0; length <= lengthMax; length++) {
    const mask = REST_MASKS[length] ?? 0n;
    if ((head & ~mask) >= interval.low && (head | mask) <= interval.high) {
      return {
        deciding: head | mask,
        rest: packDigits(digits.slice(length)),
        wholeNumber: false,
      };
    }
  }
  return { deciding: head, rest: NO_DIGITS, wholeNumber: true };
}

/**
 * What deciding digits stand for: every number that begins so, or the one number.
 * @throws TallystickError `digits.malformed`
 */
export function rangeOfDecidingDigits(deciding: bigint, wholeNumber: boolean): DigitRange {
  const digits = unpackDigits(deciding);
  return wholeNumber ? { low: deciding, high: deciding } : rangeOfPrefix(digits);
}
