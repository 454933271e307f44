/*
 * Names of a file's parties, each kept once, as NameTable keeps them: bytes in, a number out, counted from 1. A name
 * lies in `TEXTS` in steps of 16 bytes, ended by zeros, so that names are compared and hashed by registers.
 */
import { ENTRIES, NAME_KEY, SLOTS, TEXTS } from "./room";

/** Longer ones are left to the caller. */
export const NAME_OCTETS_MAX: usize = 64;
const SLOTS_MIN: usize = 1_024;
const SLOTS_MAX: usize = 524_288;
/** A batch adds at most four names a row, of 64 bytes each. */
const TEXTS_MAX: usize = 8_388_608 - 4 * 4_096 * 64;

/** 16 times ff, then zeros: from its middle back, as many bytes as a name fills of a register. */
const FILLED = memory.data<u8>(
  [
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  ],
  16,
);

let slots: usize = SLOTS_MIN;
/** How many there are, and where the next one's text goes. */
let names: usize = 0;
let textsEnd: usize = TEXTS;

/** All bits of the first bytes of a register. */
// @ts-ignore: decorator
@inline
export function filled(length: usize): v128 {
  return v128.load(FILLED + 16 - min<usize>(length, 16));
}

/** Whether it is ASCII, without quotes. */
export function isPlainText(from: usize, length: usize): bool {
  const quote = i8x16.splat(0x22);
  let at: usize = 0;
  do {
    const part = v128.and(v128.load(from + at), filled(length - at));
    if (i8x16.bitmask(v128.or(part, i8x16.eq(part, quote))) != 0) return false;
    at += 16;
  } while (at < length);
  return true;
}

/** Of the key, that by which the length is multiplied. */
const LENGTH_KEY: usize = 16 << 3;

/**
 * Lemire and Kaser's multilinear hash (Strongly universal string hashing is fast, 2014, MULTILINEAR-HM): words of 32
 * bits, each added to one of the key, multiplied in pairs and summed. Of two names that were made without knowing the
 * key, the upper 32 bits are the same in one of 2^32 keys.
 */
function hashOf(from: usize, length: usize): u32 {
  let sum = <u64>length * load<u64>(NAME_KEY + LENGTH_KEY);
  let key: usize = NAME_KEY;
  let at: usize = 0;
  do {
    const part = v128.and(v128.load(from + at), filled(length - at));
    const low = v128.extract_lane<u64>(part, 0);
    const high = v128.extract_lane<u64>(part, 1);
    sum += (load<u64>(key) + (low & 0xffff_ffff)) * (load<u64>(key, 8) + (low >> 32));
    sum += (load<u64>(key, 16) + (high & 0xffff_ffff)) * (load<u64>(key, 24) + (high >> 32));
    key += 32;
    at += 16;
  } while (at < length);
  return <u32>(sum >> 32);
}

function isName(number: usize, from: usize, length: usize): bool {
  const entry = ENTRIES + (number << 3);
  if (load<u32>(entry, 4) != <u32>length) return false;
  const text = <usize>load<u32>(entry);
  let at: usize = 0;
  do {
    const part = v128.and(v128.load(from + at), filled(length - at));
    if (v128.any_true(v128.xor(part, v128.load(text + at)))) return false;
    at += 16;
  } while (at < length);
  return true;
}

/** The number of the name, which is not empty and not too long. */
export function nameAt(from: usize, length: usize): u32 {
  const hash = hashOf(from, length);
  const mask = slots - 1;
  let slot = <usize>hash & mask;
  for (;;) {
    const held = load<u64>(SLOTS + (slot << 3));
    if (held == 0) break;
    if (<u32>(held >> 32) == hash && isName(<usize>(<u32>held), from, length)) return <u32>held;
    slot = (slot + 1) & mask;
  }
  return add(from, length, hash, slot);
}

function add(from: usize, length: usize, hash: u32, slot: usize): u32 {
  const number = <u32>++names;
  const entry = ENTRIES + (<usize>number << 3);
  store<u32>(entry, <u32>textsEnd);
  store<u32>(entry, <u32>length, 4);
  for (let at: usize = 0; at < length; at += 16) {
    v128.store(textsEnd, v128.and(v128.load(from + at), filled(length - at)));
    textsEnd += 16;
  }
  store<u64>(SLOTS + (slot << 3), (<u64>hash << 32) | number);
  if (names << 1 > slots && slots < SLOTS_MAX) grow();
  return number;
}

function grow(): void {
  slots <<= 1;
  memory.fill(SLOTS, 0, slots << 3);
  const mask = slots - 1;
  for (let number: usize = 1; number <= names; number++) {
    const entry = ENTRIES + (number << 3);
    const hash = hashOf(<usize>load<u32>(entry), <usize>load<u32>(entry, 4));
    let slot = <usize>hash & mask;
    while (load<u64>(SLOTS + (slot << 3)) != 0) slot = (slot + 1) & mask;
    store<u64>(SLOTS + (slot << 3), (<u64>hash << 32) | number);
  }
}

/** Of a new file. */
export function forgetNames(): void {
  memory.fill(SLOTS, 0, slots << 3);
  slots = SLOTS_MIN;
  names = 0;
  textsEnd = TEXTS;
}

/** Before a batch, within which no number changes its meaning. @returns whether the table was full and begins anew */
export function beginNames(namesMax: u32): bool {
  if (names <= <usize>namesMax && textsEnd <= TEXTS + TEXTS_MAX) return false;
  forgetNames();
  return true;
}

export function nameCount(): u32 {
  return <u32>names;
}
