/*
 * keccak-f[1600] and what Tallystick hashes with it, in AssemblyScript (a TypeScript dialect that
 * compiles to WebAssembly; `npm run kernel`). The source is compiled twice: with SIMD a lane holds
 * the words of two messages and one permutation hashes both; without, a lane holds one.
 *
 * Every message but a whole document fits one block of 136 bytes, so that each costs one permutation.
 * Addresses are bytes of the imported memory; the caller keeps them inside it
 * (node/core/commitment/kernel/).
 */

const LANES: usize = 25;
const RATE_BYTES: usize = 136;
const RATE_LANES: usize = 17;
const DIGEST_LANES: usize = 4;
/** Three salts of 32 bytes. */
const SALTS_LANES: usize = 12;
const CHUNK_LEAVES: i32 = 32;
/** Blocks that are assembled before they are hashed: 8.5 KiB stay in the first-level cache. */
const TILE_BLOCKS: i32 = 64;

const STATE = memory.data(400, 16);
const NEXT = memory.data(400, 16);
const TILE = memory.data(8704, 16);

const ROUND_CONSTANTS: StaticArray<u64> = [
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
];

// A lane is a v128 of two messages, or a u64 of one.

function xor<T>(a: T, b: T): T {
  if (isVector<T>()) return v128.xor(a, b);
  return a ^ b;
}

/** a and not b */
function andNot<T>(a: T, b: T): T {
  if (isVector<T>()) return v128.andnot(a, b);
  return a & ~b;
}

function rotate<T>(a: T, bits: i32): T {
  if (isVector<T>()) return v128.or(i64x2.shl(a, bits), i64x2.shr_u(a, 64 - bits));
  return rotl<u64>(a, bits);
}

function everyLane<T>(at: usize): T {
  if (isVector<T>()) return v128.load_splat<u64>(at);
  return load<u64>(at);
}

function lane<T>(state: usize, index: usize): T {
  if (isVector<T>()) return v128.load(state + (index << 4));
  return load<u64>(state + (index << 3));
}

function setLane<T>(state: usize, index: usize, value: T): void {
  if (isVector<T>()) v128.store(state + (index << 4), value);
  else store<u64>(state + (index << 3), value);
}

/** Theta: the parity of one column. */
function parity<T>(state: usize, x: usize): T {
  return xor<T>(
    xor<T>(
      xor<T>(lane<T>(state, x), lane<T>(state, x + 5)),
      xor<T>(lane<T>(state, x + 10), lane<T>(state, x + 15)),
    ),
    lane<T>(state, x + 20),
  );
}

/** Rho and pi: a lane with theta's part, rotated. */
function moved<T>(state: usize, index: usize, theta: T, bits: i32): T {
  return rotate<T>(xor<T>(lane<T>(state, index), theta), bits);
}

/** Chi: one row of the next state. */
function setRow<T>(next: usize, row: usize, a: T, b: T, c: T, d: T, e: T): void {
  setLane<T>(next, row, xor<T>(a, andNot<T>(c, b)));
  setLane<T>(next, row + 1, xor<T>(b, andNot<T>(d, c)));
  setLane<T>(next, row + 2, xor<T>(c, andNot<T>(e, d)));
  setLane<T>(next, row + 3, xor<T>(d, andNot<T>(a, e)));
  setLane<T>(next, row + 4, xor<T>(e, andNot<T>(b, a)));
}

/** One round from one state into the other (FIPS 202, section 3.2). */
function round<T>(state: usize, next: usize, iota: usize): void {
  const c0 = parity<T>(state, 0);
  const c1 = parity<T>(state, 1);
  const c2 = parity<T>(state, 2);
  const c3 = parity<T>(state, 3);
  const c4 = parity<T>(state, 4);
  const d0 = xor<T>(c4, rotate<T>(c1, 1));
  const d1 = xor<T>(c0, rotate<T>(c2, 1));
  const d2 = xor<T>(c1, rotate<T>(c3, 1));
  const d3 = xor<T>(c2, rotate<T>(c4, 1));
  const d4 = xor<T>(c3, rotate<T>(c0, 1));
  setRow<T>(
    next,
    0,
    xor<T>(lane<T>(state, 0), d0),
    moved<T>(state, 6, d1, 44),
    moved<T>(state, 12, d2, 43),
    moved<T>(state, 18, d3, 21),
    moved<T>(state, 24, d4, 14),
  );
  setRow<T>(
    next,
    5,
    moved<T>(state, 3, d3, 28),
    moved<T>(state, 9, d4, 20),
    moved<T>(state, 10, d0, 3),
    moved<T>(state, 16, d1, 45),
    moved<T>(state, 22, d2, 61),
  );
  setRow<T>(
    next,
    10,
    moved<T>(state, 1, d1, 1),
    moved<T>(state, 7, d2, 6),
    moved<T>(state, 13, d3, 25),
    moved<T>(state, 19, d4, 8),
    moved<T>(state, 20, d0, 18),
  );
  setRow<T>(
    next,
    15,
    moved<T>(state, 4, d4, 27),
    moved<T>(state, 5, d0, 36),
    moved<T>(state, 11, d1, 10),
    moved<T>(state, 17, d2, 15),
    moved<T>(state, 23, d3, 56),
  );
  setRow<T>(
    next,
    20,
    moved<T>(state, 2, d2, 62),
    moved<T>(state, 8, d3, 55),
    moved<T>(state, 14, d4, 39),
    moved<T>(state, 15, d0, 41),
    moved<T>(state, 21, d1, 2),
  );
  setLane<T>(next, 0, xor<T>(lane<T>(next, 0), everyLane<T>(iota)));
}

