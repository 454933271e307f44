import { TallystickError } from "../errors.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { SESSION_MINUTES_MAX } from "../tariff/instants.ts";

const MINUTE = 60_000;
const INSTANT =
  /^(\d{4})-(0[1-9]|1[0-2])-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

export interface SessionTimes {
  startMilliseconds: number;
  /** Whole minutes of the clock from the session's first minute to that of the start. */
  sessionMinutes: number;
}

/**
 * @throws TallystickError `rating.bad-start`, `rating.session-after-start`,
 *   `rating.session-too-long`
 */
export function sessionTimesOf(record: UsageRecord): SessionTimes {
  const startMilliseconds = parseInstant(record.start, "start");
  if (record.sessionStart === undefined) return { startMilliseconds, sessionMinutes: 0 };
  const sessionStart = parseInstant(record.sessionStart, "sessionStart");
  if (sessionStart > startMilliseconds) {
    throw new TallystickError(
      "rating.session-after-start",
      "The record starts before its session does.",
      { field: "sessionStart" },
    );
  }
  const sessionMinutes = Math.floor(startMilliseconds / MINUTE) - Math.floor(sessionStart / MINUTE);
  if (sessionMinutes > SESSION_MINUTES_MAX) {
    throw new TallystickError(
      "rating.session-too-long",
      `The record starts ${sessionMinutes} minutes after its session; at most ` +
        `${SESSION_MINUTES_MAX} can be told.`,
      { field: "sessionStart" },
    );
  }
  return { startMilliseconds, sessionMinutes };
}

function parseInstant(text: string | undefined, field: string): number {
  const match = INSTANT.exec(text ?? "");
  if (match !== null) {
    const [, year, month, day, hour, minute, second, fraction = "", sign, hours, minutes] = match;
    const wall = Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
      Number(fraction.padEnd(3, "0")),
    );
    const ahead = sign === undefined ? 0 : (60 * Number(hours) + Number(minutes)) * MINUTE;
    const milliseconds = sign === "-" ? wall + ahead : wall - ahead;
    // Date.UTC turns 30 February into 2 March; the day must come back as it was written.
    if (new Date(wall).getUTCDate() === Number(day) && milliseconds >= 0) return milliseconds;
  }
  throw new TallystickError("rating.bad-start", whyNoInstant(text, field), { field });
}

function whyNoInstant(text: string | undefined, field: string): string {
  const wall = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/;
  const shown = JSON.stringify((text ?? "").slice(0, 40));
  if (text !== undefined && wall.test(text)) {
    if (!/(Z|[+-]\d\d:?\d\d)$/.test(text)) {
      return `${field}, ${shown}, says no zone; write Z behind it where it is UTC, or its offset, such as +01:00.`;
    }
    if (/\.\d{4,}/.test(text)) {
      return `${field}, ${shown}, is finer than milliseconds; write at most three decimals.`;
    }
  }
  return `${field}, ${shown}, is no instant such as 2026-03-01T13:02:00.000Z.`;
}
