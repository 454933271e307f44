import { bandNames, compileCalendar, minuteOfDay } from "./calendar.ts";
import type { CalendarTime, TariffDocument } from "./document.ts";
import type { ProblemList } from "./problem.ts";

/** Names and dates of the calendar. */
export function checkCalendar(document: TariffDocument, list: ProblemList): void {
  const { calendar } = document;
  if (calendar === undefined) return;
  const seen = new Set<string>();
  for (const [index, name] of bandNames(document).entries()) {
    if (seen.has(name)) {
      const path = index < calendar.bands.length ? ["bands", index, "name"] : ["otherwise"];
      list.error(
        "tariff.band-twice",
        ["calendar", ...path],
        `Two bands are called "${name}"; give each a name of its own.`,
      );
    }
    seen.add(name);
  }
  checkDates(calendar.holidays ?? [], ["calendar", "holidays"], list);
  for (const [bandIndex, band] of calendar.bands.entries()) {
    for (const [timeIndex, time] of band.when.entries()) {
      const path = ["calendar", "bands", bandIndex, "when", timeIndex];
      checkDates(time.dates ?? [], [...path, "dates"], list);
      checkSeason(time, path, list);
      if (time.holidays !== undefined && calendar.holidays === undefined) {
        list.error(
          "tariff.holidays-missing",
          [...path, "holidays"],
          'The calendar lists no holidays; add "holidays" to it.',
        );
      }
      if (minuteOfDay(time.from ?? "00:00") >= minuteOfDay(time.to ?? "24:00")) {
        list.error(
          "tariff.time-of-day-empty",
          path,
          `From ${time.from ?? "00:00"} to ${time.to ?? "24:00"} is no time; ` +
            "write a span over midnight as two, one to 24:00 and one from 00:00.",
        );
      }
    }
  }
}

function checkSeason({ since, until }: CalendarTime, path: PropertyKey[], list: ProblemList): void {
  if (since !== undefined) checkDates([since], [...path, "since"], list);
  if (until !== undefined) checkDates([until], [...path, "until"], list);
  if (since === undefined || until === undefined || since < until) return;
  list.error(
    "tariff.validity-empty",
    path,
    `Since ${since} and until before ${until} is no time; exchange the two.`,
  );
}

function checkDates(dates: string[], path: PropertyKey[], list: ProblemList): void {
  for (const [index, date] of dates.entries()) {
    // 2024 was a leap year: 02-29 of every year is a date of some years.
    const full = date.length === 5 ? `2024-${date}` : date;
    const parsed = new Date(`${full}T00:00:00Z`);
    if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== full) {
      list.error("tariff.date-invalid", [...path, index], `${date} is no date; correct it.`);
    }
  }
}

/** A band that no minute falls into is legal (a past holiday) but seldom meant. */
export function checkCalendarIsUsed(document: TariffDocument, list: ProblemList): void {
  const { calendar } = document;
  if (calendar === undefined) return;
  const used = new Set(compileCalendar(document).map((row) => row.band));
  for (const [index, name] of bandNames(document).entries()) {
    if (used.has(index + 1)) continue;
    const path = index < calendar.bands.length ? ["bands", index] : ["otherwise"];
    list.warning(
      "tariff.band-never-holds",
      ["calendar", ...path],
      `No time falls into the band "${name}": bands before it take all of its times, or it has none.`,
    );
  }
}