function permute<T>(): void {
  const constants = changetype<usize>(ROUND_CONSTANTS);
  for (let at: usize = 0; at < 24 * 8; at += 16) {
    round<T>(STATE, NEXT, constants + at);
    round<T>(NEXT, STATE, constants + at + 8);
  }
}

/** The same word of two messages; of the first alone where a lane holds one. */
function word<T>(first: usize, second: usize): T {
  if (isVector<T>()) return v128.load_lane<u64>(second, v128.load64_zero(first), 1);
  return load<u64>(first);
}

function setWord<T>(first: usize, second: usize, value: T): void {
  if (isVector<T>()) {
    v128.store_lane<u64>(second, value, 1);
    v128.store_lane<u64>(first, value, 0);
  } else store<u64>(first, value);
}

function clearCapacity<T>(): void {
  clear(STATE + RATE_LANES * sizeof<T>(), STATE + LANES * sizeof<T>());
}

function absorb<T>(first: usize, second: usize): void {
  for (let i: usize = 0; i < RATE_LANES; i++) {
    setLane<T>(STATE, i, word<T>(first + (i << 3), second + (i << 3)));
  }
  clearCapacity<T>();
}

function squeeze<T>(first: usize, second: usize, lanes: usize): void {
  for (let i: usize = 0; i < lanes; i++) {
    setWord<T>(first + (i << 3), second + (i << 3), lane<T>(STATE, i));
  }
}

/** `count` padded blocks, one after the other, to outputs of `lanes` words, one after the other. */
function hashEach<T>(blocks: usize, count: i32, output: usize, lanes: usize): void {
  const step = sizeof<T>() >> 3;
  for (let i: usize = 0; i < <usize>count; i += step) {
    // The last of an odd number is hashed in both lanes.
    const other = min<usize>(i + step, count) - 1;
    absorb<T>(blocks + i * RATE_BYTES, blocks + other * RATE_BYTES);
    permute<T>();
    squeeze<T>(output + i * (lanes << 3), output + other * (lanes << 3), lanes);
  }
}

/** H(01, left, right) of `count` neighbouring pairs of digests; `above` may be `below`. */
function hashPairs<T>(below: usize, count: i32, above: usize): void {
  const step = sizeof<T>() >> 3;
  for (let i: usize = 0; i < <usize>count; i += step) {
    const other = min<usize>(i + step, count) - 1;
    const first = below + (i << 6);
    const second = below + (other << 6);
    absorbPair<T>(first, second);
    permute<T>();
    squeeze<T>(above + (i << 5), above + (other << 5), DIGEST_LANES);
  }
}

/** The 65 bytes 01, left, right: words are shifted by the tag's byte, so nothing is copied. */
function absorbPair<T>(first: usize, second: usize): void {
  store<u64>(TILE, (load<u64>(first) << 8) | 0x01);
  store<u64>(TILE + 8, (load<u64>(second) << 8) | 0x01);
  setLane<T>(STATE, 0, word<T>(TILE, TILE + 8));
  for (let i: usize = 1; i < 8; i++) {
    setLane<T>(STATE, i, word<T>(first + (i << 3) - 1, second + (i << 3) - 1));
  }
  // The last byte of the message and keccak's padding, 01 after it and 80 at the block's end.
  store<u64>(TILE, <u64>load<u8>(first, 63) | 0x0100);
  store<u64>(TILE + 8, <u64>load<u8>(second, 63) | 0x0100);
  setLane<T>(STATE, 8, word<T>(TILE, TILE + 8));
  clear(STATE + 9 * sizeof<T>(), STATE + 16 * sizeof<T>());
  store<u64>(TILE, 0x8000000000000000);
  setLane<T>(STATE, 16, word<T>(TILE, TILE));
  clearCapacity<T>();
}

/** How many messages one permutation hashes. */
export function lanes(): i32 {
  return ASC_FEATURE_SIMD ? 2 : 1;
}

/** keccak-256 of padded blocks (136 bytes each) to digests (32 bytes each). */
export function hashBlocks(blocks: usize, count: i32, digests: usize): void {
  if (ASC_FEATURE_SIMD) hashEach<v128>(blocks, count, digests, DIGEST_LANES);
  else hashEach<u64>(blocks, count, digests, DIGEST_LANES);
}

/** keccak-256 of one message, padded to `count` blocks; it shares no permutation, so lanes are single. */
export function hashLong(blocks: usize, count: i32, digest: usize): void {
  absorb<u64>(blocks, blocks);
  permute<u64>();
  for (let i: usize = 1; i < <usize>count; i++) {
    const block = blocks + i * RATE_BYTES;
    for (let at: usize = 0; at < RATE_LANES; at++) {
      setLane<u64>(STATE, at, lane<u64>(STATE, at) ^ load<u64>(block + (at << 3)));
    }
    permute<u64>();
  }
  squeeze<u64>(digest, digest, DIGEST_LANES);
}

/** SHAKE256 of padded blocks (136 bytes each) to 96 bytes each. */
export function expandBlocks(blocks: usize, count: i32, salts: usize): void {
  if (ASC_FEATURE_SIMD) hashEach<v128>(blocks, count, salts, SALTS_LANES);
  else hashEach<u64>(blocks, count, salts, SALTS_LANES);
}

/** `count` inner nodes over 2 × `count` digests. Of the same place, a level replaces the one below. */
export function hashNodes(below: usize, count: i32, above: usize): void {
  if (ASC_FEATURE_SIMD) hashPairs<v128>(below, count, above);
  else hashPairs<u64>(below, count, above);
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
