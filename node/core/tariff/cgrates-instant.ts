import { Temporal } from "temporal-polyfill";

/*
 * When a rating profile begins, in the forms that CGRateS reads and that mean the same whenever they
 * are read (utils/coreutils.go, ParseTimeDetectLayout): "*now" and the like do not.
 */

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const WALL = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)$/;
const DIGITS = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/;

/**
 * ISO 8601 in UTC; the beginning of 1970 where nothing is said.
 * @param timeZone of what says no zone of its own
 * @returns undefined for what is no fixed instant
 */
export function cgratesInstant(text: string, timeZone: string): string | undefined {
  if (text === "" || text === "*unlimited") return new Date(0).toISOString();
  if (/^\d{10}$/.test(text)) return new Date(1000 * Number(text)).toISOString();
  if (/^\d{13}$/.test(text)) return new Date(Number(text)).toISOString();
  const wall = text.replace(DIGITS, "$1-$2-$3T$4:$5:$6").replace(WALL, "$1T$2");
  try {
    const instant = RFC3339.test(wall)
      ? Temporal.Instant.from(wall)
      : WALL.test(wall)
        ? Temporal.PlainDateTime.from(wall).toZonedDateTime(timeZone).toInstant()
        : undefined;
    return instant === undefined ? undefined : new Date(instant.epochMilliseconds).toISOString();
  } catch {
    // A day or hour that does not exist.
    return undefined;
  }
}
