import { TallystickError } from "../errors.ts";

/** One unit of a currency is 10^9 nano-units; every amount is a bigint of these. */
export const NANO_DIGITS = 9;
export const NANO_PER_UNIT = 1_000_000_000n;

const TEXT_LENGTH_MAX = 60;

/**
 * A decimal string as exact integer of 10^-digits: "1.25" with 3 digits is 1250n. Nothing is ever
 * rounded: more decimals than `digits` are refused unless they are zeros.
 * @throws TallystickError `decimal.not-a-decimal` (exponents, NaN, signs other than "-", blanks),
 *   `decimal.too-long`, `decimal.too-fine`
 */
export function parseDecimalScaled(text: string, digits: number): bigint {
  if (typeof text === "string" && text.length > TEXT_LENGTH_MAX) {
    throw new TallystickError(
      "decimal.too-long",
      `A number of ${text.length} characters; at most ${TEXT_LENGTH_MAX} are read.`,
    );
  }
  const match = typeof text === "string" ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) : null;
  if (match === null) {
    throw new TallystickError(
      "decimal.not-a-decimal",
      `Expected a plain decimal number such as 12.50, got ${JSON.stringify(text)?.slice(0, 40)}.`,
    );
  }
  const [, sign, whole = "", decimals = ""] = match;
  const kept = decimals.slice(0, digits);
  if (/[1-9]/.test(decimals.slice(digits))) {
    throw new TallystickError(
      "decimal.too-fine",
      `${text} has more than ${digits} decimals and can not be kept exactly.`,
    );
  }
  const value = BigInt(whole + kept.padEnd(digits, "0"));
  return sign === "-" ? -value : value;
}

/** The reverse of `parseDecimalScaled`: no trailing zeros beyond `decimalsMin`. */
export function formatDecimalScaled(value: bigint, digits: number, decimalsMin = 0): string {
  const text = (value < 0n ? -value : value).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  let decimals = text.slice(text.length - digits).replace(/0+$/, "");
  decimals = decimals.padEnd(decimalsMin, "0");
  return `${value < 0n ? "-" : ""}${whole}${decimals === "" ? "" : `.${decimals}`}`;
}

/** A decimal string in units of a currency as nano-units. Errors as `parseDecimalScaled`. */
export function parseDecimalNano(text: string): bigint {
  return parseDecimalScaled(text, NANO_DIGITS);
}

/** Nano-units as a decimal string with at least `minDecimals` decimals, exact. */
export function formatNano(nano: bigint, minDecimals = 0): string {
  return formatDecimalScaled(nano, NANO_DIGITS, minDecimals);
}
