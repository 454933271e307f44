/*
 * Fingerprints of rows as Fingerprint takes them (engine/intake/fingerprint.ts): two lanes of 32 bits, here the halves of a
 * word, into which one byte after the other is multiplied. That can not be hastened, so what rows have in
 * common is not done again: the beginnings of ids, and a minute's date.
 */
import {
  A_PARTY,
  B_PARTY,
  BEGINNINGS,
  column,
  DEVICE,
  DIRECTION,
  DOWNLINK_TEXT,
  DURATION,
  ID_END,
  IDS,
  IMSI,
  IS_PLAIN,
  MEASURE_TEXT,
  PRINT_ENTRIES,
  PRINTS,
  RAW,
  SEEDS,
  SERVICE,
  START,
  UPLINK_TEXT,
} from "./room";
import { putDate, putTwo } from "./stamps";

const FACTOR_A: u32 = 0x9e37_79b1;
const FACTOR_B: u32 = 0x85eb_ca77;
/** Stands where the length of a field would, when there is no field. */
const ABSENT_LENGTH: u32 = 0x7fff_ffff;
const KIND_ID: u32 = 1;
const DATA: u32 = 4;
const ENERGY: u32 = 5;
const MINUTE: f64 = 60_000;
const INSTANT_OCTETS: u32 = 24;
/** Of an instant, those that a minute has in common. */
const MINUTE_OCTETS: usize = 17;
/** From `imsi` on. */
const ABSENT_FIELDS: i32 = 7;
const ID_OCTETS_MAX: usize = 98;
const HEADS_OCTETS: i32 = 64 * 99;

/** By an id's length: the first 32 bytes of the last one, and the states behind 8, 16, 24 and 32 of them. */
const HEADS = memory.data(HEADS_OCTETS, 16);
const HEAD_OCTETS: usize = 32;
const TEXT = memory.data(32, 16);
const TEXT_END = TEXT + 32;

// @ts-ignore: decorator
@inline
function stateOf(a: u32, b: u32): u64 {
  return <u64>a | (<u64>b << 32);
}

// @ts-ignore: decorator
@inline
function stepA(a: u32, byte: u32): u32 {
  return rotl<u32>((a ^ byte) * FACTOR_A, 15);
}

// @ts-ignore: decorator
@inline
function stepB(b: u32, byte: u32): u32 {
  return rotl<u32>((b ^ byte) * FACTOR_B, 13);
}

/** Behind so many bytes of a field. */
function mixBytes(state: u64, from: usize, length: usize): u64 {
  let a = <u32>state;
  let b = <u32>(state >> 32);
  const end = from + length;
  let at = from;
  for (; at + 4 <= end; at += 4) {
    const first = <u32>load<u8>(at);
    a = stepA(a, first);
    b = stepB(b, first);
    const second = <u32>load<u8>(at, 1);
    a = stepA(a, second);
    b = stepB(b, second);
    const third = <u32>load<u8>(at, 2);
    a = stepA(a, third);
    b = stepB(b, third);
    const fourth = <u32>load<u8>(at, 3);
    a = stepA(a, fourth);
    b = stepB(b, fourth);
  }
  for (; at < end; at++) {
    const byte = <u32>load<u8>(at);
    a = stepA(a, byte);
    b = stepB(b, byte);
  }
  return stateOf(a, b);
}

// @ts-ignore: decorator
@inline
function beginField(state: u64, length: u32): u64 {
  return state ^ (<u64>length << 32);
}

// @ts-ignore: decorator
@inline
function endField(state: u64): u64 {
  return stateOf(<u32>state, <u32>(state >> 32) * FACTOR_B);
}

// @ts-ignore: decorator
@inline
function mixField(state: u64, from: usize, length: usize): u64 {
  return endField(mixBytes(beginField(state, <u32>length), from, length));
}

function mixAbsent(state: u64, fields: i32): u64 {
  let b = <u32>(state >> 32);
  for (let field = 0; field < fields; field++) b = (b ^ ABSENT_LENGTH) * FACTOR_B;
  return stateOf(<u32>state, b);
}

