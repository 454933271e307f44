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

/** A tariff's billing periods: calendar months or days on the wall clock of its time zone. */
export class BillingPeriods {
  readonly #zone: string;
  readonly #clock: ZoneClock;
  readonly #every: "month" | "day";
  readonly #startDay: number;
  /** Those asked for so far, the newest first: the calendar is slow. */
  readonly #known: BillingPeriod[] = [];

  constructor({ timeZone, billingPeriod }: TariffDocument) {
    this.#zone = timeZone;
    this.#clock = new ZoneClock(timeZone);
    this.#every = billingPeriod?.every ?? "month";
    this.#startDay = billingPeriod?.startDay ?? 1;
  }

  at(milliseconds: number): BillingPeriod {
    const known = this.#known.find(({ from, to }) => milliseconds >= from && milliseconds < to);
    if (known !== undefined) return known;
    const date = this.#dateAt(milliseconds);
    const start =
      this.#every === "day"
        ? date
        : date.day >= this.#startDay
          ? date.with({ day: this.#startDay })
          : date.subtract({ months: 1 }).with({ day: this.#startDay });
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
    return Math.round((Date.parse(this.dayAt(to)) - Date.parse(this.dayAt(from))) / DAY);
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

  #next(start: Temporal.PlainDate): Temporal.PlainDate {
    return start.add(this.#every === "day" ? { days: 1 } : { months: 1 });
  }

  #midnight(date: Temporal.PlainDate): number {
    return date.toZonedDateTime(this.#zone).epochMilliseconds;
  }
}
