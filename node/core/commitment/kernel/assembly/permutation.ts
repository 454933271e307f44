/*
 * keccak-f[1600] over several messages at once (FIPS 202, section 3). A state holds, of each of its 25 words, those
 * of all messages, in registers of the type R: a v128 of two messages, or a u64 of one. There is one such register a
 * word (`One`), or two side by side (`Two`). What is done to the first is done to the second, and both are stored
 * one after the other, so that an engine that can makes one register of 256 bits of them: half as many
 * instructions (node/adapters/wide-registers.ts). A state's address is no constant in a round: V8 13.6 confuses the two
 * registers where it is.
 */

/** Registers a word, by the size of the type. */
export type One = u8;
export type Two = u16;

export const LANES: usize = 25;
export const STATE = memory.data(800, 32);
const NEXT = memory.data(800, 32);

const ROUND_CONSTANTS: StaticArray<u64> = [
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
];

@inline
export function registers<Width>(): usize {
  return sizeof<Width>();
}

/** Messages that one permutation is done to. */
@inline
export function messages<R, Width>(): usize {
  return (sizeof<R>() >> 3) * registers<Width>();
}

@inline
function xor<R>(a: R, b: R): R {
  if (isVector<R>()) return v128.xor(a, b);
  return a ^ b;
}

/** a and not b */
@inline
function andNot<R>(a: R, b: R): R {
  if (isVector<R>()) return v128.andnot(a, b);
  return a & ~b;
}

@inline
function rotate<R>(a: R, bits: i32): R {
  if (bits == 0) return a;
  if (isVector<R>()) return v128.or(i64x2.shl(a, bits), i64x2.shr_u(a, 64 - bits));
  return rotl<u64>(a, bits);
}

@inline
function everyMessage<R>(address: usize): R {
  if (isVector<R>()) return v128.load_splat<u64>(address);
  return load<u64>(address);
}

/** Bytes from a state's beginning to a word's register, the first (0) or the second (1). */
@inline
export function laneOffset<R, Width>(index: usize, register: usize): usize {
  return (index * registers<Width>() + register) * sizeof<R>();
}

/**
 * A register of a word. The second one is at a constant distance from the first: engines see by it that they lie
 * side by side. Where there is one register a word, the second one is nothing, and what is done to it costs nothing.
 */
@inline
function lane<R, Width>(state: usize, index: usize, register: usize): R {
  const first = state + laneOffset<R, Width>(index, 0);
  if (register >= registers<Width>()) {
    if (isVector<R>()) return i64x2.splat(0);
    return <R>0;
  }
  if (!isVector<R>()) return load<u64>(first);
  return register == 0 ? v128.load(first) : v128.load(first, sizeof<v128>());
}

@inline
function setLane<R, Width>(state: usize, index: usize, register: usize, value: R): void {
  if (register >= registers<Width>()) return;
  const first = state + laneOffset<R, Width>(index, 0);
  if (!isVector<R>()) store<u64>(first, value);
  else if (register == 0) v128.store(first, value);
  else v128.store(first, value, sizeof<v128>());
}

/** Theta: the parity of one column. */
@inline
function parity<R, Width>(state: usize, x: usize, register: usize): R {
  return xor<R>(
    xor<R>(
      xor<R>(lane<R, Width>(state, x, register), lane<R, Width>(state, x + 5, register)),
      xor<R>(lane<R, Width>(state, x + 10, register), lane<R, Width>(state, x + 15, register)),
    ),
    lane<R, Width>(state, x + 20, register),
  );
}

/** Rho and pi: a word with theta's part, rotated. */
@inline
function moved<R, Width>(state: usize, index: usize, register: usize, theta: R, bits: i32): R {
  return rotate<R>(xor<R>(lane<R, Width>(state, index, register), theta), bits);
}

@inline
function chi<R>(a: R, b: R, c: R): R {
  return xor<R>(a, andNot<R>(c, b));
}

/** Both registers of a word of the next state, one after the other. */
@inline
function setBoth<R, Width>(next: usize, index: usize, first: R, second: R): void {
  setLane<R, Width>(next, index, 0, first);
  setLane<R, Width>(next, index, 1, second);
}

/**
 * One row of the next state: chi of five words, `a` to `e` in the first register, `p` to `t` in the second.
 * @param iota of the first row alone, in both registers
 */
@inline
function setRow<R, Width>(
  next: usize,
  row: usize,
  iota: R,
  second: R,
  a: R,
  b: R,
  c: R,
  d: R,
  e: R,
  p: R,
  q: R,
  r: R,
  s: R,
  t: R,
): void {
  if (row == 0) {
    setBoth<R, Width>(next, 0, xor<R>(chi<R>(a, b, c), iota), xor<R>(chi<R>(p, q, r), second));
  } else setBoth<R, Width>(next, row, chi<R>(a, b, c), chi<R>(p, q, r));
  setBoth<R, Width>(next, row + 1, chi<R>(b, c, d), chi<R>(q, r, s));
  setBoth<R, Width>(next, row + 2, chi<R>(c, d, e), chi<R>(r, s, t));
  setBoth<R, Width>(next, row + 3, chi<R>(d, e, a), chi<R>(s, t, p));
  setBoth<R, Width>(next, row + 4, chi<R>(e, a, b), chi<R>(t, p, q));
}

