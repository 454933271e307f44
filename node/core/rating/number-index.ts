import type { CompiledTariff } from "../tariff/compile.ts";
import { DIGITS_MAX, packDigits, rangeOfPrefix } from "../tariff/digits.ts";

/** Where a leading part of numbers decides: the row and its zone, and the part as a charge holds it. */
export interface DecidedNumber {
  interval: number;
  zone: number;
  decidingDigits: bigint;
  restDigits: bigint;
}

const PLUS = 0x2b;
const ZERO = 0x30;
const DIGITS = 10;
/** Digits that fit into 32 bits, four bits each. */
const HALF = DIGITS_MAX / 2;
/** Below: minus one minus a leaf's place. Above: the place of a node. None: only the plain rater can say. */
const NONE = 0;
const ROOT = 1;
/** A table of prefixes has a node for each leading part that does not decide yet; beyond, less is indexed. */
const NODES_MAX = 2 ** 20;

/**
 * The prefixes of one service and direction as a tree of digits, so that a number nobody called before
 * costs a step a digit. It knows numbers that are written as "+" and digits, sixteen at most; what it
 * does not know is the plain rater's.
 */
export class NumberIndex {
  /** Ten to a node, by its next digit. */
  readonly #children: Int32Array;
  /** Of the leaves: their rows, the rows' zones, and their digits as charges hold them. */
  readonly #intervals: number[] = [];
  readonly #zones: number[] = [];
  readonly #deciding: bigint[] = [];
  readonly #root: number;
  /** Halves of eight digits are exact as numbers; both together are read as one integer. */
  readonly #halves = new Uint32Array(2);
  readonly #whole = new BigUint64Array(this.#halves.buffer);
  readonly #low: 0 | 1 = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

  /** @param isUsual whether an interval row's numbers are priced by nothing but number, time and quantity */
  constructor(
    tariff: CompiledTariff,
    service: number,
    direction: number,
    isUsual: (interval: number) => boolean,
  ) {
    const rows = tariff.intervalRows.flatMap((row, interval) =>
      row.service === service && row.direction === direction ? [{ ...row, interval }] : [],
    );
    const children: number[] = new Array(DIGITS * (ROOT + 1)).fill(NONE);
    const build = (prefix: string, from: number, to: number, node: number): number => {
      const { low, high } = rangeOfPrefix(prefix);
      let first = from;
      while (first < to && (rows[first] as (typeof rows)[0]).high < low) first++;
      let end = first;
      while (end < to && (rows[end] as (typeof rows)[0]).low <= high) end++;
      const row = rows[first];
      if (row === undefined || first === end) return NONE;
      if (row.low <= low && row.high >= high) {
        if (!isUsual(row.interval)) return NONE;
        this.#deciding.push(packDigits(prefix));
        this.#zones.push(row.zone);
        return -this.#intervals.push(row.interval);
      }
      if (prefix.length === DIGITS_MAX) return NONE;
      const own = node === ROOT ? ROOT : children.length / DIGITS;
      if (own >= NODES_MAX) return NONE;
      if (node !== ROOT) for (let i = 0; i < DIGITS; i++) children.push(NONE);
      for (let digit = 0; digit < DIGITS; digit++) {
        children[own * DIGITS + digit] = build(`${prefix}${digit}`, first, end, NONE);
      }
      return own;
    };
    this.#root = build("", 0, rows.length, ROOT);
    this.#children = Int32Array.from(children);
  }

  find(written: string): DecidedNumber | undefined {
    const { length } = written;
    if (length < 2 || length > DIGITS_MAX + 1 || written.charCodeAt(0) !== PLUS) return undefined;
    let node = this.#root;
    let at = 1;
    for (; node > NONE; at++) {
      if (at === length) return undefined;
      const digit = written.charCodeAt(at) - ZERO;
      if (!(digit >= 0 && digit < DIGITS)) return undefined;
      node = this.#children[node * DIGITS + digit] as number;
    }
    if (node === NONE) return undefined;
    const middle = Math.min(length, at + HALF);
    const high = packRest(written, at, middle);
    const low = packRest(written, middle, length);
    if (Number.isNaN(high) || Number.isNaN(low)) return undefined;
    this.#halves[1 - this.#low] = high;
    this.#halves[this.#low] = low;
    const leaf = -node - 1;
    return {
      interval: this.#intervals[leaf] as number,
      zone: this.#zones[leaf] as number,
      decidingDigits: this.#deciding[leaf] as bigint,
      restDigits: this.#whole[0] as bigint,
    };
  }
}

/** Digits of a text, at most eight, packed as a charge holds them: what is empty is filled. NaN for no digit. */
function packRest(written: string, from: number, to: number): number {
  let packed = 0;
  for (let at = from; at < to; at++) {
    const digit = written.charCodeAt(at) - ZERO;
    if (!(digit >= 0 && digit < DIGITS)) return Number.NaN;
    packed = (packed << 4) | digit;
  }
  const empty = 4 * (HALF - (to - from));
  return empty === 0 ? packed : empty === 32 ? -1 : (packed << empty) | ((1 << empty) - 1);
}
