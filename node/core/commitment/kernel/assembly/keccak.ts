/*
 * What Tallystick hashes with keccak-f[1600], in AssemblyScript (a TypeScript dialect that compiles to
 * WebAssembly; `npm run kernel`). The source is compiled twice: with SIMD one permutation hashes four messages, or
 * two where no more are left; without, one.
 *
 * Every message but a whole document fits one block of 136 bytes, so that each costs one permutation.
 * Addresses are bytes of the imported memory; the caller keeps them inside it
 * (node/core/commitment/kernel/).
 */
import { LANES, laneOffset, messages, One, permute, registers, STATE, Two } from "./permutation";

const RATE_BYTES: usize = 136;
const RATE_LANES: usize = 17;
const DIGEST_LANES: usize = 4;
/** Three salts of 32 bytes. */
const SALTS_LANES: usize = 12;
const CHUNK_LEAVES: i32 = 32;
/** Blocks that are assembled before they are hashed: 8.5 KiB stay in the first-level cache. */
const TILE_BLOCKS: i32 = 64;

const TILE = memory.data(8704, 16);

/** The same word of two messages; of the first alone where a register holds one. */
@inline
function word<R>(first: usize, second: usize): R {
  if (isVector<R>()) return v128.load_lane<u64>(second, v128.load64_zero(first), 1);
  return load<u64>(first);
}

@inline
function setWord<R>(first: usize, second: usize, value: R): void {
  if (isVector<R>()) {
    v128.store_lane<u64>(second, value, 1);
    v128.store_lane<u64>(first, value, 0);
  } else store<u64>(first, value);
}

@inline
function registerAt<R>(address: usize): R {
  if (isVector<R>()) return v128.load(address);
  return load<u64>(address);
}

@inline
function setRegister<R>(address: usize, value: R): void {
  if (isVector<R>()) v128.store(address, value);
  else store<u64>(address, value);
}

@inline
function clearLanes<R, Width>(from: usize, to: usize): void {
  clear(STATE + laneOffset<R, Width>(from, 0), STATE + laneOffset<R, Width>(to, 0));
}

/** The messages that one register holds: two, or one that is named twice. */
function absorb<R, Width>(first: usize, second: usize, register: usize): void {
  for (let i: usize = 0; i < RATE_LANES; i++) {
    const at = STATE + laneOffset<R, Width>(i, register);
    setRegister<R>(at, word<R>(first + (i << 3), second + (i << 3)));
  }
}

function squeeze<R, Width>(first: usize, second: usize, register: usize, lanes: usize): void {
  for (let i: usize = 0; i < lanes; i++) {
    const at = STATE + laneOffset<R, Width>(i, register);
    setWord<R>(first + (i << 3), second + (i << 3), registerAt<R>(at));
  }
}

/** Message `i` of `count`; beyond them the last one, which is hashed in more than one lane then. */
@inline
function upTo(i: usize, count: usize): usize {
  return min<usize>(i, count - 1);
}

function absorbEach<R, Width>(blocks: usize, i: usize, to: usize): void {
  const held = sizeof<R>() >> 3;
  for (let register: usize = 0; register < registers<Width>(); register++) {
    const first = upTo(i + register * held, to) * RATE_BYTES;
    const second = upTo(i + register * held + held - 1, to) * RATE_BYTES;
    absorb<R, Width>(blocks + first, blocks + second, register);
  }
}

function squeezeEach<R, Width>(output: usize, i: usize, to: usize, lanes: usize): void {
  const held = sizeof<R>() >> 3;
  for (let register: usize = 0; register < registers<Width>(); register++) {
    const first = upTo(i + register * held, to) * (lanes << 3);
    const second = upTo(i + register * held + held - 1, to) * (lanes << 3);
    squeeze<R, Width>(output + first, output + second, register, lanes);
  }
}

/** Padded blocks `from` to `to` of those that lie one after the other, to outputs of `lanes` words. */
function hashEach<R, Width>(
  blocks: usize,
  from: usize,
  to: usize,
  output: usize,
  lanes: usize,
): void {
  for (let i = from; i < to; i += messages<R, Width>()) {
    clearLanes<R, Width>(RATE_LANES, LANES);
    absorbEach<R, Width>(blocks, i, to);
    permute<R, Width>();
    squeezeEach<R, Width>(output, i, to, lanes);
  }
}

/** How many of `count` messages are hashed four at a time; three that are left are faster so than by two and one. */
@inline
function countInFours(count: usize): usize {
  return (count & 3) == 3 ? count : count & ~3;
}

/** All of `count`: by fours as long as there are as many, one or two that are left by themselves. */
function hashAll(blocks: usize, count: usize, output: usize, lanes: usize): void {
  if (ASC_FEATURE_SIMD) {
    const wide = countInFours(count);
    hashEach<v128, Two>(blocks, 0, wide, output, lanes);
    hashEach<v128, One>(blocks, wide, count, output, lanes);
  } else hashEach<u64, One>(blocks, 0, count, output, lanes);
}

