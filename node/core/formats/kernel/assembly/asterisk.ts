/*
 * Rows of Asterisk's Master.csv into columns. A row is taken under the very conditions under which
 * AsteriskPlainRow takes it (asterisk-plain-row.ts), but that its names are short; at every other row the caller is asked.
 */
import { fieldFrom, fields, fieldTo, rowTo, splitLine } from "./csv-row";
import { isPlainText, NAME_OCTETS_MAX, nameAt } from "./names";
import {
  A_PARTY,
  B_PARTY,
  BILLABLE,
  column,
  DIRECTION,
  DISPOSITIONS,
  DURATION,
  EPOCH,
  FROM,
  ID_END,
  ID_PREFIX,
  IDS,
  IS_BILLABLE,
  IS_PLAIN,
  LENGTH,
  LOCAL,
  RAW,
  ROWS,
  SECONDS,
  SERVICE,
  SESSION_START,
  START,
  tell,
  UTC_OFFSET,
} from "./room";
import { isDigit, STAMP_BYTES, stampAt } from "./stamps";

const ROWS_MAX: usize = 4_096;
const ROW_OCTETS_MAX: usize = 65_536;
const ID_OCTETS_MAX: usize = 98;
/** Of an id: two colons, digits of the start, the longest cause. */
const ID_REST_MAX: usize = 26;
const MINUTE: i64 = 60_000;
const SAME_MOMENT: i64 = 5_000;
const YEAR_10000: i64 = 253_402_300_800_000;
const ANSWERED_OCTETS: usize = 8;
const COLON: u32 = 0x3a;
const SPACE: u32 = 0x20;

let started: i64 = 0;
/** Where charging starts. */
let charged: i64 = 0;
/** Of the channel, by the unique id. */
let epoch: i64 = 0;
let billableSeconds: u32 = 0;
let isBillable: bool = false;

/** Up to nine digits; a number above all of them for anything else. */
function secondsOf(field: usize): u32 {
  const from = fieldFrom(field);
  const to = fieldTo(field);
  if (to == from || to - from > 9) return u32.MAX_VALUE;
  let value: u32 = 0;
  for (let at = from; at < to; at++) {
    const byte = <u32>load<u8>(at);
    if (!isDigit(byte)) return u32.MAX_VALUE;
    value = 10 * value + byte - 0x30;
  }
  return value;
}

function stampOf(field: usize): i64 {
  const from = fieldFrom(field);
  return fieldTo(field) - from == STAMP_BYTES ? stampAt(from, SPACE) : -1;
}

function isDisposition(from: usize, length: usize): bool {
  if (length > 15) return false;
  const known = DISPOSITIONS + (length << 5);
  // A length that no disposition has stands there as zeros.
  if (load<u8>(known) == 0) return false;
  for (let at: usize = 0; at < length; at++) {
    if (load<u8>(from + at) != load<u8>(known + at)) return false;
  }
  return true;
}

/** "1231977075.12", also "system-1231977075.12": nine or ten digits, a dot, digits. */
function readUniqueId(): bool {
  const from = fieldFrom(16);
  const to = fieldTo(16);
  let at = to;
  while (at > from && isDigit(load<u8>(at - 1))) at--;
  if (at == to || at == from || load<u8>(at - 1) != 0x2e) return false;
  const secondsTo = at - 1;
  at = secondsTo;
  while (at > from && isDigit(load<u8>(at - 1))) at--;
  const digits = secondsTo - at;
  if (digits != 9 && digits != 10) return false;
  if (at > from && (load<u8>(at - 1) != 0x2d || !isPlainText(from, at - from))) return false;
  let seconds: i64 = 0;
  for (; at < secondsTo; at++) seconds = 10 * seconds + <i64>load<u8>(at) - 0x30;
  epoch = 1000 * seconds;
  return true;
}

function isName(field: usize): bool {
  const from = fieldFrom(field);
  const length = fieldTo(field) - from;
  return length <= NAME_OCTETS_MAX && isPlainText(from, length);
}

/** What the row says that was split last. @returns whether it is plain */
function readRow(): bool {
  if (fields != 18 && fields != 21) return false;
  started = stampOf(9);
  const ended = stampOf(11);
  billableSeconds = secondsOf(13);
  if (started < 0 || ended < 0) return false;
  if (secondsOf(12) == u32.MAX_VALUE || billableSeconds == u32.MAX_VALUE) return false;
  const from = fieldFrom(14);
  const length = fieldTo(14) - from;
  if (!isDisposition(from, length)) return false;
  isBillable = length == ANSWERED_OCTETS;
  charged = started;
  if (fieldFrom(10) != fieldTo(10)) {
    const answered = stampOf(10);
    if (answered < 0) return false;
    if (isBillable) charged = answered;
  } else if (isBillable) return false;
  if (isBillable && 1000 * <i64>billableSeconds > ended - charged) return false;
  return isName(1) && isName(2) && readUniqueId();
}

