import { Temporal } from "temporal-polyfill";
import { TallystickError } from "../errors.ts";
import { ZoneClock } from "../records/zone-clock.ts";
import type { TariffDocument } from "../tariff/document.ts";
import { parseTariffInstant } from "../tariff/instants.ts";

const DAY = 86_400_000;
const KNOWN_PERIODS_MAX = 64;

/** Milliseconds since 1970 UTC, `to` exclusive. */
export interface BillingPeriod {
  from: number;
  to: number;
}

/** Months of the periods that begin on a day of the month. */
const MONTHS = { month: 1, quarter: 3, year: 12 } as const;

/** A tariff's billing periods: months, or days, weeks, quarters or years, on the wall clock of its time zone. */
export class BillingPeriods {
  readonly #zone: string;
  readonly #clock: ZoneClock;
  readonly #every: NonNullable<TariffDocument["billingPeriod"]>["every"];
  readonly #startDay: number;
  readonly #startMonth: number;
  /** Those asked for so far, the newest first: the calendar is slow. */
  readonly #known: BillingPeriod[] = [];
  /** The days that were counted last: an operator's accounts mostly hold a plan all of a period. */
  #counted = { from: Number.NaN, to: Number.NaN, days: 0 };

  constructor({ timeZone, billingPeriod }: TariffDocument) {
    this.#zone = timeZone;
    this.#clock = new ZoneClock(timeZone);
    this.#every = billingPeriod?.every ?? "month";
    this.#startDay = billingPeriod?.startDay ?? 1;
    this.#startMonth = billingPeriod?.startMonth ?? 1;
  }

  at(milliseconds: number): BillingPeriod {
    const known = this.#known.find(({ from, to }) => milliseconds >= from && milliseconds < to);
    if (known !== undefined) return known;
    const start = this.#startOf(this.#dateAt(milliseconds));
    const period = { from: this.#midnight(start), to: this.#midnight(this.#next(start)) };
    this.#known.unshift(period);
    if (this.#known.length > KNOWN_PERIODS_MAX) this.#known.pop();
    return period;
  }

  before({ from }: BillingPeriod): BillingPeriod {
    return this.at(from - 1);
  }

  /** The local date of an instant, such as 2026-03-29. */
  dayAt(milliseconds: number): string {
    const local = milliseconds + this.#clock.offsetAt(milliseconds);
    return new Date(local).toISOString().slice(0, 10);
  }

  /** Local dates from one instant's to the other's; a day on which clocks change is one day. */
  daysBetween(from: number, to: number): number {
    const last = this.#counted;
    if (last.from === from && last.to === to) return last.days;
    const days = Math.round((Date.parse(this.dayAt(to)) - Date.parse(this.dayAt(from))) / DAY);
    this.#counted = { from, to, days };
    return days;
  }

  /** The same time of day so many local days later. */
  daysAfter(milliseconds: number, days: number): number {
    return Temporal.Instant.fromEpochMilliseconds(milliseconds)
      .toZonedDateTimeISO(this.#zone)
      .add({ days }).epochMilliseconds;
  }

  /** An instant, or a date's midnight in the tariff's time zone. */
  parse(text: string): number | undefined {
    return parseTariffInstant(text, this.#zone);
  }

  /**
   * The billing periods that "FROM/TO" holds, in order.
   * @throws TallystickError `period.malformed`, `period.not-a-billing-period`
   */
  within(text: string): BillingPeriod[] {
    const [first, second, more] = text.split("/");
    const from = first === undefined ? undefined : this.parse(first);
    const to = second === undefined ? undefined : this.parse(second);
    if (from === undefined || to === undefined || more !== undefined || to <= from) {
      throw new TallystickError(
        "period.malformed",
        `"${text}" is no period; write FROM/TO, such as 2026-01-01/2026-02-01.`,
      );
    }
    const periods: BillingPeriod[] = [];
    for (let at = this.at(from); at.from < to; at = this.at(at.to)) periods.push(at);
    if (periods[0]?.from === from && periods.at(-1)?.to === to) return periods;
    const { from: start, to: end } = this.at(from);
    throw new TallystickError(
      "period.not-a-billing-period",
      `"${text}" does not begin and end with the tariff's billing periods; the one that holds ` +
        `its beginning is ${this.dayAt(start)}/${this.dayAt(end)}.`,
    );
  }

  #dateAt(milliseconds: number): Temporal.PlainDate {
    return Temporal.PlainDate.from(this.dayAt(milliseconds));
  }

  #startOf(date: Temporal.PlainDate): Temporal.PlainDate {
    if (this.#every === "day") return date;
    if (this.#every === "week") return date.subtract({ days: date.dayOfWeek - 1 });
    const begun = date.day >= this.#startDay ? date : date.subtract({ months: 1 });
    const monthsSince = (begun.month - this.#startMonth + 12) % MONTHS[this.#every];
    return begun.subtract({ months: monthsSince }).with({ day: this.#startDay });
  }

  #next(start: Temporal.PlainDate): Temporal.PlainDate {
    if (this.#every === "day") return start.add({ days: 1 });
    if (this.#every === "week") return start.add({ weeks: 1 });
    return start.add({ months: MONTHS[this.#every] });
  }

  #midnight(date: Temporal.PlainDate): number {
    return date.toZonedDateTime(this.#zone).epochMilliseconds;
  }
}