function absorbPairs<R, Width>(below: usize, i: usize, to: usize): void {
  const held = sizeof<R>() >> 3;
  for (let register: usize = 0; register < registers<Width>(); register++) {
    const first = upTo(i + register * held, to) << 6;
    const second = upTo(i + register * held + held - 1, to) << 6;
    absorbPair<R, Width>(below + first, below + second, register);
  }
}

/** H(01, left, right) of neighbouring pairs of digests, `from` to `to` of them; `above` may be `below`. */
function hashPairs<R, Width>(below: usize, from: usize, to: usize, above: usize): void {
  for (let i = from; i < to; i += messages<R, Width>()) {
    clearLanes<R, Width>(9, LANES);
    absorbPairs<R, Width>(below, i, to);
    permute<R, Width>();
    squeezeEach<R, Width>(above, i, to, DIGEST_LANES);
  }
}

/** The 65 bytes 01, left, right: words are shifted by the tag's byte, so nothing is copied. */
function absorbPair<R, Width>(first: usize, second: usize, register: usize): void {
  store<u64>(TILE, (load<u64>(first) << 8) | 0x01);
  store<u64>(TILE + 8, (load<u64>(second) << 8) | 0x01);
  setRegister<R>(STATE + laneOffset<R, Width>(0, register), word<R>(TILE, TILE + 8));
  for (let i: usize = 1; i < 8; i++) {
    const at = STATE + laneOffset<R, Width>(i, register);
    setRegister<R>(at, word<R>(first + (i << 3) - 1, second + (i << 3) - 1));
  }
  // The last byte of the message and keccak's padding, 01 after it and 80 at the block's end.
  store<u64>(TILE, <u64>load<u8>(first, 63) | 0x0100);
  store<u64>(TILE + 8, <u64>load<u8>(second, 63) | 0x0100);
  setRegister<R>(STATE + laneOffset<R, Width>(8, register), word<R>(TILE, TILE + 8));
  store<u64>(TILE, 0x8000000000000000);
  setRegister<R>(STATE + laneOffset<R, Width>(16, register), word<R>(TILE, TILE));
}

/** How many messages one permutation hashes. */
export function lanes(): i32 {
  return ASC_FEATURE_SIMD ? 4 : 1;
}

/** keccak-256 of padded blocks (136 bytes each) to digests (32 bytes each). */
export function hashBlocks(blocks: usize, count: i32, digests: usize): void {
  hashAll(blocks, count, digests, DIGEST_LANES);
}

/** keccak-256 of one message, padded to `count` blocks; it shares no permutation, so lanes are single. */
export function hashLong(blocks: usize, count: i32, digest: usize): void {
  clearLanes<u64, One>(0, LANES);
  for (let i: usize = 0; i < <usize>count; i++) {
    const block = blocks + i * RATE_BYTES;
    for (let at: usize = 0; at < RATE_LANES; at++) {
      const lane = STATE + laneOffset<u64, One>(at, 0);
      store<u64>(lane, load<u64>(lane) ^ load<u64>(block + (at << 3)));
    }
    permute<u64, One>();
  }
  squeeze<u64, One>(digest, digest, 0, DIGEST_LANES);
}

/** SHAKE256 of padded blocks (136 bytes each) to 96 bytes each. */
export function expandBlocks(blocks: usize, count: i32, salts: usize): void {
  hashAll(blocks, count, salts, SALTS_LANES);
}

/** `count` inner nodes over 2 × `count` digests. Of the same place, a level replaces the one below. */
export function hashNodes(below: usize, count: i32, above: usize): void {
  if (ASC_FEATURE_SIMD) {
    const wide = countInFours(count);
    hashPairs<v128, Two>(below, 0, wide, above);
    hashPairs<v128, One>(below, wide, count, above);
  } else hashPairs<u64, One>(below, 0, count, above);
}

/** keccak's padding of a message of `length` bytes, with nothing after the message. */
function pad(block: usize, length: usize): void {
  clear(block + length, block + RATE_BYTES);
  store<u8>(block + length, 0x01);
  store<u8>(block, 0x80, RATE_BYTES - 1);
}

// memory.copy and memory.fill leave WebAssembly for a call each: dear for a few bytes.

function clear(from: usize, to: usize): void {
  let at = from;
  for (; at + 8 <= to; at += 8) store<u64>(at, 0);
  for (; at < to; at++) store<u8>(at, 0);
}

function copy(from: usize, to: usize, width: usize): void {
  let at: usize = 0;
  for (; at + 8 <= width; at += 8) store<u64>(to + at, load<u64>(from + at));
  for (; at < width; at++) store<u8>(to + at, load<u8>(from + at));
}

/** A column of `count` values of `width` bytes, `stride` apart, into `count` blocks; `to` is its place in the first. */
export function placeBytes(
  column: usize,
  stride: usize,
  width: usize,
  count: i32,
  to: usize,
): void {
  for (let i: usize = 0; i < <usize>count; i++)
    copy(column + i * stride, to + i * RATE_BYTES, width);
}

