import {
  BITS_SET,
  LINE_BITS,
  NEAR_BITS,
  NEAR_MASK,
  PART_MASK,
  PART_SHIFT,
  type SeenFilter,
  STEP,
} from "./seen-filter.ts";

/** Runs whose filters are asked as one: a byte for each bit of a filter, a bit of it for each run. */
export const SLICES = 8;

/**
 * The filters of up to eight runs, of the same size, laid so that one question is asked of all of them: four
 * bytes tell of nearly every fingerprint that no run holds it, where eight filters are sixteen questions.
 */
export class SeenSlices {
  readonly lines: number;
  readonly #bytes: Uint8Array;
  #count = 0;
  constructor(lines: number) {
    this.lines = lines;
    this.#bytes = new Uint8Array(LINE_BITS * lines);
  }

  get isFull(): boolean {
    return this.#count === SLICES;
  }

  /** Lays the filter of one more run. @returns its slice */
  add({ words }: SeenFilter): number {
    const bytes = this.#bytes;
    const slice = this.#count++;
    const mark = 1 << slice;
    for (let word = 0; word < words.length; word++) {
      for (let left = words[word] as number; left !== 0; left &= left - 1) {
        const at = 32 * word + 31 - Math.clz32(left & -left);
        bytes[at] = (bytes[at] as number) | mark;
      }
    }
    return slice;
  }

  /**
   * Tells which of these fingerprints (upper and lower halves in turn) may be marked in some of the slices.
   * @param prints dealt out (dealt-prints.ts), so that what is asked is in the cache
   * @param at is filled with where their upper halves stand; one longer than there are fingerprints
   * @param slices is filled with the slices of each, a bit for each
   * @returns how many they are
   */
  candidates(prints: Uint32Array, at: Uint32Array, slices: Uint8Array): number {
    const bytes = this.#bytes;
    const { lines } = this;
    let left = 0;
    // Half of the bits without a branch, which would be guessed wrong: one in fifteen is left.
    for (let print = 0; print < prints.length; print += 2) {
      const line = LINE_BITS * (((prints[print] as number) * lines * 2 ** -32) >>> 0);
      const first = (prints[print + 1] as number) | 0;
      const step = Math.imul(first, STEP) | 1;
      const second = Math.imul(first ^ (first >>> 11), step);
      const third = Math.imul(second ^ (second >>> 11), step);
      const fourth = Math.imul(third ^ (third >>> 11), step);
      const part = line + ((first >>> PART_SHIFT) & PART_MASK);
      const marked =
        (bytes[part + (first & NEAR_MASK)] as number) &
        (bytes[part + (second & NEAR_MASK)] as number) &
        (bytes[part + (third & NEAR_MASK)] as number) &
        (bytes[part + (fourth & NEAR_MASK)] as number);
      at[left] = print;
      left += -marked >>> 31;
    }
    let count = 0;
    for (let i = 0; i < left; i++) {
      const print = at[i] as number;
      const marked = this.#marked(prints[print] as number, prints[print + 1] as number);
      if (marked === 0) continue;
      slices[count] = marked;
      at[count++] = print;
    }
    return count;
  }

  /** The slices in which all bits of the fingerprint are marked. */
  #marked(high: number, low: number): number {
    const bytes = this.#bytes;
    const line = LINE_BITS * ((high * this.lines * 2 ** -32) >>> 0);
    let bits = low | 0;
    const step = Math.imul(bits, STEP) | 1;
    const part = (bits >>> PART_SHIFT) & PART_MASK;
    let marked = 2 ** SLICES - 1;
    for (let i = 0; i < BITS_SET && marked !== 0; i++) {
      const place = i < NEAR_BITS ? part | (bits & NEAR_MASK) : bits & (LINE_BITS - 1);
      marked &= bytes[line + place] as number;
      bits = Math.imul(bits ^ (bits >>> 11), step);
    }
    return marked;
  }
}