/** @param number of the name, 0 for none */
// @ts-ignore: decorator
@inline
function mixName(state: u64, number: u32): u64 {
  if (number == 0) return mixAbsent(state, 1);
  const entry = PRINT_ENTRIES + (<usize>number << 3);
  return mixField(state, <usize>load<u32>(entry), <usize>load<u32>(entry, 4));
}

/** @param place in the raw bytes, as `placeInRaw` tells it, 0 for none */
function mixText(state: u64, place: u32): u64 {
  if (place == 0) return mixAbsent(state, 1);
  return mixField(state, column(RAW) + <usize>(place & 0xf_ffff), <usize>(place >> 20));
}

/** As MurmurHash3 ends. */
function putPrint(state: u64, to: usize): void {
  let a = <u32>state;
  let b = <u32>(state >> 32);
  a = (a ^ (a >> 16) ^ load<u32>(SEEDS, 8)) * 0xc2b2_ae3d;
  b = (b ^ (b >> 15) ^ load<u32>(SEEDS, 12)) * 0x27d4_eb2f;
  a ^= b >> 13;
  b ^= a * 0x1656_67b1;
  store<u32>(to, a ^ (b >> 16));
  store<u32>(to, b ^ (a << 7), 4);
}

/** Ids follow each other with nearly the same beginning: what was mixed of that is gone on with. */
function mixId(from: usize, length: usize): u64 {
  let state = stateOf(load<u32>(SEEDS) ^ KIND_ID, load<u32>(SEEDS, 4) ^ <u32>length);
  if (length < HEAD_OCTETS || length > ID_OCTETS_MAX) return endField(mixBytes(state, from, length));
  const head = HEADS + (length << 6);
  const low = i8x16.bitmask(i8x16.eq(v128.load(from), v128.load(head)));
  const high = i8x16.bitmask(i8x16.eq(v128.load(from, 16), v128.load(head, 16)));
  const same = <usize>ctz(~(<u64>(<u32>low) | (<u64>(<u32>high) << 16)));
  let at = same & ~7;
  // Zeros are the head of no id.
  if (load<u8>(head) == 0) at = 0;
  if (at != 0) state = load<u64>(head + 24 + at);
  if (at != HEAD_OCTETS) {
    v128.store(head, v128.load(from));
    v128.store(head, v128.load(from, 16), 16);
    for (; at != HEAD_OCTETS; at += 8) {
      state = mixBytes(state, from + at, 8);
      store<u64>(head + at, state, 32);
    }
  }
  return endField(mixBytes(state, from + HEAD_OCTETS, length - HEAD_OCTETS));
}

/** Service, direction and the instant, as 2026-03-01T13:02:00.000Z. */
// @ts-ignore: decorator
@inline
function mixBeginning(service: usize, direction: usize, start: f64): u64 {
  const beginning = BEGINNINGS + (((service << 2) | direction) << 5);
  const minute = Math.floor(start / MINUTE);
  if (load<f64>(beginning, 16) != minute) rememberMinute(beginning, minute);
  const rest = <u32>(start - minute * MINUTE);
  const second = rest / 1_000;
  const millisecond = rest - 1_000 * second;
  putTwo(TEXT, second);
  store<u8>(TEXT, 0x2e, 2);
  store<u8>(TEXT, <u8>(0x30 + millisecond / 100), 3);
  putTwo(TEXT + 4, millisecond % 100);
  store<u8>(TEXT, 0x5a, 6);
  return endField(mixBytes(load<u64>(beginning, 8), TEXT, INSTANT_OCTETS - <u32>MINUTE_OCTETS));
}

function rememberMinute(beginning: usize, minute: f64): void {
  const minutes = <u32>minute;
  const days = minutes / 1_440;
  const ofDay = minutes - 1_440 * days;
  putDate(TEXT, days);
  store<u8>(TEXT, 0x54, 10);
  putTwo(TEXT + 11, ofDay / 60);
  store<u8>(TEXT, 0x3a, 13);
  putTwo(TEXT + 14, ofDay % 60);
  store<u8>(TEXT, 0x3a, 16);
  const state = beginField(load<u64>(beginning), INSTANT_OCTETS);
  store<u64>(beginning, mixBytes(state, TEXT, MINUTE_OCTETS), 8);
  store<f64>(beginning, minute, 16);
}

