import { ROUNDING_MODES, type RoundingMode } from "../money/rounding.ts";
import {
  floorDivideSafe,
  greatestCommonDivisor,
  roundUpSafe,
  SAFE_MAX,
  type SafeNano,
} from "../money/safe-integers.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { isSameCell, NO_MAXIMUM_NANO, PRICE_KIND, type PriceRow } from "../tariff/rows.ts";
import type { Component } from "./outcome.ts";
import { firstPricePlace } from "./price-pieces.ts";

/*
 * Prices stand one after the other in one array of doubles, a line of the processor's cache (eight of
 * them) for what holds for a whole price and one for each tier: with a thousand zones, whose prices
 * come in no order, a record waits for memory two or three times and not for a dozen objects.
 */
const LINE = 8;
/** Of a price: */
const TIERS = 0;
const DENOMINATOR = 1;
const SET_UP_NANO = 2;
const MINIMUM_NANO = 3;
const MAXIMUM_NANO = 4;
const UNIT = 5;
const MODE = 6;
/** Of a tier; a linear price is one tier without an end: */
const FROM = 0;
const TO = 1;
const FIRST = 2;
const STEP = 3;
const PRICE_NANO = 4;
const PER = 5;
/** What one unit costs, in nano-units of 1/denominator. */
const SCALED_PRICE = 6;
/** Place among all rows, where it is not the charge's own. */
const PLACE = 7;
const NO_PLACE = -1;
const NONE = -1;

/**
 * The price rows of a tariff, or the tiers of each, prepared for arithmetic in checked safe integers: what
 * `price` yields is what the bigint rater yields, and where an intermediate value could pass `SAFE_MAX`, or
 * the row is of another kind, it yields nothing.
 */
export class NumberPrices {
  readonly #values: Float64Array;
  /** By price row: where its line stands. */
  readonly #lines: Int32Array;

