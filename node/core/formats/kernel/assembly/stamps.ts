/* Dates and times of day in ASCII, eight digits and separators at a time. */

/** Bytes of "2014-12-03 11:37:49". */
export const STAMP_BYTES: usize = 19;
const DAY_MS: i64 = 86_400_000;

/** The date that was read last, and its milliseconds: records come nearly in order. */
let yearAndMonth: u64 = 0;
let day: u32 = 0;
let dateMs: i64 = -1;

// @ts-ignore: decorator
@inline
export function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

// @ts-ignore: decorator
@inline
function twoAt(at: usize): u32 {
  const tens = <u32>load<u8>(at) - 0x30;
  const ones = <u32>load<u8>(at, 1) - 0x30;
  return tens > 9 || ones > 9 ? 100 : 10 * tens + ones;
}

/**
 * Milliseconds as if it were UTC; -1 for what is no such stamp, or a day that does not exist.
 * @param separator the byte between date and time
 */
export function stampAt(at: usize, separator: u32): i64 {
  if (load<u8>(at, 10) != separator) return -1;
  if (load<u64>(at) != yearAndMonth || <u32>load<u16>(at, 8) != day) {
    yearAndMonth = load<u64>(at);
    day = <u32>load<u16>(at, 8);
    dateMs = readDate(at);
  }
  const time = load<u64>(at, 11);
  const isTime =
    (time & 0x0000_ff00_00ff_0000) == 0x0000_3a00_003a_0000 &&
    (time & 0xf0f0_00f0_f000_f0f0) == 0x3030_0030_3000_3030 &&
    ((time + 0x0606_0006_0600_0606) & 0xf0f0_00f0_f000_f0f0) == 0x3030_0030_3000_3030;
  if (!isTime || dateMs < 0) return -1;
  const digits = time & 0x0f0f_000f_0f00_0f0f;
  const pairs = 10 * digits + (digits >> 8);
  const hour = <i64>(pairs & 0xff);
  const minute = <i64>((pairs >> 24) & 0xff);
  const second = <i64>((pairs >> 48) & 0xff);
  if (hour > 23 || minute > 59 || second > 59) return -1;
  return dateMs + ((hour * 60 + minute) * 60 + second) * 1000;
}

function readDate(at: usize): i64 {
  if (load<u8>(at, 4) != 0x2d || load<u8>(at, 7) != 0x2d) return -1;
  const century = twoAt(at);
  const years = twoAt(at + 2);
  const month = twoAt(at + 5);
  const day = twoAt(at + 8);
  if (century > 99 || years > 99 || month < 1 || month > 12 || day < 1) return -1;
  const year = 100 * century + years;
  if (year < 1970 || day > daysOf(year, month)) return -1;
  return <i64>daysBefore(year, month, day) * DAY_MS;
}

function isLeap(year: u32): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

function daysOf(year: u32, month: u32): u32 {
  if (month == 2) return isLeap(year) ? 29 : 28;
  // April, June, September and November.
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Since 1970; years begin in March, so that the day that leap years have more is their last one. */
function daysBefore(year: u32, month: u32, day: u32): u32 {
  const years = month <= 2 ? year - 1 : year;
  const months = month <= 2 ? month + 9 : month - 3;
  const days = 365 * years + years / 4 - years / 100 + years / 400;
  return days + (153 * months + 2) / 5 + day - 1 - 719_468;
}

/** Writes the ten bytes of a day's date. @param days since 1970 */
export function putDate(to: usize, days: u32): void {
  const z = days + 719_468;
  const era = z / 146_097;
  const dayOfEra = z - era * 146_097;
  const yearOfEra =
    (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const months = (5 * dayOfYear + 2) / 153;
  const month = months < 10 ? months + 3 : months - 9;
  const year = yearOfEra + 400 * era + (month <= 2 ? 1 : 0);
  putTwo(to, year / 100);
  putTwo(to + 2, year % 100);
  store<u8>(to, 0x2d, 4);
  putTwo(to + 5, month);
  store<u8>(to, 0x2d, 7);
  putTwo(to + 8, dayOfYear - (153 * months + 2) / 5 + 1);
}

// @ts-ignore: decorator
@inline
export function putTwo(to: usize, value: u32): void {
  const tens = value / 10;
  store<u16>(to, <u16>(0x3030 + tens + ((value - 10 * tens) << 8)));
}
