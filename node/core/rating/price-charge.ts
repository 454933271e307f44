import { TallystickError } from "../errors.ts";
import {
  type CompiledTariff,
  findCalendarRow,
  findIntervalRow,
  findPriceRow,
} from "../tariff/compile.ts";
import { rangeOfDecidingDigits } from "../tariff/digits.ts";
import type { CalendarRow, IntervalRow, PriceRow } from "../tariff/rows.ts";
import type { Pricing, PricingFacts } from "./outcome.ts";
import { priceQuantity } from "./price-quantity.ts";

const MINUTE = 60_000;

/**
 * Prices a charge from what its charge group shows: the operator when it rates, and anyone who
 * checks the charge later, without the number it went to.
 * @throws TallystickError `rating.no-row-for-number`, `rating.digits-do-not-decide`,
 *   `rating.tariff-not-in-force`, `rating.calendar-ended`, `rating.no-price`,
 *   `rating.amount-too-large`, `digits.malformed`
 */
export function priceCharge(tariff: CompiledTariff, facts: PricingFacts): Pricing {
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
  return priceInInterval(tariff, interval, facts);
}

/** The second half of `priceCharge`, for a caller who has found the interval row already. */
export function priceInInterval(
  tariff: CompiledTariff,
  interval: number,
  facts: Pick<PricingFacts, "startMilliseconds" | "sessionMinutes" | "quantity">,
): Pricing {
  const { intervalRows, calendarRows, priceRows } = tariff;
  const sessionMinute =
    (Math.floor(facts.startMilliseconds / MINUTE) - facts.sessionMinutes) * MINUTE;
  const calendar = findCalendarRow(tariff, sessionMinute);
  if (calendar === undefined) {
    throw new TallystickError(
      "rating.calendar-ended",
      "The tariff's calendar does not reach this time; publish a version whose calendar does.",
    );
  }
  const { zone } = intervalRows[interval] as IntervalRow;
  const { band } = calendarRows[calendar] as CalendarRow;
  const price = findPriceRow(tariff, zone, band);
  if (price === undefined) {
    throw new TallystickError(
      "rating.no-price",
      `The tariff has no price for zone ${zone} in band ${band}.`,
    );
  }
  return {
    ...priceQuantity(priceRows[price] as PriceRow, facts.quantity),
    rows: {
      interval,
      calendar: intervalRows.length + calendar,
      price: intervalRows.length + calendarRows.length + price,
    },
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
    price: priceRows[places.price - intervalRows.length - calendarRows.length] as PriceRow,
  };
}
