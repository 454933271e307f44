/*
 * A usage record as a JSON object: each field's value where it is expected, and how it must be written to be plain.
 */
import {
  decimalAt,
  decimals,
  indexOf,
  integerAt,
  number,
  skipSpace,
  textAt,
  textFrom,
  textTo,
} from "./json";
import { NAME_OCTETS_MAX } from "./names";
import {
  downlinkAt,
  energyAt,
  measureAt,
  thousandth,
  totalAt,
  unitsAt,
  uplinkAt,
} from "./ndjson-measures";
import { found, keyAt, otherKeyAt } from "./ndjson-names";
import { forgetSource, sourceAt } from "./ndjson-source";
import { DIRECTIONS, FIELDS, PARTIALS, SERVICES } from "./room";
import { isDigit, STAMP_BYTES, stampAt } from "./stamps";

const ID_OCTETS_MAX: usize = 98;
const SECONDS_DIGITS_MAX: usize = 9;
const OFFSET_MINUTES_MAX: u64 = 900;
const COMMA: u32 = 0x2c;
const MINUS: u32 = 0x2d;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;

const FIELD_COUNT: usize = 31;
const SERVICE_COUNT: usize = 8;
/** The first five. */
const REQUIRED: u32 = 0b11111;

/** By service and the number of the name before plus 1, of each name the number plus 1 that came last; 0 for none. */
const AFTER = memory.data(9 * 32, 16);

/** Behind the bytes of the batch. */
let limit: usize = 0;
/** Of the record that was read last: which fields it had, by their bits. */
export let seenFields: u32 = 0;
export let idFrom: usize = 0;
export let idTo: usize = 0;
export let aFrom: usize = 0;
export let aTo: usize = 0;
export let bFrom: usize = 0;
export let bTo: usize = 0;
export let imsiFrom: usize = 0;
export let imsiTo: usize = 0;
export let deviceFrom: usize = 0;
export let deviceTo: usize = 0;
export let service: u32 = 0;
export let direction: u32 = 0;
export let start: i64 = 0;
/** -1 where the record says none. */
export let sessionStart: i64 = 0;
/** Thousandths of a second; -1 where it says none. */
export let durationMs: i64 = 0;
export let duration: f64 = 0;
export let utcOffset: i32 = 0;
export let isBillable: bool = false;
export let isPartial: bool = false;

/** @param end of the batch's bytes */
export function beginRecords(end: usize): void {
  limit = end;
}

/** What a record need not say. */
function forgetFields(): void {
  aFrom = aTo = bFrom = bTo = imsiFrom = imsiTo = deviceFrom = deviceTo = 0;
  durationMs = sessionStart = -1;
  duration = NaN;
  utcOffset = 0;
  isPartial = false;
  service = 0;
  forgetSource();
}

/** @returns where the record's object ends, or 0 */
export function recordAt(from: usize): usize {
  if (load<u8>(from) != OPEN) return 0;
  let seen: u32 = 0;
  let before: usize = 0;
  forgetFields();
  for (let at = from + 1; at < limit; at++) {
    at = skipSpace(at, limit);
    const after = AFTER + (<usize>service << 5) + before;
    const expected = <usize>load<u8>(after);
    let field = expected - 1;
    let value: usize = expected == 0 ? 0 : keyAt(FIELDS, field, at);
    if (value == 0) {
      value = otherKeyAt(FIELDS, FIELD_COUNT, at, limit);
      if (value == 0) return 0;
      field = <usize>found;
      store<u8>(after, <u8>(field + 1));
    }
    if (seen & (1 << (<u32>field))) return 0;
    seen |= 1 << (<u32>field);
    before = field + 1;
    at = fieldAt(<u32>field, skipSpace(value, limit));
    if (at == 0) return 0;
    at = skipSpace(at, limit);
    const byte = <u32>load<u8>(at);
    if (byte == COMMA) continue;
    seenFields = seen;
    return byte == CLOSE && (seen & REQUIRED) == REQUIRED ? at + 1 : 0;
  }
  return 0;
}

