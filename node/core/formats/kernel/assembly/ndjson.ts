/*
 * Usage records, one JSON object a line, into columns. A line is taken under the very conditions under which
 * NdjsonPlainRow takes it (ndjson-plain-row.ts), but that its names are short and its line ends; at every other the caller
 * is asked. Names are expected behind the name that they came behind last in a record of the same service.
 */
import {
  anyTextAt,
  decimalAt,
  decimals,
  digestAt,
  indexOf,
  integerAt,
  isNamed,
  number,
  skipSpace,
  textAt,
  textFrom,
  textTo,
} from "./json";
import { NAME_OCTETS_MAX, nameAt } from "./names";
import {
  A_PARTY,
  B_PARTY,
  BILLABLE,
  column,
  DEVICE,
  DIRECTION,
  DIRECTIONS,
  DOWNLINK_TEXT,
  DURATION,
  DURATIONS,
  FIELDS,
  FROM,
  ID_END,
  IDS,
  IMSI,
  IS_BILLABLE,
  IS_PARTIAL,
  IS_PLAIN,
  LENGTH,
  MEASURE_TEXT,
  MEASURES_OF,
  OCTETS_HIGH,
  OCTETS_LOW,
  OCTETS_ROWS,
  PARTIALS,
  QUANTITY,
  RAW,
  ROWS,
  SECONDS,
  SERVICE,
  SERVICES,
  SESSION_START,
  SOURCE_FIELDS,
  SOURCE_LENGTH,
  SOURCE_OFFSET,
  START,
  tell,
  UNITS_HIGH,
  UNITS_LOW,
  UNITS_ROWS,
  UPLINK_TEXT,
  UTC_OFFSET,
} from "./room";
import { isDigit, STAMP_BYTES, stampAt } from "./stamps";

const ROWS_MAX: usize = 4_096;
const LINE_OCTETS_MAX: usize = 65_536;
const ID_OCTETS_MAX: usize = 98;
const SECONDS_DIGITS_MAX: usize = 9;
/** Before the point, of energy and power. */
const MEASURE_DIGITS_MAX: usize = 12;
const OFFSET_MINUTES_MAX: u64 = 900;
const LENGTH_MAX: u64 = 0xffff_ffff;
const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const MINUS: u32 = 0x2d;
const COLON: u32 = 0x3a;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;
const LINE_FEED: u32 = 0x0a;

const FIELD_COUNT: usize = 31;
const SOURCE_COUNT: usize = 6;
const SERVICE_COUNT: usize = 8;
/** The first five and the first four. */
const REQUIRED: u32 = 0b11111;
const SOURCE_REQUIRED: u32 = 0b1111;
const VOICE: u32 = 1;
const DATA: u32 = 4;
const ENERGY: u32 = 5;
const TIME: u32 = 6;
const UPLINK: u32 = 1 << 14;
const DOWNLINK: u32 = 1 << 15;
const TOTAL: u32 = 1 << 16;
const MEASURE: u32 = TOTAL | (1 << 17) | (1 << 18);
const OCTETS: u32 = UPLINK | DOWNLINK | TOTAL;
const MEASURES: u32 = OCTETS | MEASURE;

/** By service and the number of the name before plus 1, of each name the number plus 1 that came last; 0 for none. */
const AFTER = memory.data(9 * 32, 16);
const SOURCE_AFTER = memory.data(8, 16);

/** Behind the bytes of the batch. */
let limit: usize = 0;
let rawAt: usize = 0;
let idFrom: usize = 0;
let idTo: usize = 0;
let aFrom: usize = 0;
let aTo: usize = 0;
let bFrom: usize = 0;
let bTo: usize = 0;
let imsiFrom: usize = 0;
let imsiTo: usize = 0;
let deviceFrom: usize = 0;
let deviceTo: usize = 0;
let service: u32 = 0;
let direction: u32 = 0;
let start: i64 = 0;
/** -1 where the record says none. */
let sessionStart: i64 = 0;
/** Thousandths of a second; -1 where it says none. */
let durationMs: i64 = 0;
let duration: f64 = 0;
let utcOffset: i32 = 0;
let isBillable: bool = false;
let isPartial: bool = false;
let sourceOffset: u64 = 0;
let sourceLength: u64 = 0;
let uplink: u64 = 0;
let downlink: u64 = 0;
/** Octets in all, milliwatt-hours or units. */
let measure: u64 = 0;
let uplinkText: u32 = 0;
let downlinkText: u32 = 0;
let measureText: u32 = 0;

