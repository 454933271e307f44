import { minuteOfDay } from "./calendar.ts";
import { type CalendarTime, type TariffCalendar, WEEKDAYS } from "./document.ts";

/** A band's time of day on some days, until the next one of these days begins. */
export interface BandSpan {
  band: string;
  /** Year, month and day; any year where the calendar says none. Absent on usual days. */
  date?: [year: string, month: string, day: string];
  /** Monday is 0. */
  weekdays: number[];
  /** Such as 08:00. */
  from: string;
}

/** A calendar as days that are laid out whole: the usual week, then each date that it names. */
export function bandSpans(calendar: TariffCalendar): BandSpan[] {
  const dates = new Set(calendar.holidays);
  for (const { when } of calendar.bands) {
    for (const time of when) for (const date of time.dates ?? []) dates.add(date);
  }
  return [undefined, ...[...dates].sort()].flatMap((date) => {
    const days = new Map<string, { spans: [string, string][]; weekdays: number[] }>();
    for (let weekday = 0; weekday < 7; weekday++) {
      const spans = spansOf(calendar, weekday, date);
      const key = JSON.stringify(spans);
      const known = days.get(key) ?? { spans, weekdays: [] };
      known.weekdays.push(weekday);
      days.set(key, known);
    }
    return [...days.values()].flatMap(({ spans, weekdays }) =>
      spans.map(([from, band]) => ({
        band,
        ...(date === undefined ? {} : { date: partsOf(date) }),
        weekdays,
        from,
      })),
    );
  });
}

function spansOf(
  calendar: TariffCalendar,
  weekday: number,
  date: string | undefined,
): [string, string][] {
  const edges = new Set(["00:00"]);
  for (const { when } of calendar.bands) {
    for (const { from, to } of when) {
      if (from !== undefined) edges.add(from);
      if (to !== undefined && to !== "24:00") edges.add(to);
    }
  }
  const spans: [string, string][] = [];
  for (const from of [...edges].sort()) {
    const holding = calendar.bands.find(({ when }) =>
      when.some((time) => holds(time, calendar, weekday, date, from)),
    );
    const band = holding?.name ?? calendar.otherwise;
    if (spans.at(-1)?.[1] !== band) spans.push([from, band]);
  }
  return spans;
}

function holds(
  time: CalendarTime,
  { holidays }: TariffCalendar,
  weekday: number,
  date: string | undefined,
  at: string,
): boolean {
  const isListed = (dates: readonly string[] | undefined): boolean =>
    date !== undefined && (dates ?? []).some((one) => one === date || one === date.slice(-5));
  const minute = minuteOfDay(at);
  return (
    (time.days?.includes(WEEKDAYS[weekday] as (typeof WEEKDAYS)[0]) ?? true) &&
    (time.holidays === undefined || isListed(holidays)) &&
    (time.dates === undefined || isListed(time.dates)) &&
    minuteOfDay(time.from ?? "00:00") <= minute &&
    minute < minuteOfDay(time.to ?? "24:00")
  );
}

function partsOf(date: string): [string, string, string] {
  const [day = "", month = "", year = "*any"] = date.split("-").reverse();
  return [year, String(Number(month)), String(Number(day))];
}
