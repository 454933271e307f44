import { TallystickError } from "../errors.ts";
import { type CompiledTariff, findCalendarRow, findIntervalRow } from "../tariff/compile.ts";
import { ANY_CELL, areaOf, originOf, type PriceCell } from "../tariff/conditions.ts";
import { rangeOfDecidingDigits } from "../tariff/digits.ts";
import {
  type CalendarRow,
  type IntervalRow,
  LINEAR_PRICE_KIND,
  type PriceRow,
} from "../tariff/rows.ts";
import { unitSize } from "../tariff/units.ts";
import { composeCharge } from "./compose-charge.ts";
import type { Pricing, PricingFacts, RowPlaces } from "./outcome.ts";
import {
  billedOf,
  calendarEnded,
  firstPricePlace,
  piecesOf,
  requirePriceRow,
} from "./price-pieces.ts";
import { priceQuantity } from "./price-quantity.ts";

const MINUTE = 60_000;

/**
 * Prices a charge from what its charge group shows: the operator when it rates, and anyone who
 * checks the charge later, without the number it went to.
 * @throws TallystickError `rating.no-row-for-number`, `rating.digits-do-not-decide`,
 *   `rating.tariff-not-in-force`, `rating.calendar-ended`, `rating.no-price`,
 *   `rating.needs-account`, `rating.amount-too-large`, `digits.malformed`
 */
export function priceCharge(tariff: CompiledTariff, facts: PricingFacts): Pricing {
  return priceInInterval(tariff, intervalOf(tariff, facts), facts);
}

/** The rows that price a charge, whatever its account's plan makes of them. @throws as `priceCharge` */
export function placeCharge(tariff: CompiledTariff, facts: PricingFacts): RowPlaces {
  return placesInInterval(tariff, intervalOf(tariff, facts), facts);
}

function intervalOf(tariff: CompiledTariff, facts: PricingFacts): number {
  requireInForce(tariff, facts.startMilliseconds);
  const { service, direction, decidingDigits, wholeNumber } = facts;
  const range = rangeOfDecidingDigits(decidingDigits, wholeNumber);
  const interval = findIntervalRow(tariff, service, direction, range.low);
  const row = interval === undefined ? undefined : tariff.intervalRows[interval];
  if (interval === undefined || row === undefined) throw noRowForNumber();
  if (range.high > row.high) {
    throw new TallystickError(
      "rating.digits-do-not-decide",
      "The digits that are shown do not decide the zone: longer numbers go elsewhere.",
    );
  }
  return interval;
}

/** The second half of `priceCharge`, for a caller who has found the interval row already. */
export function priceInInterval(
  tariff: CompiledTariff,
  interval: number,
  facts: PlacingFacts & Pick<PricingFacts, "quantity" | "counterBefore">,
): Pricing {
  const rows = placesInInterval(tariff, interval, facts);
  const price = rows.price - firstPricePlace(tariff);
  const row = tariff.priceRows[price] as PriceRow;
  const priced =
    row.kind === LINEAR_PRICE_KIND
      ? priceQuantity(row, facts.quantity)
      : priceAlone(tariff, price, facts);
  return { ...priced, rows };
}

type PlacingFacts = Pick<
  PricingFacts,
  "startMilliseconds" | "sessionMinutes" | "originDigits" | "visitedNetwork" | "class"
>;

/** Where a use lies beside zone and band, from what its charge group shows. */
function cellOf(tariff: CompiledTariff, zone: number, facts: PlacingFacts): PriceCell {
  const by = tariff.zones[zone - 1]?.by;
  if (by === undefined || !(by.area || by.origin || by.class)) return ANY_CELL;
  return {
    area: by.area ? areaOf(tariff.conditions, facts.visitedNetwork) : 0,
    origin: by.origin ? originOf(tariff.conditions, facts.originDigits) : 0,
    class: by.class ? (facts.class ?? 0) : 0,
  };
}

/** The rows that price a use whose interval row is known. */
export function placesInInterval(
  tariff: CompiledTariff,
  interval: number,
  facts: PlacingFacts,
): RowPlaces {
  const { intervalRows, calendarRows } = tariff;
  const sessionMinute =
    (Math.floor(facts.startMilliseconds / MINUTE) - facts.sessionMinutes) * MINUTE;
  const calendar = findCalendarRow(tariff, sessionMinute);
  if (calendar === undefined) throw calendarEnded();
  const { zone } = intervalRows[interval] as IntervalRow;
  const { band } = calendarRows[calendar] as CalendarRow;
  return {
    interval,
    calendar: intervalRows.length + calendar,
    price:
      firstPricePlace(tariff) + requirePriceRow(tariff, zone, band, cellOf(tariff, zone, facts)),
  };
}

/** A price that needs more than one row or a counter, but no plan. */
function priceAlone(
  tariff: CompiledTariff,
  price: number,
  {
    startMilliseconds,
    quantity,
    counterBefore,
  }: Pick<PricingFacts, "startMilliseconds" | "quantity" | "counterBefore">,
): Pick<Pricing, "amountNano" | "components"> {
  const source = tariff.priceSources[price];
  const isCounterKnown = counterBefore !== undefined && source?.needsPlan === false;
  if (source?.needsAccount !== false && !isCounterKnown) {
    throw new TallystickError(
      "rating.needs-account",
      "The price depends on the account's counters or plan; rate the record with its account.",
    );
  }
  if (isTooShort(tariff, price, quantity)) return freeOf(quantity);
  const to = billedOf(tariff, price, quantity);
  const pieces = piecesOf(tariff, price, {
    startMilliseconds,
    quantity,
    from: 0n,
    to,
    ...(counterBefore === undefined ? {} : { counterBefore }),
  });
  return composeCharge(tariff, price, { quantity, billed: to, pieces });
}

/** Whether a use ends before the price is charged at all. */
export function isTooShort(tariff: CompiledTariff, price: number, quantity: bigint): boolean {
  const from = tariff.priceSources[price]?.price.chargedFrom;
  return from !== undefined && quantity < BigInt(from.quantity) * unitSize(from.unit);
}

export function freeOf(quantity: bigint): Pick<Pricing, "amountNano" | "components"> {
  return {
    amountNano: 0n,
    components: [{ kind: "too-short", amountNano: 0n, quantity, billed: 0n }],
  };
}

export function requireInForce(tariff: CompiledTariff, startMilliseconds: number): void {
  if (startMilliseconds >= tariff.validFrom && startMilliseconds < tariff.validTo) return;
  throw new TallystickError(
    "rating.tariff-not-in-force",
    startMilliseconds < tariff.validFrom
      ? "The record is older than the tariff; rate it by the version that was in force."
      : "The record is later than the tariff's end; rate it by the version that followed.",
    { field: "start" },
  );
}

export function noRowForNumber(): TallystickError {
  return new TallystickError(
    "rating.no-row-for-number",
    "The tariff has no zone for the other side's number; add its prefix to one.",
  );
}

/** The rows that priced a charge, by their places. */
export function rowsAt(
  tariff: CompiledTariff,
  places: Pricing["rows"],
): { interval: IntervalRow; calendar: CalendarRow; price: PriceRow } {
  const { intervalRows, calendarRows, priceRows } = tariff;
  return {
    interval: intervalRows[places.interval] as IntervalRow,
    calendar: calendarRows[places.calendar - intervalRows.length] as CalendarRow,
    price: priceRows[places.price - firstPricePlace(tariff)] as PriceRow,
  };
}