// @ts-ignore: decorator
@inline
function placeInRaw(from: usize, to: usize): u32 {
  return <u32>((from - rawAt) | ((to - from) << 20));
}

/** The name at `at`, as programs write it in front of a value. @returns behind its colon, or 0 */
// @ts-ignore: decorator
@inline
function keyAt(list: usize, index: usize, at: usize): usize {
  const length = <usize>load<u32>(list + (index << 5), 16);
  const isKey =
    load<u8>(at) == QUOTE &&
    isNamed(list, index, at + 1, length) &&
    load<u16>(at + length, 1) == 0x3a22;
  return isKey ? at + length + 3 : 0;
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
      return sourceAt(at);
    case 14: {
      const end = octetsAt(at);
      uplink = number;
      uplinkText = digits;
      return end;
    }
    case 15: {
      const end = octetsAt(at);
      downlink = number;
      downlinkText = digits;
      return end;
    }
    case 16: {
      const end = octetsAt(at);
      measure = number;
      measureText = digits;
      return end;
    }
    case 17: {
      const end = measureAt(at, true);
      measure = number * thousandth(decimals);
      measureText = placeInRaw(at + 1, end - 1);
      return end;
    }
    case 18: {
      const end = integerAt(at);
      measure = number;
      measureText = placeInRaw(at, end);
      return end;
    }
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

function sourceFieldAt(field: u32, at: usize): usize {
  switch (field) {
    case 0:
    case 1:
      return anyTextAt(at, limit);
    case 2: {
      const end = integerAt(at);
      return number > 0 ? end : 0;
    }
    case 3:
      return digestAt(at);
    case 4: {
      const end = integerAt(at);
      sourceOffset = number;
      return end;
    }
    default: {
      const end = integerAt(at);
      sourceLength = number;
      return number <= LENGTH_MAX ? end : 0;
    }
  }
}

// @ts-ignore: decorator
@inline
function powerOfTen(exponent: usize): f64 {
  return exponent == 0 ? 1 : exponent == 1 ? 10 : exponent == 2 ? 100 : 1_000;
}

/** Of the last digit of a number with so many decimals. */
// @ts-ignore: decorator
@inline
function thousandth(decimals: usize): u64 {
  return decimals == 0 ? 1_000 : decimals == 1 ? 100 : decimals == 2 ? 10 : 1;
}

/** Of the octets that were read last. */
let digits: u32 = 0;

/** Octets, as a number or as its text. */
function octetsAt(at: usize): usize {
  const isQuoted = load<u8>(at) == QUOTE;
  const from = isQuoted ? at + 1 : at;
  const end = integerAt(from);
  digits = placeInRaw(from, end);
  if (!isQuoted) return end;
  return end != 0 && load<u8>(end) == QUOTE ? end + 1 : 0;
}

/** @param isText whether it has to be one; else it may be a number, too */
function measureAt(at: usize, isText: bool): usize {
  const isQuoted = load<u8>(at) == QUOTE;
  if (isText && !isQuoted) return 0;
  const end = decimalAt(isQuoted ? at + 1 : at, MEASURE_DIGITS_MAX);
  if (!isQuoted) return end;
  return end != 0 && load<u8>(end) == QUOTE ? end + 1 : 0;
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

/** The number of the name that `otherKeyAt` found. */
let found: i32 = 0;

/** A name that is not the one that was expected. @returns behind its colon, or 0 */
function otherKeyAt(list: usize, count: usize, from: usize): usize {
  const end = textAt(from);
  if (end == 0) return 0;
  found = indexOf(list, count, textFrom, textTo);
  if (found < 0) return 0;
  const at = skipSpace(end, limit);
  return load<u8>(at) == COLON ? at + 1 : 0;
}

function sourceAt(from: usize): usize {
  if (load<u8>(from) != OPEN) return 0;
  let seen: u32 = 0;
  let before: usize = 0;
  for (let at = from + 1; at < limit; at++) {
    at = skipSpace(at, limit);
    const expected = <usize>load<u8>(SOURCE_AFTER + before);
    let field = expected - 1;
    let value: usize = expected == 0 ? 0 : keyAt(SOURCE_FIELDS, field, at);
    if (value == 0) {
      value = otherKeyAt(SOURCE_FIELDS, SOURCE_COUNT, at);
      if (value == 0) return 0;
      field = <usize>found;
      store<u8>(SOURCE_AFTER + before, <u8>(field + 1));
    }
    if (seen & (1 << (<u32>field))) return 0;
    seen |= 1 << (<u32>field);
    before = field + 1;
    at = sourceFieldAt(<u32>field, skipSpace(value, limit));
    if (at == 0) return 0;
    at = skipSpace(at, limit);
    const byte = <u32>load<u8>(at);
    if (byte == COMMA) continue;
    return byte == CLOSE && (seen & SOURCE_REQUIRED) == SOURCE_REQUIRED ? at + 1 : 0;
  }
  return 0;
}

/** Which fields the record had that was read last. */
let seenFields: u32 = 0;

/** @returns where the record's object ends, or 0 */
function recordAt(from: usize): usize {
  if (load<u8>(from) != OPEN) return 0;
  let seen: u32 = 0;
  let before: usize = 0;
  service = 0;
  for (let at = from + 1; at < limit; at++) {
    at = skipSpace(at, limit);
    const after = AFTER + (<usize>service << 5) + before;
    const expected = <usize>load<u8>(after);
    let field = expected - 1;
    let value: usize = expected == 0 ? 0 : keyAt(FIELDS, field, at);
    if (value == 0) {
      value = otherKeyAt(FIELDS, FIELD_COUNT, at);
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

/** Octets, milliwatt-hours or units; NaN where the record says none, and where it is its duration. */
let quantity: f64 = 0;

/** @param given which quantities it says @returns whether they are its service's, and do not contradict */
function takeMeasures(given: u32): bool {
  quantity = NaN;
  if ((given & ~load<u32>(MEASURES_OF + (<usize>service << 2))) != 0) return false;
  if ((given & UPLINK) == 0) {
    uplink = 0;
    uplinkText = 0;
  }
  if ((given & DOWNLINK) == 0) {
    downlink = 0;
    downlinkText = 0;
  }
  if ((given & MEASURE) == 0) {
    measure = 0;
    measureText = 0;
  }
  if (service == VOICE || service == TIME) return true;
  if (service == DATA) {
    if (given == 0) return true;
    const sum = uplink + downlink;
    quantity = <f64>((given & TOTAL) == 0 ? sum : measure);
    if ((given & TOTAL) == 0) return true;
    // One direction alone is not the whole of the use.
    return given == OCTETS ? sum == measure : sum <= measure;
  }
  if (given != 0) quantity = <f64>measure;
  // A message, a piece of content or an event without a count is one.
  else if (service != ENERGY) quantity = 1;
  return true;
}

// @ts-ignore: decorator
@inline
function numberOf(from: usize, to: usize): u32 {
  return from == to ? 0 : nameAt(from, to - from);
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == 0x09 || byte == 0x0d;
}

/** To the very byte: behind the last id of full columns begins the file. */
function copyExactly(from: usize, length: usize, to: usize): void {
  let at: usize = 0;
  for (; at + 16 <= length; at += 16) v128.store(to + at, v128.load(from + at));
  for (; at < length; at++) store<u8>(to + at, load<u8>(from + at));
}

/**
 * Takes lines from the batch's raw bytes until one is not plain, or not whole, or the columns are full.
 * @param from the first one's place in the raw bytes @param length of these
 * @param first number of the first row in the columns
 * @returns the place of the first line that was not taken
 */
export function takeNdjson(from: u32, length: u32, first: u32): u32 {
  const raw = column(RAW);
  const ids = column(IDS);
  rawAt = raw;
  limit = raw + length;
  let at = raw + from;
  let row = <usize>first;
  let idAt: usize = row == 0 ? 0 : <usize>load<u32>(column(ID_END) + ((row - 1) << 2));
  let billable: u32 = 0;
  let durations: u32 = 0;
  let milliseconds: u64 = 0;
  let octetsRows: u32 = 0;
  let octetsLow: u64 = 0;
  let octetsHigh: u64 = 0;
  let unitsRows: u32 = 0;
  let unitsLow: u64 = 0;
  let unitsHigh: u64 = 0;
  while (row < ROWS_MAX && at < limit) {
    aFrom = aTo = bFrom = bTo = imsiFrom = imsiTo = deviceFrom = deviceTo = 0;
    durationMs = sessionStart = -1;
    duration = NaN;
    utcOffset = 0;
    sourceOffset = sourceLength = 0;
    isPartial = false;
    let line: usize = recordAt(at);
    if (line == 0) break;
    while (line < limit && isBlank(load<u8>(line))) line++;
    if (line >= limit || load<u8>(line) != LINE_FEED || line - at > LINE_OCTETS_MAX) break;
    const given = seenFields & MEASURES;
    if (!takeMeasures(given)) break;
    copyExactly(idFrom, idTo - idFrom, ids + idAt);
    idAt += idTo - idFrom;
    store<u8>(column(IS_PLAIN) + row, 1);
    store<u8>(column(IS_BILLABLE) + row, isBillable ? 1 : 0);
    store<u8>(column(SERVICE) + row, <u8>service);
    store<u8>(column(DIRECTION) + row, <u8>direction);
    store<u8>(column(IS_PARTIAL) + row, isPartial ? 1 : 0);
    store<f64>(column(START) + (row << 3), <f64>start);
    store<f64>(column(SESSION_START) + (row << 3), <f64>(sessionStart < 0 ? start : sessionStart));
    store<f64>(column(DURATION) + (row << 3), duration);
    store<f64>(column(SOURCE_OFFSET) + (row << 3), <f64>sourceOffset);
    store<f64>(column(QUANTITY) + (row << 3), quantity);
    store<i16>(column(UTC_OFFSET) + (row << 1), <i16>utcOffset);
    store<u32>(column(FROM) + (row << 2), <u32>(at - raw));
    store<u32>(column(LENGTH) + (row << 2), <u32>(line - at));
    store<u32>(column(SOURCE_LENGTH) + (row << 2), <u32>sourceLength);
    store<u32>(column(ID_END) + (row << 2), <u32>idAt);
    store<u32>(column(A_PARTY) + (row << 2), numberOf(aFrom, aTo));
    store<u32>(column(B_PARTY) + (row << 2), numberOf(bFrom, bTo));
    store<u32>(column(IMSI) + (row << 2), numberOf(imsiFrom, imsiTo));
    store<u32>(column(DEVICE) + (row << 2), numberOf(deviceFrom, deviceTo));
    store<u32>(column(UPLINK_TEXT) + (row << 2), uplinkText);
    store<u32>(column(DOWNLINK_TEXT) + (row << 2), downlinkText);
    store<u32>(column(MEASURE_TEXT) + (row << 2), measureText);
    if (isBillable) billable++;
    if (durationMs >= 0) {
      durations++;
      milliseconds += durationMs;
    }
    if (given & OCTETS) {
      octetsRows++;
      octetsLow += uplink + downlink + measure;
      octetsHigh += octetsLow >> 32;
      octetsLow &= 0xffff_ffff;
    } else if (given != 0 && service != ENERGY) {
      unitsRows++;
      unitsLow += measure;
      unitsHigh += unitsLow >> 32;
      unitsLow &= 0xffff_ffff;
    }
    at = line + 1;
    row++;
  }
  tell(ROWS, <f64>(<u32>row));
  tell(BILLABLE, <f64>billable);
  tell(DURATIONS, <f64>durations);
  tell(SECONDS, <f64>milliseconds);
  tell(OCTETS_ROWS, <f64>octetsRows);
  tell(OCTETS_LOW, <f64>octetsLow);
  tell(OCTETS_HIGH, <f64>octetsHigh);
  tell(UNITS_ROWS, <f64>unitsRows);
  tell(UNITS_LOW, <f64>unitsLow);
  tell(UNITS_HIGH, <f64>unitsHigh);
  return <u32>(at - raw);
}
