/** 24 bits an entry, 8 of them set, all in one line of 64 bytes: one in ten thousand is a false hit. */
const LINE_WORDS = 16;
export const LINE_BITS = 32 * LINE_WORDS;
const LINE_ENTRIES = 21;
export const BITS_SET = 8;
/** So many of them, those that are asked first, lie close together: laid out by slices (seen-slices.ts), in one line. */
export const NEAR_BITS = 4;
/** A near bit's place in its part of the line, which is an eighth; the part's first place from the first bit's number. */
export const NEAR_MASK = LINE_BITS / 8 - 1;
export const PART_MASK = LINE_BITS - 1 - NEAR_MASK;
export const PART_SHIFT = 3;
/** Each bit's place but the first follows from the one before: `imul(bits ^ (bits >>> 11), imul(first, STEP) | 1)`. */
export const STEP = 0x9e3779b1;
/** A filter is stored in parts of 1 MB. */
export const PART_WORDS = 262_144;

/**
 * Tells which fingerprints a run surely does not hold, in three bytes an entry. Lines stand in the order of
 * fingerprints, so that a run that is written in order fills them in order.
 */
export class SeenFilter {
  readonly words: Uint32Array;
  readonly lines: number;
  /** Of the number of a near bit what is its place, and of that of the first what says the part of the line. */
  readonly #nearMask: number;
  readonly #partMask: number;

  /** @param isOfFormat8 a filter that a program before format 9 stored: all bits lie anywhere in their line */
  constructor(words: Uint32Array, isOfFormat8 = false) {
    this.words = words;
    this.lines = words.length / LINE_WORDS;
    this.#nearMask = isOfFormat8 ? LINE_BITS - 1 : NEAR_MASK;
    this.#partMask = isOfFormat8 ? 0 : PART_MASK;
  }

  /** An empty one. @param entriesMax at least as many as will be marked */
  static empty(entriesMax: number): SeenFilter {
    return new SeenFilter(new Uint32Array(wordsFor(entriesMax)));
  }

  /** The same in memory that several threads see. */
  static shared(entriesMax: number): SeenFilter {
    return new SeenFilter(new Uint32Array(new SharedArrayBuffer(4 * wordsFor(entriesMax))));
  }

  get isOfFormat8(): boolean {
    return this.#partMask === 0;
  }

  /** Parts that it is stored in. */
  get parts(): number {
    return Math.ceil(this.words.length / PART_WORDS);
  }

  part(part: number): Uint32Array {
    return this.words.subarray(part * PART_WORDS, (part + 1) * PART_WORDS);
  }

  /** The first word of the line of all fingerprints with this upper half; it grows with the half. */
  lineOf(high: number): number {
    return LINE_WORDS * ((high * this.lines * 2 ** -32) >>> 0);
  }

  /** Entries in their order or not. @param words of entries, each `entryWords` long, halves first */
  mark(words: Uint32Array, entryWords: number): void {
    const filter = this.words;
    const { lines } = this;
    const [nearMask, partMask] = [this.#nearMask, this.#partMask];
    for (let word = 0; word < words.length; word += entryWords) {
      const line = LINE_WORDS * (((words[word] as number) * lines * 2 ** -32) >>> 0);
      let bits = (words[word + 1] as number) | 0;
      const step = Math.imul(bits, STEP) | 1;
      const part = (bits >>> PART_SHIFT) & partMask;
      for (let i = 0; i < BITS_SET; i++) {
        const place = i < NEAR_BITS ? part | (bits & nearMask) : bits & (LINE_BITS - 1);
        const at = line + (place >>> 5);
        filter[at] = (filter[at] as number) | (1 << (place & 31));
        bits = Math.imul(bits ^ (bits >>> 11), step);
      }
    }
  }

  /**
   * Tells which of these fingerprints (upper and lower halves in turn) may be marked. Two bits of all are asked
   * first and without a branch, which would be guessed wrong every few times and wait for memory then; nine of ten fall
   * away with them.
   * @param at is filled with where their upper halves stand; one longer than there are fingerprints
   * @returns how many they are
   */
  candidates(prints: Uint32Array, at: Uint32Array): number {
    const filter = this.words;
    const { lines } = this;
    const [nearMask, partMask] = [this.#nearMask, this.#partMask];
    let left = 0;
    for (let print = 0; print < prints.length; print += 2) {
      const line = LINE_WORDS * (((prints[print] as number) * lines * 2 ** -32) >>> 0);
      const first = (prints[print + 1] as number) | 0;
      const second = Math.imul(first ^ (first >>> 11), Math.imul(first, STEP) | 1);
      const part = (first >>> PART_SHIFT) & partMask;
      const [one, other] = [part | (first & nearMask), part | (second & nearMask)];
      at[left] = print;
      left +=
        ((filter[line + (one >>> 5)] as number) >>> (one & 31)) &
        ((filter[line + (other >>> 5)] as number) >>> (other & 31)) &
        1;
    }
    let count = 0;
    for (let i = 0; i < left; i++) {
      const print = at[i] as number;
      if (!this.#mayHold(prints[print] as number, prints[print + 1] as number)) continue;
      at[count++] = print;
    }
    return count;
  }

  #mayHold(high: number, low: number): boolean {
    const filter = this.words;
    const line = this.lineOf(high);
    let bits = low | 0;
    const step = Math.imul(bits, STEP) | 1;
    const part = (bits >>> PART_SHIFT) & this.#partMask;
    for (let i = 0; i < BITS_SET; i++) {
      const place = i < NEAR_BITS ? part | (bits & this.#nearMask) : bits & (LINE_BITS - 1);
      if (((filter[line + (place >>> 5)] as number) & (1 << (place & 31))) === 0) return false;
      bits = Math.imul(bits ^ (bits >>> 11), step);
    }
    return true;
  }
}

/** Parts that the filter of a run of at most so many entries is stored in. */
export const filterParts = (entriesMax: number): number =>
  Math.ceil(wordsFor(entriesMax) / PART_WORDS);

/** Lines come in steps of a ninth to an eighth: filters of about as many entries are of one size. */
function wordsFor(entriesMax: number): number {
  const lines = Math.max(1, Math.ceil(entriesMax / LINE_ENTRIES));
  const step = 2 ** Math.max(0, Math.floor(Math.log2(lines)) - 3);
  return LINE_WORDS * step * Math.ceil(lines / step);
}
