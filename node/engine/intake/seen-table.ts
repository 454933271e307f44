import { ENTRY_WORDS, positionOf, putPosition, upperOf } from "./seen-entry.ts";

const CAPACITY_MIN = 4_096;
/** Of a slot: the upper half of a fingerprint, and one more than the number of its entry; 0 where it is free. */
const SLOT_WORDS = 2;

/**
 * Entries in the order in which they were added, 16 bytes each, and a table of open addressing that tells
 * where each stands, 8 bytes a slot: a new fingerprint costs one line of memory that no cache has, and
 * whatever goes over entries goes over them in order. The lower half of a fingerprint says its slot and the upper one
 * stands in it, so what has the same slot and the same upper half is nearly always the same.
 */
export class SeenTable {
  /** In memory that another thread may read meanwhile. */
  #entries: Uint32Array;
  #slots: Uint32Array;
  #mask: number;
  #count = 0;
  /** Keeps what `touch` reads, since reading for nothing would be left out. */
  readonly #touched = new Int32Array(1);

  /** @param like one that was as large as this will be: to grow there costs as much as to fill it */
  constructor(like?: SeenTable) {
    this.#entries = sharedWords(like ? like.#entries.length : (ENTRY_WORDS * CAPACITY_MIN) / 2);
    this.#slots = new Uint32Array(like ? like.#slots.length : SLOT_WORDS * CAPACITY_MIN);
    this.#mask = this.#slots.length / SLOT_WORDS - 1;
  }

  /** An empty one with room for so many entries. */
  static withRoom(entries: number): SeenTable {
    const table = new SeenTable();
    let room = CAPACITY_MIN;
    while (room < entries) room *= 2;
    let capacity = CAPACITY_MIN;
    while (entries * 8 > capacity * 5) capacity *= 2;
    table.#entries = sharedWords(ENTRY_WORDS * room);
    table.#slots = new Uint32Array(SLOT_WORDS * capacity);
    table.#mask = capacity - 1;
    return table;
  }

  get count(): number {
    return this.#count;
  }

  /** The words of the entries from one on, up to another one; a view, good until the next is added. */
  entries(from = 0, to = this.#count): Uint32Array {
    return this.#entries.subarray(ENTRY_WORDS * from, ENTRY_WORDS * to);
  }

  /**
   * The position under the fingerprint; -1 when it was never added. (Its halves are not handed over by themselves:
   * each above 2^31 would be a number on the heap.) @param at where in `prints` its upper half stands, before the lower one
   */
  find(prints: Uint32Array, at: number): number {
    const slots = this.#slots;
    const high = prints[at] as number;
    const low = prints[at + 1] as number;
    const mask = this.#mask;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[SLOT_WORDS * slot + 1] as number;
      if (entry === 0) return -1;
      if (slots[SLOT_WORDS * slot] !== high) continue;
      const word = ENTRY_WORDS * (entry - 1);
      if (this.#entries[word + 1] === low) return positionOf(this.#entries, word);
    }
  }

  /** The first that is added under a fingerprint stays. @returns whether it is this one */
  add(prints: Uint32Array, at: number, position: number): boolean {
    const slots = this.#slots;
    const mask = this.#mask;
    const high = prints[at] as number;
    const low = prints[at + 1] as number;
    let slot = low & mask;
    for (; slots[SLOT_WORDS * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (slots[SLOT_WORDS * slot] !== high) continue;
      const other = ENTRY_WORDS * ((slots[SLOT_WORDS * slot + 1] as number) - 1);
      if (this.#entries[other + 1] === low) return false;
    }
    const word = ENTRY_WORDS * this.#count;
    if (word === this.#entries.length) this.#lengthen();
    const entries = this.#entries;
    entries[word] = high;
    entries[word + 1] = low;
    putPosition(entries, word, position);
    this.#count++;
    slots[SLOT_WORDS * slot] = high;
    slots[SLOT_WORDS * slot + 1] = this.#count;
    if (this.#count * 8 > (mask + 1) * 5) this.#widen();
    return true;
  }

  /** As if what was added last had not been. What goes around its slot was there before, so its slot can be free again. */
  takeBack(): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = (this.#entries[ENTRY_WORDS * (this.#count - 1) + 1] as number) & mask;
    while (slots[SLOT_WORDS * slot + 1] !== this.#count) slot = (slot + 1) & mask;
    slots[SLOT_WORDS * slot] = 0;
    slots[SLOT_WORDS * slot + 1] = 0;
    this.#count--;
  }

  /** How many entries there are but for those at the end whose positions begin at `first`. */
  countBelow(first: number): number {
    let count = this.#count;
    while (count > 0 && positionOf(this.#entries, ENTRY_WORDS * (count - 1)) >= first) count--;
    return count;
  }

  /** Whether it has any of these fingerprints (upper and lower halves in turn). */
  hasAny(prints: Uint32Array): boolean {
    this.touch(prints);
    const slots = this.#slots;
    const mask = this.#mask;
    for (let print = 0; print < prints.length; print += 2) {
      const high = prints[print] as number;
      let slot = (prints[print + 1] as number) & mask;
      for (; slots[SLOT_WORDS * slot + 1] !== 0; slot = (slot + 1) & mask) {
        if (slots[SLOT_WORDS * slot] === high && this.find(prints, print) >= 0) return true;
      }
    }
    return false;
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

  /** Adds what it has of these fingerprints (upper and lower halves in turn) to another one. */
  findAll(prints: Uint32Array, found: SeenTable): void {
    this.touch(prints);
    for (let print = 0; print < prints.length; print += 2) {
      const position = this.find(prints, print);
      if (position >= 0) found.add(prints, print, position);
    }
  }

  /**
   * Entries from one on whose positions begin at `first` get others.
   * @param places of each of these positions, counted from `first`
   */
  move(from: number, first: number, places: Uint32Array): void {
    const entries = this.#entries;
    const end = ENTRY_WORDS * this.#count;
    const { length } = places;
    const upper = upperOf(first);
    const isOneUpper = upperOf(first + length) === upper;
    const lower = first >>> 0;
    for (let word = ENTRY_WORDS * from; word < end; word += ENTRY_WORDS) {
      if (isOneUpper) {
        // Nearly always: whole numbers of 32 bits, and what is below `first` wraps to far behind it.
        const row = ((entries[word + 2] as number) - lower) >>> 0;
        if (row >= length || entries[word + 3] !== upper) continue;
        entries[word + 2] = lower + (places[row] as number);
        continue;
      }
      const row = positionOf(entries, word) - first;
      if (row < 0 || row >= length) continue;
      putPosition(entries, word, first + (places[row] as number));
    }
  }

  /** Empties it; it stays as large as it is. */
  clear(): void {
    if (this.#count > 0) this.#slots.fill(0);
    this.#count = 0;
  }

  #lengthen(): void {
    const longer = sharedWords(2 * this.#entries.length);
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

const sharedWords = (words: number): Uint32Array =>
  new Uint32Array(new SharedArrayBuffer(4 * words));
