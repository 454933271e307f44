import { ENTRY_WORDS } from "./seen-run.ts";

const CAPACITY_MIN = 4_096;
/** Of a slot: the upper half of a fingerprint, and one more than the number of its entry; 0 where it is free. */
const SLOT_WORDS = 2;
const HALF = 2 ** 32;

/**
 * Entries in the order in which they were added, 16 bytes each, and a table of open addressing that tells
 * where each stands, 8 bytes a slot: a new fingerprint costs one line of memory that no cache has, and
 * whatever goes over entries goes over them in order. The lower half of a fingerprint says its slot and the upper one
 * stands in it, so what has the same slot and the same upper half is nearly always the same.
 */
export class SeenTable {
  #entries = new Uint32Array((ENTRY_WORDS * CAPACITY_MIN) / 2);
  #slots = new Uint32Array(SLOT_WORDS * CAPACITY_MIN);
  #mask = CAPACITY_MIN - 1;
  #count = 0;
  /** Keeps what `touch` reads, since reading for nothing would be left out. */
  readonly #touched = new Int32Array(1);

  get count(): number {
    return this.#count;
  }

  /** The words of the entries from one on; a view, good until the next is added. */
  entries(from = 0): Uint32Array {
    return this.#entries.subarray(ENTRY_WORDS * from, ENTRY_WORDS * this.#count);
  }

  /** The position under the fingerprint; -1 when it was never added. */
  find(high: number, low: number): number {
    const slots = this.#slots;
    for (let at = low & this.#mask; ; at = (at + 1) & this.#mask) {
      const entry = slots[SLOT_WORDS * at + 1] as number;
      if (entry === 0) return -1;
      if (slots[SLOT_WORDS * at] !== high) continue;
      const word = ENTRY_WORDS * (entry - 1);
      if (this.#entries[word + 1] === low) return positionOf(this.#entries, word);
    }
  }

  /** The first that is added under a fingerprint stays. */
  add(high: number, low: number, position: number): void {
    const slots = this.#slots;
    let at = low & this.#mask;
    for (; slots[SLOT_WORDS * at + 1] !== 0; at = (at + 1) & this.#mask) {
      if (slots[SLOT_WORDS * at] !== high) continue;
      const other = ENTRY_WORDS * ((slots[SLOT_WORDS * at + 1] as number) - 1);
      if (this.#entries[other + 1] === low) return;
    }
    const word = ENTRY_WORDS * this.#count;
    if (word === this.#entries.length) this.#lengthen();
    const entries = this.#entries;
    entries[word] = high;
    entries[word + 1] = low;
    putPosition(entries, word, position);
    this.#count++;
    slots[SLOT_WORDS * at] = high;
    slots[SLOT_WORDS * at + 1] = this.#count;
    if (this.#count * 8 > (this.#mask + 1) * 5) this.#widen();
  }

  /**
   * Brings the slots of these fingerprints (upper and lower halves in turn) into the cache: no reading waits
   * for the one before, so that many are under way at once.
   */
  touch(prints: Uint32Array): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let sum = 0;
    for (let print = 1; print < prints.length; print += 2) {
      sum = (sum + (slots[SLOT_WORDS * ((prints[print] as number) & mask)] as number)) | 0;
    }
    this.#touched[0] = sum;
  }

  /**
   * Entries from one on whose positions begin at `first` get others.
   * @param places of each of these positions, counted from `first`
   */
  move(from: number, first: number, places: Uint32Array): void {
    const entries = this.#entries;
    const end = ENTRY_WORDS * this.#count;
    for (let word = ENTRY_WORDS * from; word < end; word += ENTRY_WORDS) {
      const row = positionOf(entries, word) - first;
      if (row < 0 || row >= places.length) continue;
      putPosition(entries, word, first + (places[row] as number));
    }
  }

  /** Empties it. As large as it was: it will be again, and to grow there costs as much as to fill it. */
  clear(): void {
    if (this.#count > 0) this.#slots.fill(0);
    this.#count = 0;
  }

  #lengthen(): void {
    const longer = new Uint32Array(2 * this.#entries.length);
    longer.set(this.#entries);
    this.#entries = longer;
  }

  #widen(): void {
    const capacity = 2 * (this.#mask + 1);
    const mask = capacity - 1;
    const slots = new Uint32Array(SLOT_WORDS * capacity);
    const entries = this.#entries;
    for (let entry = 0; entry < this.#count; entry++) {
      let at = (entries[ENTRY_WORDS * entry + 1] as number) & mask;
      while (slots[SLOT_WORDS * at + 1] !== 0) at = (at + 1) & mask;
      slots[SLOT_WORDS * at] = entries[ENTRY_WORDS * entry] as number;
      slots[SLOT_WORDS * at + 1] = entry + 1;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** The stored upper half is one more than the position's: no stored entry ends in zero. */
export const positionOf = (words: Uint32Array, word: number): number =>
  (words[word + 2] as number) + ((words[word + 3] as number) - 1) * HALF;

function putPosition(words: Uint32Array, word: number, position: number): void {
  words[word + 2] = position;
  words[word + 3] = Math.floor(position / HALF) + 1;
}
