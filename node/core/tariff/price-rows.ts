import { parseDecimalNano } from "../money/decimal.ts";
import { divideHalfEven } from "../money/rounding.ts";
import type { TariffDocument, TariffPrice } from "./document.ts";
import { exchangeRate, reduced } from "./exchange.ts";
import { isLedgerProvable, NO_MAXIMUM_NANO, type PriceRow, TIER_END } from "./rows.ts";
import { unitSize } from "./units.ts";

type TierStep = NonNullable<TariffPrice["tiers"]>["steps"][number];
type Increments = NonNullable<TariffPrice["increments"]>;

/** The rows of one price in one zone and band: one for each tier, in ascending order. */
export function priceRowsOf(
  price: TariffPrice,
  cell: Pick<PriceRow, "zone" | "band" | "kind" | "area" | "origin" | "class">,
  document: TariffDocument,
): PriceRow[] {
  const { mode, scale } = roundingOf(price, document);
  const money = moneyOf(price, document);
  const increments = price.increments ?? { first: 1, further: 1, unit: "unit" as const };
  const base = {
    ...cell,
    minimumNano: money.nano(price.minimum ?? "0"),
    maximumNano: price.maximum === undefined ? NO_MAXIMUM_NANO : money.nano(price.maximum),
    mode,
    scale,
    split: price.split ?? 1,
  };
  const rows = tiersOf(price, money, increments).map((tier) => ({ ...base, ...tier }));
  return rows.map((row) => ({ ...row, provable: isLedgerProvable(row) }));
}

/** What is due with the first unit of a graduated tier; 0 for most. */
export function tierFeeNano(price: TariffPrice, step: number, document: TariffDocument): bigint {
  const fee = price.tiers?.kind === "graduated" ? price.tiers.steps[step]?.fee : undefined;
  return fee === undefined ? 0n : moneyOf(price, document).nano(fee);
}

type Tier = Pick<
  PriceRow,
  "priceNano" | "per" | "setUpNano" | "first" | "step" | "tierFrom" | "tierTo"
>;

/** Amounts of a price in nano-units of the tariff's currency. */
interface PriceMoney {
  /** Of a whole amount: half even to the nano-unit where it was converted. */
  nano: (written: string) => bigint;
  /** Of an amount per units: exact, also where it was converted. */
  perUnits: (price: TariffPrice["price"]) => Pick<PriceRow, "priceNano" | "per">;
  /** Of a package: its size stays what it is, so its amount is converted as a whole one. */
  perPackage: (price: TariffPrice["price"]) => Pick<PriceRow, "priceNano" | "per">;
}

/** Whether the units of a tier are paid in whole packages. */
export function isOfPackages({ tiers }: TariffPrice, step: TierStep | undefined): boolean {
  return tiers?.kind === "package" || step?.package !== undefined;
}

function moneyOf({ currency }: TariffPrice, document: TariffDocument): PriceMoney {
  const rate = exchangeRate(document, currency ?? document.currency) ?? reduced(0n, 1n);
  const convert = (nano: bigint): bigint => divideHalfEven(nano * rate.numerator, rate.denominator);
  return {
    nano: (written) => convert(parseDecimalNano(written)),
    perPackage: (price) => {
      const { priceNano, per } = unitPrice(price);
      return { priceNano: convert(priceNano), per };
    },
    perUnits: (price) => {
      const { priceNano, per } = unitPrice(price);
      if (rate.numerator === rate.denominator) return { priceNano, per };
      const exact = reduced(priceNano * rate.numerator, per * rate.denominator);
      return { priceNano: exact.numerator, per: exact.denominator };
    },
  };
}

/** What is rounded later keeps every nano-unit until then. */
function roundingOf(
  price: TariffPrice,
  { rounding }: TariffDocument,
): TariffPrice["rounding"] & {} {
  if (price.rounding !== undefined) return price.rounding;
  const isLater = rounding.of === "line" || rounding.of === "invoice";
  return { mode: rounding.mode, scale: isLater ? 9 : rounding.scale };
}

function tiersOf(price: TariffPrice, money: PriceMoney, increments: Increments): Tier[] {
  const { tiers } = price;
  const setUpNano = money.nano(price.setUp ?? "0");
  if (tiers === undefined) {
    return [
      {
        ...money.perUnits(price.price),
        setUpNano,
        ...sizes(increments),
        tierFrom: 0n,
        tierTo: TIER_END,
      },
    ];
  }
  let tierFrom = 0n;
  let counted = increments;
  return tiers.steps.map((step, index) => {
    if (step.increments !== undefined) counted = step.increments;
    // After the first tier the first increment is over, unless a tier brings its own.
    else if (index > 0) counted = { ...counted, first: counted.further };
    const tierTo = step.upTo === undefined ? TIER_END : BigInt(step.upTo) * unitSize(tiers.unit);
    const tier = {
      ...(isOfPackages(price, step)
        ? money.perPackage(step.package ?? step.price)
        : money.perUnits(step.price)),
      setUpNano:
        step.fee === undefined || tiers.kind === "graduated" ? setUpNano : money.nano(step.fee),
      ...sizes(counted),
      tierFrom,
      tierTo,
    };
    tierFrom = tierTo;
    return tier;
  });
}

/** A tier with a fee alone has no price for its units. */
function unitPrice(price: TariffPrice["price"]): Pick<PriceRow, "priceNano" | "per"> {
  if (price === undefined) return { priceNano: 0n, per: 1n };
  return {
    priceNano: parseDecimalNano(price.amount),
    per: BigInt(price.per) * unitSize(price.unit),
  };
}

function sizes({ first, further, unit }: Increments): Pick<PriceRow, "first" | "step"> {
  return { first: BigInt(first) * unitSize(unit), step: BigInt(further) * unitSize(unit) };
}
