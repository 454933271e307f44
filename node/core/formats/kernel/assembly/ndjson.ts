/*
 * Usage records, one JSON object a line, into columns. A line is taken under the very conditions under which
 * NdjsonPlainRow takes it (ndjson-plain-row.ts), but that its names are short and its line ends; at every other the caller
 * is asked. Names are expected behind the name that they came behind last in a record of the same service.
 */
import { nameAt } from "./names";
import {
  beginMeasures,
  downlink,
  downlinkText,
  ENERGY,
  measure,
  MEASURES,
  measureText,
  OCTETS,
  quantity,
  takeMeasures,
  uplink,
  uplinkText,
} from "./ndjson-measures";
import {
  aFrom,
  aTo,
  beginRecords,
  bFrom,
  bTo,
  deviceFrom,
  deviceTo,
  direction,
  duration,
  durationMs,
  idFrom,
  idTo,
  imsiFrom,
  imsiTo,
  isBillable,
  isPartial,
  recordAt,
  seenFields,
  service,
  sessionStart,
  start,
  utcOffset,
} from "./ndjson-record";
import { sourceLength, sourceOffset } from "./ndjson-source";
import {
  A_PARTY,
  B_PARTY,
  BILLABLE,
  column,
  DEVICE,
  DIRECTION,
  DOWNLINK_TEXT,
  DURATION,
  DURATIONS,
  FROM,
  ID_END,
  IDS,
  IMSI,
  IS_BILLABLE,
  IS_PARTIAL,
  IS_PLAIN,
  LENGTH,
  MEASURE_TEXT,
  OCTETS_HIGH,
  OCTETS_LOW,
  OCTETS_ROWS,
  QUANTITY,
  RAW,
  ROWS,
  SECONDS,
  SERVICE,
  SESSION_START,
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

const ROWS_MAX: usize = 4_096;
const LINE_OCTETS_MAX: usize = 65_536;
const LINE_FEED: u32 = 0x0a;

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
  const limit = raw + length;
  beginRecords(limit);
  beginMeasures(raw);
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
    let line: usize = recordAt(at);
    if (line == 0) break;
    while (line < limit && isBlank(load<u8>(line))) line++;
    if (line >= limit || load<u8>(line) != LINE_FEED || line - at > LINE_OCTETS_MAX) break;
    const given = seenFields & MEASURES;
    if (!takeMeasures(service, given)) break;
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
