import { assert, TallystickError } from "../errors.ts";
import {
  addFractions,
  compareFractions,
  fraction,
  roundFractionToMultiple,
} from "../money/fraction.ts";
import { divideDown } from "../money/rounding.ts";
import { LINEAR_PRICE_KIND, NO_MAXIMUM_NANO, type PriceRow } from "../tariff/rows.ts";
import type { Component } from "./outcome.ts";

/** Amounts are 16 bytes on the ledger. */
const AMOUNT_NANO_MAX = 2n ** 128n - 1n;

/** What is billed of a quantity: the first increment, then whole further ones. */
export function billedQuantity(row: PriceRow, quantity: bigint): bigint {
  if (quantity === 0n) return 0n;
  if (quantity <= row.first) return row.first;
  const further = (quantity - row.first + row.step - 1n) / row.step;
  return row.first + row.step * further;
}

/**
 * The closed form of docs/PROTOCOL.md, section 8: a call of a month takes as long to price as one of
 * a second. Everything is exact until the row's rounding.
 * @throws TallystickError `rating.amount-too-large`
 */
export function priceQuantity(
  row: PriceRow,
  quantity: bigint,
): { amountNano: bigint; components: Component[] } {
  assert(row.kind === LINEAR_PRICE_KIND, "a price row is linear");
  const billed = billedQuantity(row, quantity);
  const usage = fraction(row.priceNano * billed, row.per);
  const minimum = fraction(row.minimumNano);
  const maximum = fraction(row.maximumNano);
  let exact = addFractions(fraction(row.setUpNano), usage);
  const isBelow = compareFractions(exact, minimum) < 0;
  if (isBelow) exact = minimum;
  const isAbove = row.maximumNano !== NO_MAXIMUM_NANO && compareFractions(exact, maximum) > 0;
  if (isAbove) exact = maximum;
  const amountNano = roundFractionToMultiple(exact, 10n ** BigInt(9 - row.scale), row.mode);
  if (amountNano > AMOUNT_NANO_MAX) {
    throw new TallystickError(
      "rating.amount-too-large",
      "The price of this record is larger than any amount can be.",
    );
  }

  // What is below a nano-unit of the usage goes to the rounding, so that the parts stay integers.
  const usageNano = divideDown(usage.numerator, usage.denominator);
  const components: Component[] = [];
  let sum = 0n;
  const add = (component: Component): void => {
    sum += component.amountNano;
    components.push(component);
  };
  if (row.setUpNano > 0n) add({ kind: "set-up", amountNano: row.setUpNano });
  add({ kind: "usage", amountNano: usageNano, quantity, billed });
  if (isBelow) add({ kind: "minimum", amountNano: row.minimumNano - sum });
  if (isAbove) add({ kind: "maximum", amountNano: row.maximumNano - sum });
  if (sum !== amountNano) add({ kind: "rounding", amountNano: amountNano - sum });
  return { amountNano, components };
}
