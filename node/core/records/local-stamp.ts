import { parseUtcInstant } from "../rating/instant-number.ts";

/** A date and time as a file writes it, before its zone is known. */
export interface LocalStamp {
  /** What the clock showed, in milliseconds counted as if it were UTC. */
  localMs: number;
  /** Given when the text carries Z or an offset. */
  offsetMinutes?: number;
  /** A stamp without seconds names a whole minute. */
  precisionSeconds: 1 | 60;
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/;
/** Day first with dots is unambiguous; with slashes it is not, and is not read. */
const DOTTED = /^(\d{2})\.(\d{2})\.(\d{4})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;

/**
 * Reads "2014-12-03 11:37:49", "2014-12-03T11:37:49-05:00" (ISO 8601 profiles) and
 * "03.12.2014 11:37"; undefined for everything else, dates that do not exist included.
 */
export function readStamp(text: string): LocalStamp | undefined {
  const plain = readPlainStamp(text);
  if (plain !== undefined) return { localMs: plain, precisionSeconds: 1 };
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour = "00", minute = "00", second, fraction = "", zone] = iso;
    const localMs = instantOf(year, month, day, hour, minute, second);
    if (localMs === undefined) return undefined;
    const offsetMinutes = zone === undefined ? undefined : readOffset(zone);
    return {
      localMs: localMs + Number(fraction.slice(0, 3).padEnd(3, "0")),
      precisionSeconds: second === undefined ? 60 : 1,
      ...(offsetMinutes === undefined ? {} : { offsetMinutes }),
    };
  }
  const dotted = DOTTED.exec(text);
  if (dotted === null) return undefined;
  const [, day, month, year, hour, minute, second] = dotted;
  const localMs = instantOf(year, month, day, hour, minute, second);
  if (localMs === undefined) return undefined;
  return { localMs, precisionSeconds: second === undefined ? 60 : 1 };
}

/** The usual "2014-12-03 11:37:49" without a pattern: switches write two or three of it in each row. */
function readPlainStamp(text: string): number | undefined {
  if (text.length !== 19 || text.charCodeAt(10) !== 0x20) return undefined;
  // With "T" and "Z" it is an instant, and reading one as if it were UTC is what is wanted.
  const localMs = parseUtcInstant(`${text.slice(0, 10)}T${text.slice(11)}Z`);
  return Number.isNaN(localMs) ? undefined : localMs;
}

function instantOf(
  year = "",
  month = "",
  day = "",
  hour = "",
  minute = "",
  second = "00",
): number | undefined {
  const ms = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second);
  const stays =
    +year >= 1970 &&
    +hour < 24 &&
    +minute < 60 &&
    +second < 60 &&
    new Date(ms).getUTCDate() === +day &&
    new Date(ms).getUTCMonth() === +month - 1;
  return stays ? ms : undefined;
}

function readOffset(zone: string): number {
  if (zone === "Z" || zone === "UTC") return 0;
  const digits = zone.replace(":", "");
  const minutes = +digits.slice(1, 3) * 60 + +digits.slice(3, 5);
  return digits.startsWith("-") ? -minutes : minutes;
}