// @ts-ignore: decorator
@inline
function copy(from: usize, length: usize, to: usize): usize {
  for (let at: usize = 0; at < length; at += 16) v128.store(to + at, v128.load(from + at));
  return to + length;
}

/** Prefix, unique id, digits of the start, cause; what is copied too far is written over. @returns its end */
function writeId(id: usize): usize {
  const uniqueId = fieldFrom(16);
  let to = copy(ID_PREFIX + 4, <usize>load<u32>(ID_PREFIX), id);
  to = copy(uniqueId, fieldTo(16) - uniqueId, to);
  const stamp = fieldFrom(9);
  store<u8>(to, COLON);
  store<u32>(to, load<u32>(stamp), 1);
  store<u16>(to, load<u16>(stamp, 5), 5);
  store<u16>(to, load<u16>(stamp, 8), 7);
  store<u16>(to, load<u16>(stamp, 11), 9);
  store<u16>(to, load<u16>(stamp, 14), 11);
  store<u16>(to, load<u16>(stamp, 17), 13);
  store<u8>(to, COLON, 15);
  const length = fieldTo(14) - fieldFrom(14);
  const cause = DISPOSITIONS + (length << 5) + 16;
  // The longest has ten bytes.
  store<u64>(to, load<u64>(cause), 16);
  store<u16>(to, load<u16>(cause, 8), 24);
  return to + 16 + length;
}

// @ts-ignore: decorator
@inline
function numberOf(field: usize): u32 {
  const from = fieldFrom(field);
  const to = fieldTo(field);
  return from == to ? 0 : nameAt(from, to - from);
}

/**
 * Takes rows from the batch's raw bytes until one is not plain, or not whole, or the columns are full.
 * @param from the first one's place in the raw bytes @param length of these
 * @param first number of the first row in the columns
 * @param offset what to take from stamps for UTC, milliseconds; of local times from `steadyFrom` until `steadyTo`
 * @returns the place of the first row that was not taken; `LOCAL` tells its local time where that alone is why, else -1
 */
export function takeAsterisk(
  from: u32,
  length: u32,
  first: u32,
  offset: f64,
  steadyFrom: f64,
  steadyTo: f64,
): u32 {
  const raw = column(RAW);
  const end = raw + length;
  const ids = column(IDS);
  const offsetMs = <i64>offset;
  const prefixOctets = <usize>load<u32>(ID_PREFIX);
  let at = raw + from;
  let row = <usize>first;
  let idAt: usize = row == 0 ? 0 : <usize>load<u32>(column(ID_END) + ((row - 1) << 2));
  let billable: u32 = 0;
  let seconds: u64 = 0;
  tell(LOCAL, -1);
  while (row < ROWS_MAX) {
    const line = splitLine(at, end);
    if (line == 0 || line - at > ROW_OCTETS_MAX || !readRow()) break;
    if (prefixOctets + fieldTo(16) - fieldFrom(16) + ID_REST_MAX > ID_OCTETS_MAX) break;
    const sinceEpoch = started - epoch - offsetMs;
    if (sinceEpoch > SAME_MOMENT || sinceEpoch < -SAME_MOMENT) break;
    const sessionStart = started - offsetMs;
    const start = charged - offsetMs;
    if (sessionStart < 0 || start < 0 || start >= YEAR_10000) break;
    if (!(<f64>started >= steadyFrom && <f64>started < steadyTo)) {
      tell(LOCAL, <f64>started);
      tell(EPOCH, <f64>epoch);
      break;
    }
    idAt = writeId(ids + idAt) - ids;
    store<u8>(column(IS_PLAIN) + row, 1);
    store<u8>(column(IS_BILLABLE) + row, isBillable ? 1 : 0);
    store<u8>(column(SERVICE) + row, 1);
    store<u8>(column(DIRECTION) + row, 1);
    store<f64>(column(START) + (row << 3), <f64>start);
    store<f64>(column(SESSION_START) + (row << 3), <f64>sessionStart);
    store<f64>(column(DURATION) + (row << 3), <f64>billableSeconds);
    store<i16>(column(UTC_OFFSET) + (row << 1), <i16>(offsetMs / MINUTE));
    store<u32>(column(FROM) + (row << 2), <u32>(at - raw));
    store<u32>(column(LENGTH) + (row << 2), <u32>(rowTo() - at));
    store<u32>(column(ID_END) + (row << 2), <u32>idAt);
    store<u32>(column(A_PARTY) + (row << 2), numberOf(1));
    store<u32>(column(B_PARTY) + (row << 2), numberOf(2));
    if (isBillable) billable++;
    seconds += billableSeconds;
    at = line + 1;
    row++;
  }
  tell(ROWS, <f64>(<u32>row));
  tell(BILLABLE, <f64>billable);
  tell(SECONDS, <f64>seconds);
  return <u32>(at - raw);
}
