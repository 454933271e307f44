import { assert } from "../errors.ts";

/** Rounding modes in the order of their code in a price row (docs/PROTOCOL.md, section 8). */
export const ROUNDING_MODES = ["half-up", "half-even", "up", "down"] as const;
export type RoundingMode = (typeof ROUNDING_MODES)[number];

/*
 * Integer division with the rounding in the name. Signs are handled by magnitude: "up" is away from
 * zero, "down" towards it, so that a credit rounds like the charge it takes back.
 */

function divideMagnitude(
  numerator: bigint,
  denominator: bigint,
  roundsUp: (quotient: bigint, twiceRemainder: bigint) => boolean,
): bigint {
  assert(denominator > 0n, "a denominator is positive");
  const magnitude = numerator < 0n ? -numerator : numerator;
  let quotient = magnitude / denominator;
  const remainder = magnitude % denominator;
  if (remainder > 0n && roundsUp(quotient, 2n * remainder)) quotient += 1n;
  return numerator < 0n ? -quotient : quotient;
}

export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  return divideMagnitude(numerator, denominator, (_, twice) => twice >= denominator);
}

export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  return divideMagnitude(
    numerator,
    denominator,
    (quotient, twice) => twice > denominator || (twice === denominator && quotient % 2n === 1n),
  );
}

export function divideUp(numerator: bigint, denominator: bigint): bigint {
  return divideMagnitude(numerator, denominator, () => true);
}

export function divideDown(numerator: bigint, denominator: bigint): bigint {
  return divideMagnitude(numerator, denominator, () => false);
}

/** Division by the mode that a tariff names. */
export function divideRounded(numerator: bigint, denominator: bigint, mode: RoundingMode): bigint {
  switch (mode) {
    case "half-up":
      return divideHalfUp(numerator, denominator);
    case "half-even":
      return divideHalfEven(numerator, denominator);
    case "up":
      return divideUp(numerator, denominator);
    case "down":
      return divideDown(numerator, denominator);
  }
}
