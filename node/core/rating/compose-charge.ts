import { TallystickError } from "../errors.ts";
import { parseDecimalScaled } from "../money/decimal.ts";
import {
  addFractions,
  compareFractions,
  type Fraction,
  fraction,
  roundFractionToMultiple,
} from "../money/fraction.ts";
import { divideDown } from "../money/rounding.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { NO_MAXIMUM_NANO, PLAN_REDUCES, PRICE_KIND, type PriceRow } from "../tariff/rows.ts";
import type { Component } from "./outcome.ts";
import { firstPricePlace, type Piece } from "./price-pieces.ts";

/** Amounts are 16 bytes on the ledger. */
const AMOUNT_NANO_MAX = 2n ** 128n - 1n;

const PERCENT_DIGITS = 7;
const WHOLE = 100n * 10n ** BigInt(PERCENT_DIGITS);

export interface PricedUse {
  quantity: bigint;
  billed: bigint;
  pieces: Piece[];
  /** Units that allowances paid, with their components. */
  covered?: Component[];
  /** False where an allowance that covers all units covers the fee too. */
  isSetUpDue?: boolean;
  /** False where allowances cover all units: there is nothing to raise. */
  isMinimumDue?: boolean;
  discounts?: readonly { name: string; percent: string }[];
}

/** "7.5" as a share of `whole`. */
export function percentFraction(percent: string): Fraction {
  return fraction(parseDecimalScaled(percent, PERCENT_DIGITS), WHOLE);
}

export function multiplyFractions(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.numerator, a.denominator * b.denominator);
}

export const negate = ({ numerator, denominator }: Fraction): Fraction => ({
  numerator: -numerator,
  denominator,
});

/**
 * Puts a charge together in the fixed order (docs/TARIFFS.md): units, set-up, minimum, maximum,
 * discounts, each on what is left, then the row's rounding. Exact until then; what each part has
 * below a nano-unit goes to the rounding, so that the components stay integers and sum up.
 * @param price index of the row whose set-up fee, bounds and rounding hold
 * @throws TallystickError `rating.amount-too-large`
 */
export function composeCharge(
  tariff: CompiledTariff,
  price: number,
  use: PricedUse,
): { amountNano: bigint; components: Component[] } {
  const row = tariff.priceRows[price] as PriceRow;
  const components: Component[] = [...(use.covered ?? [])];
  let exact = fraction(0n);
  let sum = 0n;
  const unit = 10n ** BigInt(9 - row.scale);
  const { rounding } = tariff.document;
  const isByParts =
    rounding.of === "component" && tariff.priceSources[price]?.price.rounding === undefined;
  // Rounded by itself, a discount could be more than what is left of a bound with more decimals.
  const roundedPart = (part: Fraction, left: Fraction): bigint => {
    const rounded = roundFractionToMultiple(part, unit, row.mode);
    const most = divideDown(left.numerator, left.denominator);
    return rounded < -most ? -most : rounded;
  };
  const add = (part: Fraction, component: Omit<Component, "amountNano">): void => {
    const amountNano = divideDown(part.numerator, part.denominator);
    components.push({ ...component, amountNano });
    sum += amountNano;
    const rounded = isByParts ? roundedPart(part, exact) : amountNano;
    exact = addFractions(exact, isByParts ? fraction(rounded) : part);
    if (rounded === amountNano) return;
    components.push({ kind: "rounding", amountNano: rounded - amountNano });
    sum = sum - amountNano + rounded;
  };
  // What is due at the period's end keeps its tier's fee there, whether allowances covered the use or not.
  const kind = row.kind & ~PLAN_REDUCES;
  const isCountedOnly = kind === PRICE_KIND.volume || kind === PRICE_KIND.stairStep;
  if (row.setUpNano > 0n && use.isSetUpDue !== false && !isCountedOnly) {
    add(fraction(row.setUpNano), { kind: "set-up" });
  }
  for (const piece of use.pieces) {
    const { quantity, billed, counterBefore, feeNano } = piece;
    const row = piece.price === price ? {} : { row: firstPricePlace(tariff) + piece.price };
    if (feeNano !== undefined) add(fraction(feeNano), { kind: "tier-fee", ...row });
    add(piece.exact, {
      kind: piece.isCounted ? "counted" : "usage",
      quantity,
      billed,
      ...row,
      ...(counterBefore === undefined ? {} : { counterBefore }),
    });
  }
  const minimum = fraction(row.minimumNano);
  const moveTo = (bound: bigint, kind: "minimum" | "maximum"): void => {
    components.push({ kind, amountNano: bound - sum });
    sum = bound;
    exact = fraction(bound);
  };
  if (use.isMinimumDue !== false && compareFractions(exact, minimum) < 0) {
    moveTo(row.minimumNano, "minimum");
  }
  const maximum = fraction(row.maximumNano);
  if (row.maximumNano !== NO_MAXIMUM_NANO && compareFractions(exact, maximum) > 0) {
    moveTo(row.maximumNano, "maximum");
  }
  for (const { name, percent } of use.discounts ?? []) {
    add(negate(multiplyFractions(exact, percentFraction(percent))), {
      kind: "discount",
      name,
      percent,
    });
  }
  const amountNano = roundFractionToMultiple(exact, unit, row.mode);
  if (amountNano > AMOUNT_NANO_MAX) {
    throw new TallystickError(
      "rating.amount-too-large",
      "The price of this record is larger than any amount can be.",
    );
  }
  if (sum !== amountNano) components.push({ kind: "rounding", amountNano: amountNano - sum });
  return { amountNano, components };
}
