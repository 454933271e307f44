import { Temporal } from "temporal-polyfill";
import {
  type CalendarTime,
  type TariffCalendar,
  type TariffDocument,
  WEEKDAYS,
} from "./document.ts";
import { END_OF_TIME_MILLISECONDS, SESSION_MINUTES_MAX, validityOf } from "./instants.ts";
import type { CalendarRow } from "./rows.ts";

/*
 * Bands are read on a wall clock; rows are absolute. Between two changes of the zone's offset the
 * wall clock runs evenly, so each such stretch is laid out by itself: an hour that comes twice has
 * its band twice, an hour that is skipped has none.
 */

const MINUTE = 60_000;
const DAY = 86_400_000;
const DAY_MINUTES = 1440;
/** 1970-01-01 was a Thursday; Monday is 0. */
const WEEKDAY_OF_DAY_ZERO = 3;

/** Band numbers count from 1 in the order of the document; "otherwise" comes last. */
export function bandNames(document: TariffDocument): string[] {
  const { calendar } = document;
  if (calendar === undefined) return ["any time"];
  return [...calendar.bands.map((band) => band.name), calendar.otherwise];
}

/** The tariff's bands as rows without gap or overlap, from `calendarFrom` to `calendarUntil`. */
export function compileCalendar(document: TariffDocument): CalendarRow[] {
  const { calendarFrom, calendarUntil } = validityOf(document);
  return layBands(document, calendarFrom, calendarUntil);
}

/**
 * The bands after the calendar's end, as far as a session can last that began before it. They are no
 * rows of the tree: the document, whose hash is under the tariff's root, says them to whoever holds it,
 * and no price that looks bands up at each increment is for the ledger.
 */
export function bandsAfterCalendar(document: TariffDocument): CalendarRow[] {
  const { calendarUntil } = validityOf(document);
  const isAsked = document.services.some(({ bandsAt }) => bandsAt === "increment-start");
  if (!isAsked || calendarUntil === END_OF_TIME_MILLISECONDS) return [];
  const until = Math.min(calendarUntil + SESSION_MINUTES_MAX * MINUTE, END_OF_TIME_MILLISECONDS);
  return layBands(document, calendarUntil, until);
}

function layBands(document: TariffDocument, first: number, end: number): CalendarRow[] {
  const { calendar } = document;
  if (calendar === undefined) return [{ from: first, to: end, band: 1 }];
  const planOfDay = dayPlanner(calendar);
  const rows: CalendarRow[] = [];
  for (const stretch of offsetStretches(first, end, document.timeZone)) {
    const localFrom = stretch.from + stretch.offset;
    const localTo = stretch.to + stretch.offset;
    for (let day = Math.floor(localFrom / DAY); day * DAY < localTo; day++) {
      for (const span of planOfDay(day)) {
        const from = Math.max(day * DAY + span.from * MINUTE, localFrom) - stretch.offset;
        const to = Math.min(day * DAY + span.to * MINUTE, localTo) - stretch.offset;
        if (from < to) append(rows, { from, to, band: span.band });
      }
    }
  }
  return rows;
}

function append(rows: CalendarRow[], row: CalendarRow): void {
  const last = rows.at(-1);
  if (last !== undefined && last.band === row.band && last.to === row.from) last.to = row.to;
  else rows.push(row);
}

interface OffsetStretch {
  from: number;
  to: number;
  offset: number;
}

function offsetStretches(from: number, to: number, timeZone: string): OffsetStretch[] {
  const stretches: OffsetStretch[] = [];
  let at = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timeZone);
  while (at.epochMilliseconds < to) {
    const change = at.getTimeZoneTransition("next");
    stretches.push({
      from: at.epochMilliseconds,
      to: Math.min(change?.epochMilliseconds ?? to, to),
      offset: at.offsetNanoseconds / 1_000_000,
    });
    if (change === null) break;
    at = change;
  }
  return stretches;
}

/** Minutes of the day, `to` exclusive. */
interface BandSpan {
  from: number;
  to: number;
  band: number;
}

/** Wall-clock plan of a local day, counted in days since 1970-01-01. */
function dayPlanner(calendar: TariffCalendar): (day: number) => BandSpan[] {
  const holidays = new Set(calendar.holidays);
  const otherwise = calendar.bands.length + 1;
  const times = calendar.bands.flatMap((band, index) =>
    band.when.map((time) => ({
      band: index + 1,
      time,
      dates: new Set(time.dates),
      from: minuteOfDay(time.from ?? "00:00"),
      to: minuteOfDay(time.to ?? "24:00"),
    })),
  );
  return (day) => {
    const date = new Date(day * DAY).toISOString().slice(0, 10);
    const weekday = WEEKDAYS[(((day + WEEKDAY_OF_DAY_ZERO) % 7) + 7) % 7] as (typeof WEEKDAYS)[0];
    const isHoliday = listed(holidays, date);
    const holding = times.filter(
      ({ time, dates }) =>
        (time.days?.includes(weekday) ?? true) &&
        (time.holidays === undefined || isHoliday) &&
        (time.dates === undefined || listed(dates, date)) &&
        (time.since === undefined || time.since <= date) &&
        (time.until === undefined || date < time.until),
    );
    const edges = [0, DAY_MINUTES, ...holding.flatMap(({ from, to }) => [from, to])];
    const sorted = [...new Set(edges)].sort((a, b) => a - b);
    return sorted.slice(0, -1).map((from, i) => ({
      from,
      to: sorted[i + 1] ?? DAY_MINUTES,
      band: holding.find((time) => time.from <= from && from < time.to)?.band ?? otherwise,
    }));
  };
}

/** Dates are listed as 2026-12-25, or as 12-25 for every year. */
function listed(dates: ReadonlySet<string>, date: string): boolean {
  return dates.has(date) || dates.has(date.slice(5));
}

/** "24:00" is the end of the day. */
export function minuteOfDay(time: NonNullable<CalendarTime["from"]>): number {
  return 60 * Number(time.slice(0, 2)) + Number(time.slice(3));
}
