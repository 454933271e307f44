import { parseDecimalScaled } from "../money/decimal.ts";
import { divideHalfEven } from "../money/rounding.ts";
import type { TariffDocument } from "./document.ts";

/*
 * A tariff's rates of exchange, one list of one date. They stand in the document, so its root binds
 * them: whoever checks a price converts by the very rates that it was made with.
 */

const RATE_DIGITS = 12;
const RATE_SCALE = 10n ** BigInt(RATE_DIGITS);

/** A rate as an exact ratio: so much of the tariff's currency for one unit of the other. */
export interface ExchangeRate {
  numerator: bigint;
  denominator: bigint;
}

/** Undefined where the document has no rate for the currency; 1 for its own. */
export function exchangeRate(
  { currency: own, exchange }: Pick<TariffDocument, "currency" | "exchange">,
  currency: string,
): ExchangeRate | undefined {
  if (currency === own) return { numerator: 1n, denominator: 1n };
  const rate = exchange?.rates.find((one) => one.currency === currency)?.rate;
  if (rate === undefined) return undefined;
  return reduced(parseDecimalScaled(rate, RATE_DIGITS), RATE_SCALE);
}

/** An amount in nano-units of the tariff's currency, half even; undefined without a rate. */
export function convertNano(
  document: Pick<TariffDocument, "currency" | "exchange">,
  nano: bigint,
  currency: string,
): bigint | undefined {
  const rate = exchangeRate(document, currency);
  if (rate === undefined) return undefined;
  return divideHalfEven(nano * rate.numerator, rate.denominator);
}

export function reduced(numerator: bigint, denominator: bigint): ExchangeRate {
  let [larger, smaller] = [denominator, numerator];
  while (smaller > 0n) [larger, smaller] = [smaller, larger % smaller];
  return { numerator: numerator / larger, denominator: denominator / larger };
}
