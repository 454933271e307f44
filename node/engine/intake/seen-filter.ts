/** 16 bits an entry, 8 of them set, all in one line of 64 bytes: one in a thousand is a false hit. */
const LINE_WORDS = 16;
const LINE_ENTRIES = 32;
const BITS_SET = 8;
/** A filter is stored in parts of 1 MB. */
export const PART_WORDS = 262_144;

/**
 * Tells which fingerprints a run surely does not hold, in two bytes an entry. Lines stand in the order of
 * fingerprints, so that a run that is written in order fills them in order.
 */
export class SeenFilter {
  readonly words: Uint32Array;
  readonly #lines: number;

  constructor(words: Uint32Array) {
    this.words = words;
    this.#lines = words.length / LINE_WORDS;
  }

  /** An empty one. @param entriesMax at least as many as will be marked */
  static empty(entriesMax: number): SeenFilter {
    return new SeenFilter(new Uint32Array(wordsFor(entriesMax)));
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
    return LINE_WORDS * ((high * this.#lines * 2 ** -32) >>> 0);
  }

  /** Entries in their order or not. @param words of entries, each `entryWords` long, halves first */
  mark(words: Uint32Array, entryWords: number): void {
    const filter = this.words;
    const lines = this.#lines;
    for (let word = 0; word < words.length; word += entryWords) {
      const line = LINE_WORDS * (((words[word] as number) * lines * 2 ** -32) >>> 0);
      let bits = (words[word + 1] as number) | 0;
      const step = Math.imul(bits, 0x9e3779b1) | 1;
      for (let i = 0; i < BITS_SET; i++) {
        const at = line + ((bits >>> 5) & 15);
        filter[at] = (filter[at] as number) | (1 << (bits & 31));
        bits = Math.imul(bits ^ (bits >>> 11), step);
      }
    }
  }

  /**
   * Tells which of these fingerprints (upper and lower halves in turn) may be marked. Two bits of all are asked
   * first and without a branch, which would be guessed wrong every few times and wait for memory then; six of seven fall
   * away with them.
   * @param at is filled with where their upper halves stand; one longer than there are fingerprints
   * @returns how many they are
   */
  candidates(prints: Uint32Array, at: Uint32Array): number {
    const filter = this.words;
    const lines = this.#lines;
    let left = 0;
    for (let print = 0; print < prints.length; print += 2) {
      const line = LINE_WORDS * (((prints[print] as number) * lines * 2 ** -32) >>> 0);
      const first = (prints[print + 1] as number) | 0;
      const step = Math.imul(first, 0x9e3779b1) | 1;
      const second = Math.imul(first ^ (first >>> 11), step);
      at[left] = print;
      left +=
        ((filter[line + ((first >>> 5) & 15)] as number) >>> (first & 31)) &
        ((filter[line + ((second >>> 5) & 15)] as number) >>> (second & 31)) &
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
    const line = LINE_WORDS * ((high * this.#lines * 2 ** -32) >>> 0);
    let bits = low | 0;
    const step = Math.imul(bits, 0x9e3779b1) | 1;
    for (let i = 0; i < BITS_SET; i++) {
      const word = filter[line + ((bits >>> 5) & 15)] as number;
      if ((word & (1 << (bits & 31))) === 0) return false;
      bits = Math.imul(bits ^ (bits >>> 11), step);
    }
    return true;
  }
}

/** Parts that the filter of a run of at most so many entries is stored in. */
export const filterParts = (entriesMax: number): number =>
  Math.ceil(wordsFor(entriesMax) / PART_WORDS);

const wordsFor = (entriesMax: number): number =>
  LINE_WORDS * Math.max(1, Math.ceil(entriesMax / LINE_ENTRIES));
