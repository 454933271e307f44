import { minorUnitDigits } from "../money/currency.ts";
import { formatNano } from "../money/decimal.ts";
import type { CompiledTariff, PriceSource } from "../tariff/compile.ts";
import { PLAN_REDUCES, PRICE_KIND, type PriceRow, TIER_END } from "../tariff/rows.ts";
import { type BaseUnit, baseUnitOf } from "../tariff/units.ts";
import type { Component, Pricing } from "./outcome.ts";
import { rowsAt } from "./price-charge.ts";
import { firstPricePlace } from "./price-pieces.ts";
import { readableCount, readableUnit } from "./readable-units.ts";

/** Which row priced a charge, in the document's words: service, direction, zone, band. */
export interface RowLabel {
  service: string;
  direction: string;
  /** Absent where the number does not matter. */
  zone?: string;
  band: string;
  /** Where the price asks for them. */
  area?: string;
  origin?: string;
  class?: string;
}

export function rowLabel(tariff: CompiledTariff, places: Pricing["rows"]): RowLabel {
  const { price } = rowsAt(tariff, places);
  const zone = tariff.zones[price.zone - 1];
  return {
    service: zone?.service.service ?? "unknown",
    direction: zone?.service.direction ?? "none",
    ...(zone?.name === undefined ? {} : { zone: zone.name }),
    band: tariff.bands[price.band - 1] ?? "unknown",
    ...named("area", tariff.conditions.areas[price.area - 1]),
    ...named("origin", tariff.conditions.origins[price.origin - 1]),
    ...named("class", tariff.conditions.classes[price.class - 1]),
  };
}

const named = (key: string, name: string | undefined): object =>
  name === undefined ? {} : { [key]: name };

/** One sentence for each component of a charge; the amounts in them sum to the charge. */
export function explainComponents(
  tariff: CompiledTariff,
  pricing: Pick<Pricing, "components" | "rows">,
): string[] {
  const { price } = rowsAt(tariff, pricing.rows);
  const service = tariff.zones[price.zone - 1]?.service ?? "event";
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(tariff.currency));
  return pricing.components.map((component) => {
    const place = component.row ?? pricing.rows.price;
    const row =
      component.row === undefined ? price : rowsAt(tariff, { ...pricing.rows, price: place }).price;
    const unit = baseUnitOf(service);
    const unitsPaid = tariff.priceSources[place - firstPricePlace(tariff)]?.unitsPaid;
    const sentence =
      explain(component, row, unitsPaid, unit, money) + explainPlace(tariff, component, row);
    return `${sentence}: ${money(component.amountNano)}`;
  });
}

function explain(
  component: Component,
  row: PriceRow,
  unitsPaid: PriceSource["unitsPaid"],
  unit: BaseUnit,
  money: (nano: bigint) => string,
): string {
  const { quantity = 0n, billed = 0n, name = "" } = component;
  switch (component.kind) {
    case "set-up":
      return "set-up fee";
    case "tier-fee":
      return `fee of the tier from ${readableCount(row.tierFrom, unit)}`;
    case "usage":
      if (unitsPaid === "by-fee") return `${readableCount(billed, unit)} in the fee of the tier`;
      return unitsPaid === "in-packages"
        ? `${readableCount(billed, unit)} in packages of ${readableCount(row.per, unit)} at ${money(row.priceNano)} when begun`
        : explainUsage(quantity, billed, row, unit, money);
    case "covered":
      return `${readableCount(billed, unit)} covered by the allowance "${name}"`;
    case "counted":
      return `${readableCount(billed, unit)} counted, and charged with the period's sum at its end`;
    case "too-short":
      return `${readableCount(quantity, unit)} are too short to be charged`;
    case "sponsored":
      return `paid by the sponsor of "${name}"`;
    case "minimum":
      return `raised to the minimum of ${money(row.minimumNano)}`;
    case "maximum":
      return `lowered to the maximum of ${money(row.maximumNano)}`;
    case "discount":
      return `${component.percent} % off what is left, by "${name}"`;
    case "rounding":
      return `rounded ${row.mode.replace("-", " ")} to ${row.scale} decimals`;
    case "limit":
      return `kept to the maximum of "${name}"`;
    case "allowance":
      return `paid by the allowance "${name}"`;
  }
}

/** Which band or tier, where a charge can lie in several. */
function explainPlace(tariff: CompiledTariff, { kind, billed }: Component, row: PriceRow): string {
  if (kind !== "usage" || billed === 0n) return "";
  if (isKind(row, PRICE_KIND.byIncrementBand)) return `, in ${tariff.bands[row.band - 1]}`;
  if (!isKind(row, PRICE_KIND.sessionTier) && !isKind(row, PRICE_KIND.counterTier)) return "";
  const service = tariff.zones[row.zone - 1]?.service ?? "event";
  const over = isKind(row, PRICE_KIND.sessionTier) ? "of the session" : "of the counter";
  const unit = baseUnitOf(service);
  return row.tierTo === TIER_END
    ? `, above ${readableCount(row.tierFrom, unit)} ${over}`
    : `, up to ${readableCount(row.tierTo, unit)} ${over}`;
}

const isKind = (row: PriceRow, kind: number): boolean => (row.kind & ~PLAN_REDUCES) === kind;

function explainUsage(
  quantity: bigint,
  billed: bigint,
  row: PriceRow,
  unit: BaseUnit,
  money: (nano: bigint) => string,
): string {
  if (unit === "nano-unit") return explainPart(quantity, row);
  const price = money(row.priceNano);
  const used = readableCount(quantity, unit);
  const isWholeUnits = row.first === row.per && row.step === row.per && billed % row.per === 0n;
  const per = row.per === readableUnit(row.per, unit)[0] ? readableUnit(row.per, unit)[2] : "";
  if (isWholeUnits && per !== "" && unit === "millisecond") {
    const started = billed / row.per;
    return started === 1n
      ? `${used} are 1 started ${per} at ${price}`
      : `${used} are ${started} started ${per}s at ${price}`;
  }
  const each =
    unit === "unit" && row.per === 1n ? "each" : `per ${per || readableCount(row.per, unit)}`;
  if (billed === quantity) return `${used} at ${price} ${each}`;
  const steps =
    row.first === row.step
      ? `in steps of ${readableCount(row.step, unit)}`
      : `the first ${readableCount(row.first, unit)}, then steps of ${readableCount(row.step, unit)}`;
  return `${used} are billed as ${readableCount(billed, unit)} (${steps}) at ${price} ${each}`;
}

/** A price of an amount, as percent where that ends in decimals. */
function explainPart(amountNano: bigint, { priceNano, per }: PriceRow): string {
  const of = `of ${readableCount(amountNano, "nano-unit")}`;
  const scale = 10n ** 9n;
  return (priceNano * 100n * scale) % per === 0n
    ? `${formatNano((priceNano * 100n * scale) / per)} % ${of}`
    : `${priceNano}/${per} ${of}`;
}