/** One round from one state into the other; c and d are of the first register, f and g of the second. */
function round<R, Width>(state: usize, next: usize, constant: usize): void {
  const iota = everyMessage<R>(constant);
  const second = everyMessage<R>(constant);
  const c0 = parity<R, Width>(state, 0, 0);
  const c1 = parity<R, Width>(state, 1, 0);
  const c2 = parity<R, Width>(state, 2, 0);
  const c3 = parity<R, Width>(state, 3, 0);
  const c4 = parity<R, Width>(state, 4, 0);
  const f0 = parity<R, Width>(state, 0, 1);
  const f1 = parity<R, Width>(state, 1, 1);
  const f2 = parity<R, Width>(state, 2, 1);
  const f3 = parity<R, Width>(state, 3, 1);
  const f4 = parity<R, Width>(state, 4, 1);
  const d0 = xor<R>(c4, rotate<R>(c1, 1));
  const d1 = xor<R>(c0, rotate<R>(c2, 1));
  const d2 = xor<R>(c1, rotate<R>(c3, 1));
  const d3 = xor<R>(c2, rotate<R>(c4, 1));
  const d4 = xor<R>(c3, rotate<R>(c0, 1));
  const g0 = xor<R>(f4, rotate<R>(f1, 1));
  const g1 = xor<R>(f0, rotate<R>(f2, 1));
  const g2 = xor<R>(f1, rotate<R>(f3, 1));
  const g3 = xor<R>(f2, rotate<R>(f4, 1));
  const g4 = xor<R>(f3, rotate<R>(f0, 1));
  setRow<R, Width>(
    next,
    0,
    iota,
    second,
    moved<R, Width>(state, 0, 0, d0, 0),
    moved<R, Width>(state, 6, 0, d1, 44),
    moved<R, Width>(state, 12, 0, d2, 43),
    moved<R, Width>(state, 18, 0, d3, 21),
    moved<R, Width>(state, 24, 0, d4, 14),
    moved<R, Width>(state, 0, 1, g0, 0),
    moved<R, Width>(state, 6, 1, g1, 44),
    moved<R, Width>(state, 12, 1, g2, 43),
    moved<R, Width>(state, 18, 1, g3, 21),
    moved<R, Width>(state, 24, 1, g4, 14),
  );
  setRow<R, Width>(
    next,
    5,
    iota,
    second,
    moved<R, Width>(state, 3, 0, d3, 28),
    moved<R, Width>(state, 9, 0, d4, 20),
    moved<R, Width>(state, 10, 0, d0, 3),
    moved<R, Width>(state, 16, 0, d1, 45),
    moved<R, Width>(state, 22, 0, d2, 61),
    moved<R, Width>(state, 3, 1, g3, 28),
    moved<R, Width>(state, 9, 1, g4, 20),
    moved<R, Width>(state, 10, 1, g0, 3),
    moved<R, Width>(state, 16, 1, g1, 45),
    moved<R, Width>(state, 22, 1, g2, 61),
  );
  setRow<R, Width>(
    next,
    10,
    iota,
    second,
    moved<R, Width>(state, 1, 0, d1, 1),
    moved<R, Width>(state, 7, 0, d2, 6),
    moved<R, Width>(state, 13, 0, d3, 25),
    moved<R, Width>(state, 19, 0, d4, 8),
    moved<R, Width>(state, 20, 0, d0, 18),
    moved<R, Width>(state, 1, 1, g1, 1),
    moved<R, Width>(state, 7, 1, g2, 6),
    moved<R, Width>(state, 13, 1, g3, 25),
    moved<R, Width>(state, 19, 1, g4, 8),
    moved<R, Width>(state, 20, 1, g0, 18),
  );
  setRow<R, Width>(
    next,
    15,
    iota,
    second,
    moved<R, Width>(state, 4, 0, d4, 27),
    moved<R, Width>(state, 5, 0, d0, 36),
    moved<R, Width>(state, 11, 0, d1, 10),
    moved<R, Width>(state, 17, 0, d2, 15),
    moved<R, Width>(state, 23, 0, d3, 56),
    moved<R, Width>(state, 4, 1, g4, 27),
    moved<R, Width>(state, 5, 1, g0, 36),
    moved<R, Width>(state, 11, 1, g1, 10),
    moved<R, Width>(state, 17, 1, g2, 15),
    moved<R, Width>(state, 23, 1, g3, 56),
  );
  setRow<R, Width>(
    next,
    20,
    iota,
    second,
    moved<R, Width>(state, 2, 0, d2, 62),
    moved<R, Width>(state, 8, 0, d3, 55),
    moved<R, Width>(state, 14, 0, d4, 39),
    moved<R, Width>(state, 15, 0, d0, 41),
    moved<R, Width>(state, 21, 0, d1, 2),
    moved<R, Width>(state, 2, 1, g2, 62),
    moved<R, Width>(state, 8, 1, g3, 55),
    moved<R, Width>(state, 14, 1, g4, 39),
    moved<R, Width>(state, 15, 1, g0, 41),
    moved<R, Width>(state, 21, 1, g1, 2),
  );
}

/** All 24 rounds, in the state where it lies. */
export function permute<R, Width>(): void {
  const constants = changetype<usize>(ROUND_CONSTANTS);
  for (let iota: usize = 0; iota < 24 * 8; iota += 16) {
    round<R, Width>(STATE, NEXT, constants + iota);
    round<R, Width>(NEXT, STATE, constants + iota + 8);
  }
}
