import { type CgratesRow, rowError } from "./cgrates-files.ts";
import { type CalendarTime, type TariffCalendar, WEEKDAYS } from "./document.ts";

const DAY_MINUTES = 1440;
const FULL_DATE = "2026-12-25".length;
const YEARLY_DATE = "12-25".length;

/** When a row of a rating plan holds. Without an end it holds until another one begins. */
export interface CgratesTiming {
  id: string;
  /** Monday is 0; any day when absent. */
  weekdays?: ReadonlySet<number>;
  /** Such as 2026-12-25, or 12-25 for every year; any date when absent. */
  dates?: ReadonlySet<string>;
  fromMinute: number;
  toMinute: number;
}

export const ANY_TIME: CgratesTiming = { id: "*any", fromMinute: 0, toMinute: DAY_MINUTES };

/** @throws TallystickError `import.row-unusable`, `import.not-expressible` */
export function readTiming(row: CgratesRow): CgratesTiming {
  const [id = "", years = "", months = "", monthDays = "", weekDays = "", time = ""] = row.fields;
  const list = (text: string, min: number, max: number): number[] | undefined => {
    if (text === "" || text === "*any") return undefined;
    return text.split(";").map((one) => {
      const number = Number(one);
      if (/^\d{1,4}$/.test(one) && number >= min && number <= max) return number;
      throw rowError(row, "import.row-unusable", `"${one}" is no number from ${min} to ${max}.`);
    });
  };
  const days = list(weekDays, 0, 7);
  const dates = datesOf(list(years, 1970, 2100), list(months, 1, 12), list(monthDays, 1, 31));
  const [from = "", to] = time.split(";");
  const minute = (text: string): number => {
    const match = /^(\d\d):(\d\d):(\d\d)$/.exec(text);
    if (match === null) throw rowError(row, "import.row-unusable", `"${text}" is no time of day.`);
    if (match[3] !== "00") {
      throw rowError(row, "import.not-expressible", "A time of day is in whole minutes.");
    }
    return 60 * Number(match[1]) + Number(match[2]);
  };
  return {
    id,
    ...(days === undefined ? {} : { weekdays: new Set(days.map((day) => (day + 6) % 7)) }),
    ...(dates === undefined ? {} : { dates: new Set(dates) }),
    fromMinute: from === "" || from === "*any" ? 0 : minute(from),
    toMinute: to === undefined || to === "" ? DAY_MINUTES : minute(to),
  };
}

function datesOf(
  years: number[] | undefined,
  months: number[] | undefined,
  monthDays: number[] | undefined,
): string[] | undefined {
  if (years === undefined && months === undefined && monthDays === undefined) return undefined;
  const all = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);
  const two = (number: number): string => String(number).padStart(2, "0");
  return (years ?? [undefined]).flatMap((year) =>
    (months ?? all(12)).flatMap((month) =>
      (monthDays ?? all(31))
        // 2024 was a leap year: 02-29 is a date of some years.
        .filter((day) => day <= new Date(Date.UTC(year ?? 2024, month, 0)).getUTCDate())
        .map((day) => `${year === undefined ? "" : `${year}-`}${two(month)}-${two(day)}`),
    ),
  );
}

/** Times at which the same rows win, for every destination. */
export interface Band<Winner> {
  name: string;
  winner: Winner;
}

interface Cell {
  date: string | undefined;
  weekday: number;
  from: number;
  to: number;
}

/**
 * Lays the week out, and each date that some timing names, and puts together the times at which the
 * same rows win.
 * @param winnerOf by a text that is the same for the same winners
 */
