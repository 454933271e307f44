import { TallystickError } from "../errors.ts";

/*
 * Whole numbers below 2^53 in bytes of seven bits, the lowest first. Columns are written as differences,
 * with the sign in the lowest bit: doubled, differences of numbers of 15 digits stay below 2^53.
 */

const LOW_7 = 128;
const INT_31 = 2 ** 31;

export class VarintWriter {
  /** Used again by every writer: there is one at a time, and memory is slow to be given back. */
  static #scratch = new Uint8Array(65_536);
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(bytesMax: number) {
    if (VarintWriter.#scratch.length < bytesMax) {
      VarintWriter.#scratch = new Uint8Array(2 * bytesMax);
    }
    this.#bytes = VarintWriter.#scratch;
  }

  unsigned(value: number): void {
    this.#length = writeVarint(this.#bytes, this.#length, value);
  }

  bytes(value: Uint8Array): void {
    this.unsigned(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /**
   * The column's values at these rows.
   * @param local what stands for each of them, where it is not they themselves that are written
   */
  differences(column: Uint32Array | Float64Array, rows: Uint32Array, local?: Int32Array): void {
    const bytes = this.#bytes;
    let at = this.#length;
    let before = 0;
    for (let i = 0; i < rows.length; i++) {
      let value = column[rows[i] as number] as number;
      if (local !== undefined) value = local[value] as number;
      const difference = value - before;
      before = value;
      const coded = difference < 0 ? -2 * difference - 1 : 2 * difference;
      if (coded >= LOW_7) at = writeVarint(bytes, at, coded);
      else bytes[at++] = coded;
    }
    this.#length = at;
  }

  /** In memory that the next writer uses again. */
  done(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= INT_31) {
    bytes[at++] = (rest % LOW_7) | 0x80;
    rest = Math.floor(rest / LOW_7);
  }
  while (rest >= LOW_7) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** @throws TallystickError `events.damaged-block` from whatever reads what is not there */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 57; factor *= LOW_7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw damagedBlock();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw damagedBlock();
  }

  bytes(): Uint8Array {
    const length = this.unsigned();
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    if (value.length !== length) throw damagedBlock();
    this.#at += length;
    return value;
  }

  differences(count: number, into: Uint32Array | Float64Array, first: number): void {
    const bytes = this.#bytes;
    let before = 0;
    for (let row = first; row < first + count; row++) {
      // Most take one to three bytes; longer ones, and the end of the bytes, are for `unsigned`.
      const low = bytes[this.#at] as number;
      const middle = bytes[this.#at + 1] as number;
      const high = bytes[this.#at + 2] as number;
      let coded = low;
      if (low < LOW_7) this.#at += 1;
      else if (middle < LOW_7) {
        coded = (low & 0x7f) | (middle << 7);
        this.#at += 2;
      } else if (high < LOW_7) {
        coded = (low & 0x7f) | ((middle & 0x7f) << 7) | (high << 14);
        this.#at += 3;
      } else coded = this.unsigned();
      before += coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2;
      if (!Number.isSafeInteger(before) || before < 0) throw damagedBlock();
      into[row] = before;
    }
  }
}

export const damagedBlock = (): TallystickError =>
  new TallystickError("events.damaged-block", "A block of events is damaged: it can not be read.");
