import { Temporal } from "temporal-polyfill";
import { CALENDAR_YEARS_DEFAULT, type TariffDocument } from "./document.ts";

/** The last instant that ECMAScript can express; stands for "no end". */
export const END_OF_TIME_MILLISECONDS = 8_640_000_000_000_000;

const MINUTE = 60_000;

/** A charge can lie this many minutes after its session's start (2 bytes, PROTOCOL section 4). */
export const SESSION_MINUTES_MAX = 65_535;

export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    // An offset is no time zone: it knows no daylight saving and no place.
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}

/**
 * A date (its midnight in `timeZone`) or an instant with its offset, in milliseconds since 1970
 * UTC; undefined when there is no such date.
 */
export function parseTariffInstant(text: string, timeZone: string): number | undefined {
  try {
    return text.includes("T")
      ? Temporal.Instant.from(text).epochMilliseconds
      : Temporal.PlainDate.from(text, { overflow: "reject" }).toZonedDateTime(timeZone)
          .epochMilliseconds;
  } catch {
    return undefined;
  }
}

/** When a tariff holds and what its calendar spans, milliseconds since 1970 UTC, ends exclusive. */
export interface Validity {
  validFrom: number;
  /** `END_OF_TIME_MILLISECONDS` when open. */
  validTo: number;
  /** Earlier than `validFrom`: a charge's band is that of its session's first minute. */
  calendarFrom: number;
  calendarUntil: number;
}

/** For a document whose instants are known to parse. */
export function validityOf(document: TariffDocument): Validity {
  const { timeZone } = document;
  const parse = (text: string): number => parseTariffInstant(text, timeZone) ?? Number.NaN;
  const validFrom = parse(document.validFrom);
  const validTo =
    document.validTo === undefined ? END_OF_TIME_MILLISECONDS : parse(document.validTo);
  const calendarFrom = (Math.floor(validFrom / MINUTE) - SESSION_MINUTES_MAX) * MINUTE;
  return {
    validFrom,
    validTo,
    calendarFrom: Math.max(0, calendarFrom),
    calendarUntil:
      document.calendarUntil !== undefined
        ? parse(document.calendarUntil)
        : document.calendar === undefined || document.validTo !== undefined
          ? validTo
          : yearsLater(validFrom, timeZone),
  };
}

function yearsLater(milliseconds: number, timeZone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(milliseconds)
    .toZonedDateTimeISO(timeZone)
    .add({ years: CALENDAR_YEARS_DEFAULT }).epochMilliseconds;
}
