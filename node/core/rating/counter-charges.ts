import { minorUnitDigits } from "../money/currency.ts";
import { formatNano } from "../money/decimal.ts";
import { fraction } from "../money/fraction.ts";
import type { CompiledTariff, PriceSource } from "../tariff/compile.ts";
import type { PlacedUse } from "../tariff/plan-uses.ts";
import { isSameCell, type PriceRow } from "../tariff/rows.ts";
import { baseUnitOf } from "../tariff/units.ts";
import { itemOf } from "./period-items.ts";
import type { ExactPart } from "./period-lines.ts";
import { placeOf } from "./plan-pricer.ts";
import { packagesBegun } from "./price-pieces.ts";
import type { StateKey } from "./rating-state.ts";
import { readableCount } from "./readable-units.ts";

/** What a counter's closing value costs. */
export interface CounterCharge {
  name: string;
  /** What it adds to: the service, with its price's tax category. */
  item: string;
  scope: string;
  /** Whose counter it is: a device, or an account. */
  of: string;
  /** Where the counted use lies, in the words of plans. */
  place: PlacedUse;
  parts: ExactPart[];
}

/**
 * Volume and stair-step prices of a period: the tier that the counter's closing value reaches. A
 * tier ends with its last unit, so a value exactly on the border lies in the lower tier; a counter
 * of nothing costs nothing.
 */
export function* counterCharges(
  tariff: CompiledTariff,
  counters: readonly [StateKey, bigint][],
): Generator<CounterCharge> {
  for (const [[, , scope, of = "", name], units] of counters) {
    const index = tariff.priceSources.findIndex(
      ({ counter }) => counter?.name === name && counter?.scope === scope,
    );
    const source = tariff.priceSources[index];
    if (source === undefined || units === 0n || !isAtEnd(source)) continue;
    const first = tariff.priceRows[index] as PriceRow;
    const at = tariff.priceRows.findIndex((one) => isSameCell(first, one) && units <= one.tierTo);
    const row = tariff.priceRows[at];
    const unitsPaid = tariff.priceSources[at]?.unitsPaid;
    const sold = tariff.zones[first.zone - 1]?.service;
    if (row === undefined || sold === undefined) continue;
    const money = (nano: bigint): string => formatNano(nano, minorUnitDigits(tariff.currency));
    const count = (quantity: bigint): string => readableCount(quantity, baseUnitOf(sold));
    const parts = [];
    if (unitsPaid === "in-packages") {
      const packages = packagesBegun(row, 0n, units);
      parts.push({
        because: `${of}: ${count(units)} in ${packages} begun packages of ${count(row.per)} at ${money(row.priceNano)}`,
        exact: fraction(row.priceNano * packages),
      });
    } else if (row.priceNano > 0n || row.setUpNano === 0n) {
      parts.push({
        because: `${of}: ${count(units)} at ${money(row.priceNano)} per ${count(row.per)}`,
        exact: fraction(row.priceNano * units, row.per),
      });
    }
    if (row.setUpNano > 0n) {
      parts.push({
        because: `${of}: fee of the tier that ${count(units)} reach`,
        exact: fraction(row.setUpNano),
      });
    }
    yield {
      name: source.counter?.name ?? "",
      item: itemOf(sold.service, source.price.taxCategory),
      scope: scope ?? "",
      of,
      // Friends' use is not told apart in a counter.
      place: { ...placeOf(tariff, index), isFriend: false },
      parts,
    };
  }
}

/** Whether a price is due at the period's end, by the counter's closing value. */
export const isAtEnd = (source: PriceSource | undefined): boolean =>
  source?.counter?.kind === "volume" || source?.counter?.kind === "stair-step";
