const DAY = 86_400_000;
/** Days before each month of a common year. */
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365] as const;
/** Leap days from the year 1 to 1969. */
const LEAP_DAYS_BEFORE_1970 = 477;
const ZERO = 0x30;

/**
 * The instant of a text such as 2026-03-01T13:02:00.000Z, or of one without decimals; NaN for any
 * other text, which may still be an instant.
 */
export function parseUtcInstant(text: unknown): number {
  if (typeof text !== "string") return Number.NaN;
  const { length } = text;
  if ((length !== 24 && length !== 20) || text.charCodeAt(length - 1) !== 0x5a) return Number.NaN;
  const hasDecimals = length === 24;
  if (
    text.charCodeAt(4) !== 0x2d ||
    text.charCodeAt(7) !== 0x2d ||
    text.charCodeAt(10) !== 0x54 ||
    text.charCodeAt(13) !== 0x3a ||
    text.charCodeAt(16) !== 0x3a ||
    (hasDecimals && text.charCodeAt(19) !== 0x2e)
  ) {
    return Number.NaN;
  }
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const decimals = hasDecimals ? 10 * twoDigits(text, 20) + digit(text, 22) : 0;
  // Written so that NaN, which stands for no digit, fails too.
  if (!(year >= 1970 && month >= 1 && month <= 12 && hour < 24 && minute < 60 && second < 60)) {
    return Number.NaN;
  }
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const before = DAYS_BEFORE[month - 1] as number;
  const daysOfMonth = (DAYS_BEFORE[month] as number) - before + (isLeap && month === 2 ? 1 : 0);
  if (!(day >= 1 && day <= daysOfMonth)) return Number.NaN;
  const years = year - 1;
  const leapDays = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  const days =
    365 * (year - 1970) +
    (leapDays - LEAP_DAYS_BEFORE_1970) +
    before +
    (isLeap && month > 2 ? 1 : 0);
  return (days + day - 1) * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + decimals;
}

function twoDigits(text: string, at: number): number {
  return 10 * digit(text, at) + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - ZERO;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}