/** What each field is, at its value. @returns where that ends, or 0 */
function fieldAt(field: u32, at: usize): usize {
  switch (field) {
    case 0: {
      const end = textAt(at, ID_OCTETS_MAX);
      idFrom = textFrom;
      idTo = textTo;
      return end;
    }
    case 1: {
      const end = textAt(at);
      const found = end == 0 ? -1 : indexOf(SERVICES, SERVICE_COUNT, textFrom, textTo);
      if (found < 0) return 0;
      service = load<u32>(SERVICES + (<usize>found << 5), 20);
      return end;
    }
    case 2: {
      const end = textAt(at);
      const found = end == 0 ? -1 : indexOf(DIRECTIONS, 4, textFrom, textTo);
      if (found < 0) return 0;
      direction = load<u32>(DIRECTIONS + (<usize>found << 5), 20);
      return end;
    }
    case 3:
      start = instantAt(at);
      return start < 0 ? 0 : textTo + 1;
    case 4: {
      isBillable = load<u32>(at) == 0x6575_7274;
      if (isBillable) return at + 4;
      return load<u32>(at) == 0x736c_6166 && load<u8>(at, 4) == 0x65 ? at + 5 : 0;
    }
    case 5:
      sessionStart = instantAt(at);
      return sessionStart < 0 ? 0 : textTo + 1;
    case 6: {
      const isBehind = load<u8>(at) == MINUS;
      const end = integerAt(isBehind ? at + 1 : at);
      if (number > OFFSET_MINUTES_MAX) return 0;
      utcOffset = isBehind ? -(<i32>number) : <i32>number;
      return end;
    }
    case 7: {
      const end = decimalAt(at, SECONDS_DIGITS_MAX);
      if (end == 0) return 0;
      durationMs = <i64>(number * thousandth(decimals));
      // Three decimals at most divide to the very double that JSON has for them.
      duration = <f64>number / powerOfTen(decimals);
      return end;
    }
    case 8: {
      const end = textAt(at, NAME_OCTETS_MAX);
      aFrom = textFrom;
      aTo = textTo;
      return end;
    }
    case 9: {
      const end = textAt(at, NAME_OCTETS_MAX);
      bFrom = textFrom;
      bTo = textTo;
      return end;
    }
    case 10:
    case 12:
      return textAt(at);
    case 11:
      return integerAt(at);
    case 13:
      return sourceAt(at, limit);
    case 14:
      return uplinkAt(at);
    case 15:
      return downlinkAt(at);
    case 16:
      return totalAt(at);
    case 17:
      return energyAt(at);
    case 18:
      return unitsAt(at);
    case 19: {
      const end = textAt(at, NAME_OCTETS_MAX);
      imsiFrom = textFrom;
      imsiTo = textTo;
      return end;
    }
    case 20: {
      const end = textAt(at, NAME_OCTETS_MAX);
      deviceFrom = textFrom;
      deviceTo = textTo;
      return end;
    }
    case 21: {
      isPartial = true;
      const end = textAt(at);
      return end != 0 && indexOf(PARTIALS, 3, textFrom, textTo) >= 0 ? end : 0;
    }
    case 22:
    case 23:
    case 24:
    case 25:
    case 26:
      return textAt(at);
    default:
      // Measures that only classes of a tariff ask for.
      return measureAt(at, false);
  }
}

/** A text such as 2026-03-01T13:02:00.000Z, with or without milliseconds; -1 for every other way to write it. */
function instantAt(at: usize): i64 {
  if (textAt(at) == 0 || load<u8>(textTo - 1) != 0x5a) return -1;
  const length = textTo - textFrom;
  if (length != STAMP_BYTES + 1 && length != STAMP_BYTES + 5) return -1;
  const ms = stampAt(textFrom, 0x54);
  if (ms < 0 || length == STAMP_BYTES + 1) return ms;
  if (load<u8>(textFrom, 19) != 0x2e) return -1;
  const hundreds = <u32>load<u8>(textFrom, 20);
  const tens = <u32>load<u8>(textFrom, 21);
  const ones = <u32>load<u8>(textFrom, 22);
  if (!isDigit(hundreds) || !isDigit(tens) || !isDigit(ones)) return -1;
  return ms + 100 * (hundreds - 0x30) + 10 * (tens - 0x30) + (ones - 0x30);
}

// @ts-ignore: decorator
@inline
function powerOfTen(exponent: usize): f64 {
  return exponent == 0 ? 1 : exponent == 1 ? 10 : exponent == 2 ? 100 : 1_000;
}
