import { TallystickError } from "../errors.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import { SESSION_MINUTES_MAX } from "../tariff/instants.ts";

const MINUTE = 60_000;
const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,3})?(?:Z|[+-]\d{2}:\d{2})$/;

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
  const wall = INSTANT.exec(text ?? "")?.[1];
  const wallMilliseconds = Date.parse(`${wall}Z`);
  // Date.parse turns 30 February into 2 March; a date must come back as it was written.
  const exists =
    !Number.isNaN(wallMilliseconds) &&
    new Date(wallMilliseconds).toISOString().slice(0, 19) === wall;
  const milliseconds = Date.parse(text ?? "");
  if (exists && milliseconds >= 0) return milliseconds;
  throw new TallystickError(
    "rating.bad-start",
    `${field} is no instant such as 2026-03-01T13:02:00.000Z.`,
    { field },
  );
}
