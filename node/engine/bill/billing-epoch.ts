import { Temporal } from "temporal-polyfill";
import { TallystickError } from "../../core/errors.ts";

/** A billing epoch is a calendar month in the operator's zone, written "2026-10". */
export interface BillingEpoch {
  name: string;
  /** Half-open, milliseconds since 1970 UTC. */
  fromMilliseconds: number;
  toMilliseconds: number;
}

/** @throws TallystickError `epoch.malformed` */
export function billingEpoch(name: string, zone: string): BillingEpoch {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(name)) {
    throw new TallystickError(
      "epoch.malformed",
      `A billing period is a month such as 2026-10, got ${JSON.stringify(name).slice(0, 30)}.`,
    );
  }
  const month = Temporal.PlainYearMonth.from(name);
  const startOf = (which: Temporal.PlainYearMonth) =>
    which.toPlainDate({ day: 1 }).toZonedDateTime(zone).epochMilliseconds;
  return {
    name,
    fromMilliseconds: startOf(month),
    toMilliseconds: startOf(month.add({ months: 1 })),
  };
}

export function epochOfInstant(milliseconds: number, zone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(milliseconds)
    .toZonedDateTimeISO(zone)
    .toPlainDate()
    .toPlainYearMonth()
    .toString();
}

export const epochAfter = (name: string): string =>
  Temporal.PlainYearMonth.from(name).add({ months: 1 }).toString();

export const epochBefore = (name: string): string =>
  Temporal.PlainYearMonth.from(name).subtract({ months: 1 }).toString();

/** Calendar month in UTC, which the keys of source tags belong to. */
export const trafficMonth = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 7);

/** The epochs of many instants: records come nearly in order of time, so the last answer mostly holds. */
export class EpochCalendar {
  readonly #zone: string;
  #last: BillingEpoch | undefined;

  constructor(zone: string) {
    this.#zone = zone;
  }

  epochOf(milliseconds: number): string {
    return this.at(milliseconds).name;
  }

  at(milliseconds: number): BillingEpoch {
    const last = this.#last;
    if (
      last === undefined ||
      milliseconds < last.fromMilliseconds ||
      milliseconds >= last.toMilliseconds
    ) {
      this.#last = billingEpoch(epochOfInstant(milliseconds, this.#zone), this.#zone);
    }
    return this.#last as BillingEpoch;
  }
}
