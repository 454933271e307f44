import { assert } from "../errors.ts";
import { divideRounded, type RoundingMode } from "./rounding.ts";

/**
 * An exact fraction; the denominator is positive, common factors may remain. 0.10 per 60 s does not
 * end in decimals, so amounts stay fractions until the tariff's rounding point.
 */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export function fraction(numerator: bigint, denominator = 1n): Fraction {
  assert(denominator > 0n, "a denominator is positive");
  return { numerator, denominator };
}

export function addFractions(a: Fraction, b: Fraction): Fraction {
  if (a.denominator === b.denominator) {
    return { numerator: a.numerator + b.numerator, denominator: a.denominator };
  }
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

/** Negative when a < b, zero when equal, positive when a > b. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The multiple of `unit` that the mode names, as an integer (not counted in units). */
export function roundFractionToMultiple(value: Fraction, unit: bigint, mode: RoundingMode): bigint {
  return divideRounded(value.numerator, value.denominator * unit, mode) * unit;
}