/** The same of a table's rows, `stride` apart, as `picks` (16 bits each) name them. */
export function placePicked(
  table: usize,
  stride: usize,
  picks: usize,
  width: usize,
  count: i32,
  to: usize,
): void {
  for (let i: usize = 0; i < <usize>count; i++)
    copy(table + <usize>load<u16>(picks + (i << 1)) * stride, to + i * RATE_BYTES, width);
}

/**
 * Texts one after the other, each up to its end in `ends` (32 bits, counted from `texts`), into `count`
 * blocks at `offset`, where each ends its message: padding (first byte `ending`) follows.
 */
export function placeTexts(
  texts: usize,
  ends: usize,
  count: i32,
  blocks: usize,
  offset: usize,
  ending: i32,
): void {
  let from = texts;
  for (let i: usize = 0; i < <usize>count; i++) {
    const end = texts + <usize>load<u32>(ends + (i << 2));
    const block = blocks + i * RATE_BYTES;
    copy(from, block + offset, end - from);
    const length = offset + (end - from);
    clear(block + length, block + RATE_BYTES);
    store<u8>(block + length, ending);
    store<u8>(block, load<u8>(block, RATE_BYTES - 1) | 0x80, RATE_BYTES - 1);
    from = end;
  }
}

/** A column of `count` words of 64 bits into `count` blocks, big-endian in `width` bytes (1 to 8). */
export function placeNumbers(column: usize, width: usize, count: i32, to: usize): void {
  const shift = 64 - (width << 3);
  for (let i: usize = 0; i < <usize>count; i++) {
    store<u64>(TILE, bswap<u64>(load<u64>(column + (i << 3)) << shift));
    copy(TILE, to + i * RATE_BYTES, width);
  }
}

/** 128 bits lie in memory as two words of 64, the lower first; in a message big-endian. */
function storeBigEndian(at: usize, low: u64, high: u64): void {
  store<u64>(at, bswap<u64>(high));
  store<u64>(at, bswap<u64>(low), 8);
}

/**
 * Chunk sums (tag 03) over 32 amounts each; `leaves` amounts are there, the rest of the chunks is
 * empty. Answers 1 when a sum does not fit 128 bits, else 0.
 */
export function chunkSums(
  amounts: usize,
  leaves: i32,
  chunks: i32,
  sums: usize,
  digests: usize,
): i32 {
  for (let tile = 0; tile < chunks; tile += TILE_BLOCKS) {
    const blocks = min(TILE_BLOCKS, chunks - tile);
    for (let at = 0; at < blocks; at++) {
      const chunk = tile + at;
      const count = max(min(leaves - chunk * CHUNK_LEAVES, CHUNK_LEAVES), 0);
      const sum = sums + ((<usize>chunk) << 4);
      if (addAmounts(amounts + <usize>chunk * (CHUNK_LEAVES * 16), count, sum)) return 1;
      const block = TILE + <usize>at * RATE_BYTES;
      store<u8>(block, 0x03);
      storeBigEndian(block + 1, load<u64>(sum), load<u64>(sum, 8));
      store<u16>(block + 17, bswap<u16>(<u16>count));
      pad(block, 19);
    }
    hashBlocks(TILE, blocks, digests + ((<usize>tile) << 5));
  }
  return 0;
}

/** Answers whether the sum does not fit 128 bits. */
function addAmounts(amounts: usize, count: i32, sum: usize): bool {
  let low: u64 = 0;
  let high: u64 = 0;
  for (let i = 0; i < count; i++) {
    const from = amounts + ((<usize>i) << 4);
    const lowNext = low + load<u64>(from);
    const carry: u64 = lowNext < low ? 1 : 0;
    const highNext = high + load<u64>(from, 8);
    if (highNext < high || highNext + carry < highNext) return true;
    low = lowNext;
    high = highNext + carry;
  }
  store<u64>(sum, low);
  store<u64>(sum, high, 8);
  return false;
}

/**
 * `count` nodes of the sum tree (tag 04) over 2 × `count` digests and their sums. Answers 1 when a
 * sum does not fit 128 bits, else 0.
 */
export function sumNodes(
  digests: usize,
  sums: usize,
  count: i32,
  digestsAbove: usize,
  sumsAbove: usize,
): i32 {
  for (let tile = 0; tile < count; tile += TILE_BLOCKS) {
    const blocks = min(TILE_BLOCKS, count - tile);
    for (let at = 0; at < blocks; at++) {
      const node = <usize>(tile + at);
      const left = digests + (node << 6);
      const sum = sums + (node << 5);
      const block = TILE + <usize>at * RATE_BYTES;
      store<u8>(block, 0x04);
      copy(left, block + 1, 32);
      storeBigEndian(block + 33, load<u64>(sum), load<u64>(sum, 8));
      copy(left + 32, block + 49, 32);
      storeBigEndian(block + 81, load<u64>(sum, 16), load<u64>(sum, 24));
      pad(block, 97);
      if (addAmounts(sum, 2, sumsAbove + (node << 4))) return 1;
    }
    hashBlocks(TILE, blocks, digestsAbove + ((<usize>tile) << 5));
  }
  return 0;
}
