/*
 * How much was used: what a record says of it in the fields of its service, and the one quantity that follows.
 */
import { decimalAt, decimals, integerAt, number } from "./json";
import { MEASURES_OF } from "./room";

const QUOTE: u32 = 0x22;
/** Before the point, of energy and power. */
const MEASURE_DIGITS_MAX: usize = 12;

const VOICE: u32 = 1;
const DATA: u32 = 4;
export const ENERGY: u32 = 5;
const TIME: u32 = 6;

// Bits of fields, by their numbers.
const UPLINK: u32 = 1 << 14;
const DOWNLINK: u32 = 1 << 15;
const TOTAL: u32 = 1 << 16;
const MEASURE: u32 = TOTAL | (1 << 17) | (1 << 18);
export const OCTETS: u32 = UPLINK | DOWNLINK | TOTAL;
export const MEASURES: u32 = OCTETS | MEASURE;

/** Where the batch's raw bytes begin: places of texts are counted from there. */
let rawAt: usize = 0;
export let uplink: u64 = 0;
export let downlink: u64 = 0;
/** Octets in all, milliwatt-hours or units. */
export let measure: u64 = 0;
export let uplinkText: u32 = 0;
export let downlinkText: u32 = 0;
export let measureText: u32 = 0;
/** Octets, milliwatt-hours or units; NaN where the record says none, and where it is its duration. */
export let quantity: f64 = 0;

export function beginMeasures(raw: usize): void {
  rawAt = raw;
}

export function uplinkAt(at: usize): usize {
  const end = octetsAt(at);
  uplink = number;
  uplinkText = digits;
  return end;
}

export function downlinkAt(at: usize): usize {
  const end = octetsAt(at);
  downlink = number;
  downlinkText = digits;
  return end;
}

/** Octets in both directions. */
export function totalAt(at: usize): usize {
  const end = octetsAt(at);
  measure = number;
  measureText = digits;
  return end;
}

/** Watt-hours, as a text. */
export function energyAt(at: usize): usize {
  const end = measureAt(at, true);
  measure = number * thousandth(decimals);
  measureText = placeInRaw(at + 1, end - 1);
  return end;
}

/** Messages, pieces of content, or events. */
export function unitsAt(at: usize): usize {
  const end = integerAt(at);
  measure = number;
  measureText = placeInRaw(at, end);
  return end;
}

/** @param isText whether it has to be one; else it may be a number, too */
export function measureAt(at: usize, isText: bool): usize {
  const isQuoted = load<u8>(at) == QUOTE;
  if (isText && !isQuoted) return 0;
  const end = decimalAt(isQuoted ? at + 1 : at, MEASURE_DIGITS_MAX);
  if (!isQuoted) return end;
  return end != 0 && load<u8>(end) == QUOTE ? end + 1 : 0;
}

/** @param given which quantities it says @returns whether they are its service's, and do not contradict */
export function takeMeasures(service: u32, given: u32): bool {
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

/** Of the last digit of a number with so many decimals. */
// @ts-ignore: decorator
@inline
export function thousandth(decimals: usize): u64 {
  return decimals == 0 ? 1_000 : decimals == 1 ? 100 : decimals == 2 ? 10 : 1;
}

// @ts-ignore: decorator
@inline
function placeInRaw(from: usize, to: usize): u32 {
  return <u32>((from - rawAt) | ((to - from) << 20));
}
