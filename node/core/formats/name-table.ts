import { keyedHash } from "./keyed-hash.ts";

const CAPACITY_MIN = 1_024;

/**
 * Numbers and names of a file's parties, each kept once: bytes in, a small number out, the same for the
 * same bytes. The numbers count from 1, 0 stands for nobody. ASCII only, so that a byte is a character.
 *
 * A full table is emptied and counts from 1 again under the next generation, so that it stays small
 * however many names a file holds.
 */
export class NameTable {
  readonly #namesMax: number;
  readonly #key: Uint32Array;
  #slots = new Uint32Array(CAPACITY_MIN);
  #hashes = new Uint32Array(CAPACITY_MIN);
  #ends = new Uint32Array(CAPACITY_MIN);
  #bytes = new Uint8Array(16 * CAPACITY_MIN);
  #names: string[] = [""];
  #generation = 0;
  #passed = 0;

  /** @param key secret, as in ColumnsOptions @param namesMax beyond which the next `begin` empties the table */
  constructor(key: Uint32Array, namesMax = 262_144) {
    this.#key = key;
    this.#namesMax = namesMax;
  }

  get generation(): number {
    return this.#generation;
  }

  /** All names of this generation by their numbers; grows. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Slots that were looked at in vain so far, where another name stood. */
  get passedSlots(): number {
    return this.#passed;
  }

  /** Before a new batch of rows, within which no number changes its meaning. */
  begin(): void {
    if (this.#names.length <= this.#namesMax) return;
    this.#slots.fill(0);
    this.#names = [""];
    this.#generation++;
  }

  /** The number of the name at `from` to `to`; 0 for none. */
  numberOf(bytes: Uint8Array, from: number, to: number): number {
    if (from === to) return 0;
    const hash = keyedHash(this.#key, bytes, from, to);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot] as number;
      if (number === 0) return this.#add(bytes, from, to, hash, slot);
      if (this.#hashes[number] === hash && this.#isName(number, bytes, from, to)) return number;
      this.#passed++;
    }
  }

  #isName(number: number, bytes: Uint8Array, from: number, to: number): boolean {
    let at = this.#ends[number - 1] as number;
    if ((this.#ends[number] as number) - at !== to - from) return false;
    for (let other = from; other < to; other++, at++) {
      if (this.#bytes[at] !== bytes[other]) return false;
    }
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const number = this.#names.length;
    const start = this.#ends[number - 1] as number;
    const end = start + to - from;
    if (end > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(2 * this.#bytes.length, end));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    let name = "";
    for (let at = from; at < to; at++) {
      this.#bytes[start + at - from] = bytes[at] as number;
      name += String.fromCharCode(bytes[at] as number);
    }
    this.#names.push(name);
    this.#ends[number] = end;
    this.#hashes[number] = hash;
    this.#slots[slot] = number;
    if (2 * this.#names.length > this.#slots.length) this.#grow();
    return number;
  }

  #grow(): void {
    const capacity = 2 * this.#slots.length;
    const mask = capacity - 1;
    const hashes = new Uint32Array(capacity);
    hashes.set(this.#hashes);
    const ends = new Uint32Array(capacity);
    ends.set(this.#ends);
    this.#hashes = hashes;
    this.#ends = ends;
    this.#slots = new Uint32Array(capacity);
    for (let number = 1; number < this.#names.length; number++) {
      let slot = (hashes[number] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number;
    }
  }
}
