import type { RoundingMode } from "./rounding.ts";

/*
 * The one place where amounts are `number`: whole, never negative, at most SAFE_MAX, so that sums of
 * two and doubled remainders stay below 2^53, where every integer is exact. A row of columns carries its
 * amount so (`SafeNano`), from its price to its place in a block: a bigint each is memory to clean up. Whoever uses it checks
 * each product against SAFE_MAX and falls back to bigint beyond; a product that is too large is
 * itself larger than SAFE_MAX, whatever its lost digits.
 */

export const SAFE_MAX = 2 ** 52;

/** Whole nano-units, never negative, at most SAFE_MAX. */
export type SafeNano = number;

/**
 * floor(a / b) for 0 ≤ a ≤ SAFE_MAX and 1 ≤ b. Where a / b lies below an integer k, it does so by at
 * least 1 / b, and that is more than the double near k is off, because k × b ≤ 2^52: so the rounded
 * quotient never reaches k.
 */
export function floorDivideSafe(a: number, b: number): number {
  return Math.floor(a / b);
}

/** Whether a division with this quotient and remainder is rounded away from zero. */
export function roundUpSafe(
  mode: RoundingMode,
  quotient: number,
  remainder: number,
  divisor: number,
): boolean {
  switch (mode) {
    case "half-up":
      return 2 * remainder >= divisor;
    case "half-even":
      return 2 * remainder > divisor || (2 * remainder === divisor && quotient % 2 === 1);
    case "up":
      return remainder > 0;
    case "down":
      return false;
  }
}

export function greatestCommonDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b];
  while (smaller > 0) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