export function bandsOf<Winner>(
  timings: readonly CgratesTiming[],
  winnerOf: (holding: readonly CgratesTiming[]) => { key: string; name: string; winner: Winner },
): { calendar: TariffCalendar | undefined; bands: Band<Winner>[] } {
  const edges = new Set([0, DAY_MINUTES]);
  const dates = new Set<string>();
  for (const { fromMinute, toMinute, dates: own } of timings) {
    edges.add(fromMinute).add(toMinute);
    for (const date of own ?? []) dates.add(date);
  }
  const spans = [...edges].sort((a, b) => a - b);
  const found = new Map<string, { band: Band<Winner>; cells: Cell[] }>();
  // Full dates come before those of every year, which they are exceptions of, and both before days.
  const ordered = [...dates].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  for (const date of [...ordered, undefined]) {
    for (let weekday = 0; weekday < 7; weekday++) {
      for (const [index, from] of spans.slice(0, -1).entries()) {
        const to = spans[index + 1] as number;
        const holding = timings.filter((one) => holds(one, date, weekday, from));
        const { key, name, winner } = winnerOf(holding);
        const known = found.get(key) ?? { band: { name, winner }, cells: [] };
        known.cells.push({ date, weekday, from, to });
        found.set(key, known);
      }
    }
  }
  const all = [...found.values()];
  for (const { band } of all) band.name = band.name.slice(0, 70);
  if (all.length === 1) return { calendar: undefined, bands: all.map(({ band }) => band) };
  return composeCalendar(all);
}

function holds(
  timing: CgratesTiming,
  date: string | undefined,
  weekday: number,
  at: number,
): boolean {
  const onDate =
    timing.dates === undefined ||
    (date !== undefined && (timing.dates.has(date) || timing.dates.has(date.slice(-5))));
  const onDay = timing.weekdays === undefined || timing.weekdays.has(weekday);
  return onDate && onDay && timing.fromMinute <= at && at < timing.toMinute;
}

/**
 * A band's place in the document's list decides where several hold, so what holds on dates and on
 * other days too stands in the list more than once, each time under a name of its own.
 */
function composeCalendar<Winner>(all: readonly { band: Band<Winner>; cells: Cell[] }[]): {
  calendar: TariffCalendar;
  bands: Band<Winner>[];
} {
  const bands: Band<Winner>[] = [];
  const listed: TariffCalendar["bands"] = [];
  const names = new Set<string>();
  for (const level of [FULL_DATE, YEARLY_DATE, undefined]) {
    const found = all.flatMap(({ band, cells }) => {
      const when = timesOf(cells.filter(({ date }) => date?.length === level));
      if (when.length === 0) return [];
      let name = band.name;
      for (let n = 2; names.has(name); n++) name = `${band.name} (${n})`;
      names.add(name);
      return [{ band: { ...band, name }, when }];
    });
    if (level === undefined) {
      // What takes the most words to say is what holds otherwise.
      found.sort((a, b) => a.when.length - b.when.length);
    }
    for (const { band, when } of found) {
      bands.push(band);
      listed.push({ name: band.name, when });
    }
  }
  const otherwise = listed.pop() as TariffCalendar["bands"][number];
  return { calendar: { bands: listed, otherwise: otherwise.name }, bands };
}

/** Cells put together: days with the same span, dates with the same span of all days. */
function timesOf(cells: readonly Cell[]): CalendarTime[] {
  const byDay = new Map<
    string,
    { date: string | undefined; weekday: number; spans: [number, number][] }
  >();
  for (const { date, weekday, from, to } of cells) {
    const key = `${date} ${weekday}`;
    const day = byDay.get(key) ?? { date, weekday, spans: [] };
    const before = day.spans.at(-1);
    if (before !== undefined && before[1] === from) before[1] = to;
    else day.spans.push([from, to]);
    byDay.set(key, day);
  }
  const bySpan = new Map<
    string,
    { span: [number, number]; date: string | undefined; days: number[] }
  >();
  for (const { date, weekday, spans } of byDay.values()) {
    for (const span of spans) {
      const key = `${date} ${span}`;
      const one = bySpan.get(key) ?? { span, date, days: [] };
      one.days.push(weekday);
      bySpan.set(key, one);
    }
  }
  const byDays = new Map<string, { span: [number, number]; dates: string[]; days: number[] }>();
  for (const { span, date, days } of bySpan.values()) {
    const key = `${span} ${days} ${date === undefined}`;
    const one = byDays.get(key) ?? { span, dates: [], days };
    if (date !== undefined) one.dates.push(date);
    byDays.set(key, one);
  }
  return [...byDays.values()].map(({ span: [from, to], dates, days }) => ({
    ...(days.length === 7
      ? {}
      : { days: days.map((day) => WEEKDAYS[day] as (typeof WEEKDAYS)[0]) }),
    ...(dates.length === 0 ? {} : { dates }),
    ...(from === 0 ? {} : { from: clock(from) }),
    ...(to === DAY_MINUTES ? {} : { to: clock(to) }),
  }));
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