/** A duration as JavaScript writes it, with three decimals at most. @returns whether it is one */
function isWritten(duration: f64): bool {
  return duration >= 0 && duration <= 999_999_999.999 && Math.round(duration * 1_000) / 1_000 == duration;
}

// @ts-ignore: decorator
@inline
function mixDuration(state: u64, duration: f64): u64 {
  let at = TEXT_END;
  let whole = <u32>duration;
  if (<f64>whole != duration) {
    let decimals = <u32>(<u64>Math.round(duration * 1_000) - 1_000 * <u64>whole);
    let places = 3;
    for (; decimals % 10 == 0; decimals /= 10) places--;
    for (; places > 0; places--, decimals /= 10) store<u8>(--at, <u8>(0x30 + (decimals % 10)));
    store<u8>(--at, 0x2e);
  }
  do {
    store<u8>(--at, <u8>(0x30 + (whole % 10)));
    whole /= 10;
  } while (whole != 0);
  return mixField(state, at, TEXT_END - at);
}

/** Octets up, down and in all, watt-hours, units: of the last three a service has one. */
function mixMeasures(given: u64, service: u32, row: usize): u64 {
  const measure = load<u32>(column(MEASURE_TEXT) + (row << 2));
  if (service == DATA) {
    let state = mixText(given, load<u32>(column(UPLINK_TEXT) + (row << 2)));
    state = mixText(state, load<u32>(column(DOWNLINK_TEXT) + (row << 2)));
    return mixAbsent(mixText(state, measure), 2);
  }
  if (service == ENERGY) return mixAbsent(mixText(mixAbsent(given, 3), measure), 1);
  return mixText(mixAbsent(given, 4), measure);
}

/**
 * Fills fingerprints of the batch's plain rows, and zeros for the others.
 * @param first row @param count of all rows @param hasMeasures whether the columns of measures are filled
 * @returns the first row whose duration is one that it can not write, or `count`
 */
export function takePrints(first: u32, count: u32, hasMeasures: bool): u32 {
  const ids = column(IDS);
  const ends = column(ID_END);
  for (let row = <usize>first; row < <usize>count; row++) {
    const print = column(PRINTS) + (row << 4);
    if (load<u8>(column(IS_PLAIN) + row) != 1) {
      v128.store(print, i64x2.splat(0));
      continue;
    }
    const duration = load<f64>(column(DURATION) + (row << 3));
    const hasDuration = duration == duration;
    if (hasDuration && !isWritten(duration)) return <u32>row;
    const idFrom: usize = row == 0 ? 0 : <usize>load<u32>(ends + ((row - 1) << 2));
    putPrint(mixId(ids + idFrom, <usize>load<u32>(ends + (row << 2)) - idFrom), print);
    const service = <u32>load<u8>(column(SERVICE) + row);
    const direction = <usize>load<u8>(column(DIRECTION) + row);
    let state = mixBeginning(service, direction, load<f64>(column(START) + (row << 3)));
    state = hasDuration ? mixDuration(state, duration) : mixAbsent(state, 1);
    state = mixName(state, load<u32>(column(A_PARTY) + (row << 2)));
    state = mixName(state, load<u32>(column(B_PARTY) + (row << 2)));
    if (hasMeasures) {
      state = mixName(state, load<u32>(column(IMSI) + (row << 2)));
      state = mixName(state, load<u32>(column(DEVICE) + (row << 2)));
      state = mixMeasures(state, service, row);
    } else state = mixAbsent(state, ABSENT_FIELDS);
    putPrint(state, print + 8);
  }
  return count;
}

/** Of other seeds, which the caller has put in their place with the beginnings. */
export function forgetPrints(): void {
  memory.fill(HEADS, 0, HEADS_OCTETS);
}
