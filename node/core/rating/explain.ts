import { minorUnitDigits } from "../money/currency.ts";
import { formatDecimalScaled, formatNano } from "../money/decimal.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { PriceRow } from "../tariff/rows.ts";
import { type BaseUnit, baseUnitOf } from "../tariff/units.ts";
import type { Component, Pricing } from "./outcome.ts";
import { rowsAt } from "./price-charge.ts";

/** Names that people read, the largest first; the largest that divides evenly is used. */
const READABLE: Record<BaseUnit, readonly (readonly [bigint, string, string])[]> = {
  millisecond: [
    [3_600_000n, "h", "hour"],
    [60_000n, "min", "minute"],
    [1_000n, "s", "second"],
    [1n, "ms", "millisecond"],
  ],
  octet: [
    [1_073_741_824n, "GiB", "GiB"],
    [1_000_000_000n, "GB", "GB"],
    [1_048_576n, "MiB", "MiB"],
    [1_000_000n, "MB", "MB"],
    [1_024n, "KiB", "KiB"],
    [1_000n, "KB", "KB"],
    [1n, "octets", "octet"],
  ],
  "milliwatt-hour": [
    [1_000_000n, "kWh", "kWh"],
    [1_000n, "Wh", "Wh"],
    [1n, "mWh", "mWh"],
  ],
  unit: [[1n, "", "unit"]],
};

/** Which row priced a charge, in the document's words: service, direction, zone, band. */
export interface RowLabel {
  service: string;
  direction: string;
  /** Absent where the number does not matter. */
  zone?: string;
  band: string;
}

export function rowLabel(tariff: CompiledTariff, places: Pricing["rows"]): RowLabel {
  const { price } = rowsAt(tariff, places);
  const zone = tariff.zones[price.zone - 1];
  return {
    service: zone?.service.service ?? "unknown",
    direction: zone?.service.direction ?? "none",
    ...(zone?.name === undefined ? {} : { zone: zone.name }),
    band: tariff.bands[price.band - 1] ?? "unknown",
  };
}

/** One sentence for each component of a charge; the amounts in them sum to the charge. */
export function explainComponents(tariff: CompiledTariff, pricing: Pricing): string[] {
  const { price } = rowsAt(tariff, pricing.rows);
  const service = tariff.zones[price.zone - 1]?.service.service ?? "event";
  const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(tariff.currency));
  return pricing.components.map(
    (component) =>
      `${explain(component, price, baseUnitOf(service), money)}: ${money(component.amountNano)}`,
  );
}

function explain(
  component: Component,
  row: PriceRow,
  unit: BaseUnit,
  money: (nano: bigint) => string,
): string {
  switch (component.kind) {
    case "set-up":
      return "set-up fee";
    case "usage":
      return explainUsage(component.quantity ?? 0n, component.billed ?? 0n, row, unit, money);
    case "minimum":
      return `raised to the minimum of ${money(row.minimumNano)}`;
    case "maximum":
      return `lowered to the maximum of ${money(row.maximumNano)}`;
    case "rounding":
      return `rounded ${row.mode.replace("-", " ")} to ${row.scale} decimals`;
  }
}

function explainUsage(
  quantity: bigint,
  billed: bigint,
  row: PriceRow,
  unit: BaseUnit,
  money: (nano: bigint) => string,
): string {
  const price = money(row.priceNano);
  const used = count(quantity, unit);
  const isWholeUnits = row.first === row.per && row.step === row.per && billed % row.per === 0n;
  const per = row.per === unitDividing(row.per, unit)[0] ? unitDividing(row.per, unit)[2] : "";
  if (isWholeUnits && per !== "" && unit === "millisecond") {
    const started = billed / row.per;
    return started === 1n
      ? `${used} are 1 started ${per} at ${price}`
      : `${used} are ${started} started ${per}s at ${price}`;
  }
  const each = unit === "unit" && row.per === 1n ? "each" : `per ${per || count(row.per, unit)}`;
  if (billed === quantity) return `${used} at ${price} ${each}`;
  const steps =
    row.first === row.step
      ? `in steps of ${count(row.step, unit)}`
      : `the first ${count(row.first, unit)}, then steps of ${count(row.step, unit)}`;
  return `${used} are billed as ${count(billed, unit)} (${steps}) at ${price} ${each}`;
}

function count(quantity: bigint, unit: BaseUnit): string {
  // A duration is read in seconds, as on a phone; minutes and hours are for prices.
  if (unit === "millisecond") return `${formatDecimalScaled(quantity, 3)} s`;
  const [size, name] = unitDividing(quantity, unit);
  return name === "" ? `${quantity / size}` : `${quantity / size} ${name}`;
}

function unitDividing(quantity: bigint, unit: BaseUnit): readonly [bigint, string, string] {
  const readable = READABLE[unit];
  const fits = quantity === 0n ? undefined : readable.find(([size]) => quantity % size === 0n);
  return fits ?? (readable[readable.length - 1] as readonly [bigint, string, string]);
}
