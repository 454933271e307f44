import { Temporal } from "temporal-polyfill";

/*
 * The sample's records were written for February 2026. They are moved by whole weeks into the month
 * that is played, so that weekdays and local times stay what they are.
 */

const BASE_START = Temporal.PlainDate.from("2026-02-01");

/** Whole days from the base month to the first such weekday of `month` ("2026-10"). */
export function shiftDays(month: string): number {
  let first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 });
  while (first.dayOfWeek !== BASE_START.dayOfWeek) first = first.add({ days: 1 });
  return BASE_START.until(first, { largestUnit: "days" }).days;
}

const epochSeconds = (local: Temporal.PlainDateTime, zone: string): number =>
  Math.floor(local.toZonedDateTime(zone).epochMilliseconds / 1000);

const movedStamp = (stamp: string, days: number): string =>
  Temporal.PlainDateTime.from(stamp.replace(" ", "T"))
    .add({ days })
    .toString({ smallestUnit: "second" })
    .replace("T", " ");

/** A unique id "<epoch seconds>.<counter>" of the base month, moved; its local time stays. */
export function movedUniqueId(uniqueId: string, days: number, zone: string): string {
  const [epoch = "", counter = ""] = uniqueId.split(".");
  const local = Temporal.Instant.fromEpochMilliseconds(Number(epoch) * 1000)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .add({ days });
  return `${epochSeconds(local, zone)}.${counter}`;
}

/** An Asterisk Master.csv, row by row: stamps and unique ids move, everything else stays. */
export function moveAsteriskCsv(text: string, month: string, zone: string): string {
  const days = shiftDays(month);
  return text
    .replace(
      /"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"/g,
      (_, stamp: string) => `"${movedStamp(stamp, days)}"`,
    )
    .replace(/"(\d{10}\.\d+)"/g, (_, id: string) => `"${movedUniqueId(id, days, zone)}"`);
}

/** Rows by the local day of their first stamp, "2026-10-05": the switch's daily files. */
export function splitByDay(csv: string): Map<string, string> {
  const days = new Map<string, string>();
  for (const row of csv.split("\n")) {
    const day = /"(\d{4}-\d\d-\d\d) /.exec(row)?.[1];
    if (day !== undefined) days.set(day, `${days.get(day) ?? ""}${row}\n`);
  }
  return days;
}

/** An Android call log: the `date` of each call moves, its readable copy follows. */
export function moveCallLog(text: string, month: string, zone: string): string {
  const days = shiftDays(month);
  return text.replace(
    /date="(\d{13})"(.*?)readable_date="[^"]*"/g,
    (_, date: string, between: string) => {
      const moved = Temporal.Instant.fromEpochMilliseconds(Number(date))
        .toZonedDateTimeISO(zone)
        .toPlainDateTime()
        .add({ days })
        .toZonedDateTime(zone);
      const readable = moved.toLocaleString("en-US", {
        dateStyle: "medium",
        timeStyle: "medium",
      });
      return `date="${moved.epochMilliseconds}"${between}readable_date="${readable}"`;
    },
  );
}