  /** @param rows indexes of the rows that prices are asked for: of tiers the first */
  constructor(tariff: CompiledTariff, rows: Iterable<number>) {
    const values: number[] = [];
    this.#lines = new Int32Array(tariff.priceRows.length).fill(NONE);
    for (const price of rows) {
      if (this.#lines[price] !== NONE) continue;
      const prepared = prepare(tariff, price);
      if (prepared === undefined) continue;
      this.#lines[price] = values.length;
      values.push(...prepared);
    }
    this.#values = Float64Array.from(values);
  }

  /**
   * The amount that `price` yields, without its components.
   * @param price index of the price row, -1 for none
   * @param quantity whole units, at most SAFE_MAX
   */
  amount(price: number, quantity: number): SafeNano | undefined {
    const line = this.#lines[price] ?? NONE;
    if (line === NONE) return undefined;
    const values = this.#values;
    let numerator = at(values, line + SET_UP_NANO) * at(values, line + DENOMINATOR);
    const end = line + LINE * (1 + at(values, line + TIERS));
    for (let tier = line + LINE; tier < end; tier += LINE) {
      const from = at(values, tier + FROM);
      const to = at(values, tier + TO);
      if (quantity <= from && at(values, tier + PLACE) !== NO_PLACE) break;
      const billed = billedNumber(values, tier, quantity < to ? quantity - from : to - from);
      const scaled = at(values, tier + SCALED_PRICE) * billed;
      numerator += scaled;
      if (billed > SAFE_MAX || scaled > SAFE_MAX || numerator > SAFE_MAX) return undefined;
    }
    return rounded(values, line, numerator);
  }

  /**
   * @param price index of the price row, -1 for none
   * @param quantity whole units, at most SAFE_MAX
   */
  price(
    price: number,
    quantity: number,
  ): { amountNano: bigint; components: Component[] } | undefined {
    const line = this.#lines[price] ?? NONE;
    if (line === NONE) return undefined;
    const values = this.#values;
    const components: Component[] = [];
    const denominator = at(values, line + DENOMINATOR);
    let sum = at(values, line + SET_UP_NANO);
    let numerator = sum * denominator;
    if (sum > 0) components.push({ kind: "set-up", amountNano: BigInt(sum) });
    const end = line + LINE * (1 + at(values, line + TIERS));
    for (let tier = line + LINE; tier < end; tier += LINE) {
      const from = at(values, tier + FROM);
      const to = at(values, tier + TO);
      const place = at(values, tier + PLACE);
      if (quantity <= from && place !== NO_PLACE) break;
      const used = quantity < to ? quantity - from : to - from;
      const billed = billedNumber(values, tier, used);
      const scaled = at(values, tier + SCALED_PRICE) * billed;
      numerator += scaled;
      if (billed > SAFE_MAX || scaled > SAFE_MAX || numerator > SAFE_MAX) return undefined;
      const nano = floorDivideSafe(at(values, tier + PRICE_NANO) * billed, at(values, tier + PER));
      sum += nano;
      const amountNano = BigInt(nano);
      const usedBig = BigInt(used);
      const billedBig = billed === used ? usedBig : BigInt(billed);
      components.push(
        place === NO_PLACE
          ? { kind: "usage", amountNano, quantity: usedBig, billed: billedBig }
          : { kind: "usage", amountNano, quantity: usedBig, billed: billedBig, row: place },
      );
    }
    const minimum = at(values, line + MINIMUM_NANO);
    if (numerator < minimum * denominator) {
      numerator = minimum * denominator;
      components.push({ kind: "minimum", amountNano: BigInt(minimum - sum) });
      sum = minimum;
    }
    const maximum = at(values, line + MAXIMUM_NANO);
    if (numerator > maximum * denominator) {
      numerator = maximum * denominator;
      components.push({ kind: "maximum", amountNano: BigInt(maximum - sum) });
      sum = maximum;
    }
    const amount = rounded(values, line, numerator);
    if (amount === undefined) return undefined;
    if (sum !== amount) components.push({ kind: "rounding", amountNano: BigInt(amount - sum) });
    return { amountNano: BigInt(amount), components };
  }
}

/** Undefined where the row is of another kind or its own numbers are too large. */
function prepare(tariff: CompiledTariff, price: number): number[] | undefined {
  const row = tariff.priceRows[price] as PriceRow;
  if (row.kind !== PRICE_KIND.linear && row.kind !== PRICE_KIND.sessionTier) return undefined;
  const rows = [row];
  for (let next = price + 1; next < tariff.priceRows.length; next++) {
    if (!isSameCell(row, tariff.priceRows[next] as PriceRow)) break;
    rows.push(tariff.priceRows[next] as PriceRow);
  }
  let denominator = 1;
  for (const { per } of rows) {
    denominator *= Number(per) / greatestCommonDivisor(denominator, Number(per));
    if (denominator > SAFE_MAX) return undefined;
  }
  const hasMaximum = row.maximumNano !== NO_MAXIMUM_NANO;
  const [setUp, minimum, maximum] = [row.setUpNano, row.minimumNano, row.maximumNano].map(Number);
  const unit = 10 ** (9 - row.scale);
  const amounts = [setUp as number, minimum as number, hasMaximum ? (maximum as number) : 0];
  const isSafe = denominator * unit <= SAFE_MAX && denominator * Math.max(...amounts) <= SAFE_MAX;
  if (!isSafe) return undefined;
  const mode = ROUNDING_MODES.indexOf(row.mode);
  const bound = hasMaximum ? (maximum as number) : Number.POSITIVE_INFINITY;
  const values = [
    rows.length,
    denominator,
    setUp as number,
    minimum as number,
    bound,
    unit,
    mode,
    0,
  ];
  for (const [index, tier] of rows.entries()) {
    const isLast = index === rows.length - 1;
    const from = Number(tier.tierFrom);
    const to = isLast ? Number.POSITIVE_INFINITY : Number(tier.tierTo);
    const per = Number(tier.per);
    const scaledPrice = Number(tier.priceNano) * (denominator / per);
    if (scaledPrice > SAFE_MAX || from > SAFE_MAX || (to > SAFE_MAX && !isLast)) return undefined;
    const place = index === 0 ? NO_PLACE : firstPricePlace(tariff) + price + index;
    values.push(from, to, Number(tier.first), Number(tier.step));
    values.push(Number(tier.priceNano), per, scaledPrice, place);
  }
  return values;
}

const at = (values: Float64Array, index: number): number => values[index] as number;

function billedNumber(values: Float64Array, tier: number, quantity: number): number {
  const first = at(values, tier + FIRST);
  if (quantity === 0) return 0;
  if (quantity <= first) return first;
  const step = at(values, tier + STEP);
  return first + step * floorDivideSafe(quantity - first + step - 1, step);
}

/** Within the price's bounds, rounded as the row says. */
function rounded(values: Float64Array, line: number, sum: number): SafeNano | undefined {
  const denominator = at(values, line + DENOMINATOR);
  const unit = at(values, line + UNIT);
  const least = Math.max(sum, at(values, line + MINIMUM_NANO) * denominator);
  const numerator = Math.min(least, at(values, line + MAXIMUM_NANO) * denominator);
  const divisor = denominator * unit;
  const mode = ROUNDING_MODES[at(values, line + MODE)] as RoundingMode;
  let multiple = floorDivideSafe(numerator, divisor);
  if (roundUpSafe(mode, multiple, numerator - multiple * divisor, divisor)) multiple += 1;
  const amount = multiple * unit;
  return amount > SAFE_MAX ? undefined : amount;
}
