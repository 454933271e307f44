import { type CalendarTime, type TariffCalendar, WEEKDAYS, type Weekday } from "./document.ts";
import { hasTimes } from "./ocpi-dimensions.ts";
import { notExpressible, type OcpiTariff, type Restrictions } from "./ocpi-shape.ts";

/** Times at which the same elements hold. */
export interface OcpiBand {
  name: string;
  /** Whether the element of this place holds then, as far as the time decides. */
  holds: (index: number) => boolean;
}

interface Span {
  from: string;
  to: string;
}

/** A part of the week in a season, in which the same elements hold. */
interface Cell extends Span {
  season: number;
  day: Weekday;
}

const DAY_END = "24:00";
const NAME_LENGTH_MAX = 70;
const BANDS_MAX = 100;

/**
 * Lays the week out for each season between the dates that elements name, and puts together the times
 * at which the same elements hold.
 * @throws TallystickError `import.not-expressible`
 */
export function ocpiBandsOf({ elements }: OcpiTariff): {
  calendar: TariffCalendar | undefined;
  bands: OcpiBand[];
} {
  const timed = elements.flatMap(({ restrictions }, index) =>
    restrictions !== undefined && hasTimes(restrictions)
      ? [{ index, restrictions, spans: spansOf(restrictions) }]
      : [],
  );
  const dates = new Set<string>();
  const edges = new Set(["00:00", DAY_END]);
  for (const { restrictions, spans } of timed) {
    for (const date of [restrictions.start_date, restrictions.end_date]) {
      if (date !== undefined) dates.add(date);
    }
    for (const { from, to } of spans) edges.add(from).add(to);
  }
  const seasons = ["", ...[...dates].sort()];
  const times = [...edges].sort();
  const groups = new Map<string, { held: number[]; cells: Cell[] }>();
  for (const [season, since] of seasons.entries()) {
    for (const day of WEEKDAYS) {
      for (const [at, from] of times.slice(0, -1).entries()) {
        const held = timed
          .filter(
            ({ restrictions, spans }) =>
              isInSeason(restrictions, since) &&
              isOnDay(restrictions, day) &&
              spans.some((one) => one.from <= from && from < one.to),
          )
          .map(({ index }) => index);
        const group = groups.get(held.join()) ?? { held, cells: [] };
        groups.set(held.join(), group);
        group.cells.push({ season, day, from, to: times[at + 1] as string });
      }
    }
  }
  return composeBands([...groups.values()], seasons, new Set(timed.map(({ index }) => index)));
}

function composeBands(
  groups: readonly { held: number[]; cells: Cell[] }[],
  seasons: readonly string[],
  timed: ReadonlySet<number>,
): { calendar: TariffCalendar | undefined; bands: OcpiBand[] } {
  const all = groups
    .map(({ held, cells }) => ({ held, name: nameOf(held), when: timesOf(cells, seasons) }))
    // What takes the most words to say is what holds otherwise.
    .sort((a, b) => a.when.length - b.when.length || b.held.length - a.held.length);
  const bands = all.map(({ held, name }, at) => ({
    name: name.length > NAME_LENGTH_MAX ? `times ${at + 1}` : name,
    holds: (index: number) => !timed.has(index) || held.includes(index),
  }));
  if (bands.length === 1) return { calendar: undefined, bands };
  const listed = all
    .slice(0, -1)
    .map(({ when }, at) => ({ name: (bands[at] as OcpiBand).name, when }));
  if (bands.length > BANDS_MAX || listed.some(({ when }) => when.length > BANDS_MAX)) {
    throw notExpressible("elements", "Its times part the week into too many bands.");
  }
  return { calendar: { bands: listed, otherwise: (bands.at(-1) as OcpiBand).name }, bands };
}

function nameOf(held: readonly number[]): string {
  if (held.length === 0) return "otherwise";
  return `element${held.length === 1 ? "" : "s"} ${held.join(" and ")}`;
}

const isInSeason = ({ start_date, end_date }: Restrictions, since: string): boolean =>
  (start_date === undefined || start_date <= since) && (end_date === undefined || since < end_date);

const isOnDay = ({ day_of_week = [] }: Restrictions, day: Weekday): boolean =>
  day_of_week.length === 0 || day_of_week.some((one) => one.toLowerCase() === day);

/** "To stop at end of the day use: 00:00"; an end before the start is over midnight. */
function spansOf({ start_time: from = "00:00", end_time: end = "00:00" }: Restrictions): Span[] {
  const to = end === "00:00" ? DAY_END : end;
  if (from < to) return [{ from, to }];
  return [
    { from: "00:00", to },
    { from, to: DAY_END },
  ];
}

/** Cells put together: spans of a day, days of a span, seasons that follow each other. */
function timesOf(cells: readonly Cell[], seasons: readonly string[]): CalendarTime[] {
  const byDay = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.season} ${cell.day}`;
    const spans = byDay.get(key) ?? [];
    byDay.set(key, spans);
    const last = spans.at(-1);
    if (last?.to === cell.from) last.to = cell.to;
    else spans.push({ ...cell });
  }
  const bySpan = new Map<string, { season: number; span: Span; days: Weekday[] }>();
  for (const { season, day, from, to } of [...byDay.values()].flat()) {
    const key = `${season} ${from} ${to}`;
    const one = bySpan.get(key) ?? { season, span: { from, to }, days: [] };
    one.days.push(day);
    bySpan.set(key, one);
  }
  const runs: { first: number; last: number; key: string; span: Span; days: Weekday[] }[] = [];
  for (const { season, span, days } of bySpan.values()) {
    const key = `${span.from} ${span.to} ${days}`;
    const run = runs.find((one) => one.key === key && one.last === season - 1);
    if (run !== undefined) run.last = season;
    else runs.push({ first: season, last: season, key, span, days });
  }
  return runs.map(({ first, last, span: { from, to }, days }) => {
    const since = seasons[first] ?? "";
    const until = seasons[last + 1];
    return {
      ...(days.length === WEEKDAYS.length ? {} : { days }),
      ...(since === "" ? {} : { since }),
      ...(until === undefined ? {} : { until }),
      ...(from === "00:00" ? {} : { from }),
      ...(to === DAY_END ? {} : { to }),
    };
  });
}
