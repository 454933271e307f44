import type { RoundingMode } from "../money/rounding.ts";
import {
  floorDivideSafe,
  greatestCommonDivisor,
  roundUpSafe,
  SAFE_MAX,
} from "../money/safe-integers.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { isSameCell, NO_MAXIMUM_NANO, PRICE_KIND, type PriceRow } from "../tariff/rows.ts";
import type { Component } from "./outcome.ts";
import { firstPricePlace } from "./price-pieces.ts";

/** One tier in checked safe integers; a linear price is one tier without an end. */
interface NumberTier {
  from: number;
  to: number;
  first: number;
  step: number;
  priceNano: number;
  per: number;
  /** What one unit costs, in nano-units of 1/`denominator`. */
  scaledPrice: number;
  /** Place among all rows, where it is not the charge's own. */
  place: number | undefined;
}

/**
 * A price row, or the tiers of one, prepared for arithmetic in numbers: what `price` yields is what
 * the bigint rater yields, and where an intermediate value could pass `SAFE_MAX` it yields nothing.
 */
export class NumberPrice {
  readonly #tiers: NumberTier[];
  readonly #denominator: number;
  readonly #setUpNano: number;
  readonly #setUpBig: bigint;
  readonly #minimumNano: number;
  readonly #maximumNano: number;
  readonly #unit: number;
  readonly #mode: RoundingMode;

  private constructor(row: PriceRow, tiers: NumberTier[], denominator: number) {
    this.#tiers = tiers;
    this.#denominator = denominator;
    this.#setUpNano = Number(row.setUpNano);
    this.#setUpBig = row.setUpNano;
    this.#minimumNano = Number(row.minimumNano);
    this.#maximumNano =
      row.maximumNano === NO_MAXIMUM_NANO ? Number.POSITIVE_INFINITY : Number(row.maximumNano);
    this.#unit = 10 ** (9 - row.scale);
    this.#mode = row.mode;
  }

  /** Undefined where the row is of another kind or its own numbers are too large. */
  static of(tariff: CompiledTariff, price: number): NumberPrice | undefined {
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
    const tiers = rows.map(
      (tier, index): NumberTier => ({
        from: Number(tier.tierFrom),
        to: index === rows.length - 1 ? Number.POSITIVE_INFINITY : Number(tier.tierTo),
        first: Number(tier.first),
        step: Number(tier.step),
        priceNano: Number(tier.priceNano),
        per: Number(tier.per),
        scaledPrice: Number(tier.priceNano) * (denominator / Number(tier.per)),
        place: index === 0 ? undefined : firstPricePlace(tariff) + price + index,
      }),
    );
    const prepared = new NumberPrice(row, tiers, denominator);
    return prepared.#isSafe() ? prepared : undefined;
  }

  #isSafe(): boolean {
    const bound = this.#maximumNano === Number.POSITIVE_INFINITY ? 0 : this.#maximumNano;
    return (
      this.#denominator * this.#unit <= SAFE_MAX &&
      this.#denominator * Math.max(this.#setUpNano, this.#minimumNano, bound) <= SAFE_MAX &&
      this.#tiers.every(
        ({ from, scaledPrice, to }) =>
          scaledPrice <= SAFE_MAX && from <= SAFE_MAX && (to <= SAFE_MAX || !Number.isFinite(to)),
      )
    );
  }

  /** The amount that `price` yields, without its components. @param quantity whole units, at most SAFE_MAX */
  amount(quantity: number): bigint | undefined {
    let numerator = this.#setUpNano * this.#denominator;
    for (const tier of this.#tiers) {
      if (quantity <= tier.from && tier.place !== undefined) break;
      const billed = billedNumber(
        tier,
        quantity < tier.to ? quantity - tier.from : tier.to - tier.from,
      );
      const scaled = tier.scaledPrice * billed;
      numerator += scaled;
      if (billed > SAFE_MAX || scaled > SAFE_MAX || numerator > SAFE_MAX) return undefined;
    }
    const amount = this.#rounded(numerator);
    return amount === undefined ? undefined : BigInt(amount);
  }

  /** Within the price's bounds, rounded as the row says. */
  #rounded(sum: number): number | undefined {
    const denominator = this.#denominator;
    const least = Math.max(sum, this.#minimumNano * denominator);
    const numerator = Math.min(least, this.#maximumNano * denominator);
    const divisor = denominator * this.#unit;
    let multiple = floorDivideSafe(numerator, divisor);
    if (roundUpSafe(this.#mode, multiple, numerator - multiple * divisor, divisor)) multiple += 1;
    const amount = multiple * this.#unit;
    return amount > SAFE_MAX ? undefined : amount;
  }

  /** @param quantity whole units, at most SAFE_MAX */
  price(quantity: number): { amountNano: bigint; components: Component[] } | undefined {
    const components: Component[] = [];
    let numerator = this.#setUpNano * this.#denominator;
    let sum = this.#setUpNano;
    if (sum > 0) components.push({ kind: "set-up", amountNano: this.#setUpBig });
    for (const tier of this.#tiers) {
      if (quantity <= tier.from && tier.place !== undefined) break;
      const used = quantity < tier.to ? quantity - tier.from : tier.to - tier.from;
      const billed = billedNumber(tier, used);
      const scaled = tier.scaledPrice * billed;
      numerator += scaled;
      if (billed > SAFE_MAX || scaled > SAFE_MAX || numerator > SAFE_MAX) return undefined;
      const nano = floorDivideSafe(tier.priceNano * billed, tier.per);
      sum += nano;
      const amountNano = BigInt(nano);
      const usedBig = BigInt(used);
      const billedBig = billed === used ? usedBig : BigInt(billed);
      components.push(
        tier.place === undefined
          ? { kind: "usage", amountNano, quantity: usedBig, billed: billedBig }
          : { kind: "usage", amountNano, quantity: usedBig, billed: billedBig, row: tier.place },
      );
    }
    const denominator = this.#denominator;
    if (numerator < this.#minimumNano * denominator) {
      numerator = this.#minimumNano * denominator;
      components.push({ kind: "minimum", amountNano: BigInt(this.#minimumNano - sum) });
      sum = this.#minimumNano;
    }
    if (numerator > this.#maximumNano * denominator) {
      numerator = this.#maximumNano * denominator;
      components.push({ kind: "maximum", amountNano: BigInt(this.#maximumNano - sum) });
      sum = this.#maximumNano;
    }
    const amount = this.#rounded(numerator);
    if (amount === undefined) return undefined;
    if (sum !== amount) components.push({ kind: "rounding", amountNano: BigInt(amount - sum) });
    return { amountNano: BigInt(amount), components };
  }
}

function billedNumber({ first, step }: NumberTier, quantity: number): number {
  if (quantity === 0) return 0;
  if (quantity <= first) return first;
  return first + step * floorDivideSafe(quantity - first + step - 1, step);
}
