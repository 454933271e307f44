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

/** What is used of WebAssembly: Node's types do not declare it. */
const { WebAssembly: webAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
  };
};
const PAGE_BYTES = 65_536;
/** Words of a filter that are laid at once: so short a loop is compiled after the first few. */
const LAID_WORDS = 64;
/** Words of fingerprints whose first questions are brought into the cache together. */
const TOUCHED_WORDS = 512;

/**
 * The filters of up to eight runs, of the same size, laid so that one question is asked of all of them: four
 * bytes tell of nearly every fingerprint that no run holds it, where eight filters are sixteen questions.
 */
export class SeenSlices {
  readonly lines: number;
  readonly #bytes: Uint8Array;
  /** The same memory, four bytes together. */
  readonly #quads: Uint32Array;
  #count = 0;
  /** Keeps what `#touch` reads, since reading for nothing would be left out. */
  readonly #touched = new Int32Array(1);

  constructor(lines: number) {
    this.lines = lines;
    // Memory that begins with a page, which no other kind promises: a part of a line is one line of the cache then, not two.
    const initial = Math.ceil((LINE_BITS * lines) / PAGE_BYTES);
    const { buffer } = new webAssembly.Memory({ initial, maximum: initial });
    this.#bytes = new Uint8Array(buffer);
    this.#quads = new Uint32Array(buffer);
  }

  get isFull(): boolean {
    return this.#count === SLICES;
  }

  /** Lays the filter of one more run. @returns its slice */
  add({ words }: SeenFilter): number {
    const slice = this.#count++;
    for (let from = 0; from < words.length; from += LAID_WORDS) {
      lay(words, from, this.#quads, slice);
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
    for (let print = 0; print < prints.length; print += 2) {
      if (print % TOUCHED_WORDS === 0) this.#touch(prints, print);
      // Half of the bits without a branch, which would be guessed wrong: one in fifteen is left.
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

  /**
   * Brings what the next fingerprints ask first into the cache: no reading waits for another one, so that as many
   * are under way at once as the processor can have.
   */
  #touch(prints: Uint32Array, from: number): void {
    const bytes = this.#bytes;
    const { lines } = this;
    const to = Math.min(prints.length, from + TOUCHED_WORDS);
    let sum = 0;
    for (let print = from; print < to; print += 2) {
      const line = LINE_BITS * (((prints[print] as number) * lines * 2 ** -32) >>> 0);
      const part = line + (((prints[print + 1] as number) >>> PART_SHIFT) & PART_MASK);
      sum = (sum + (bytes[part] as number)) | 0;
    }
    this.#touched[0] = sum;
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

/** Four bits of a word at a time become the lowest bits of four bytes: no branch, and hardly more steps than bits that are set. */
function lay(words: Uint32Array, from: number, quads: Uint32Array, slice: number): void {
  const to = Math.min(words.length, from + LAID_WORDS);
  for (let word = from; word < to; word++) {
    let left = words[word] as number;
    for (let quad = 8 * word; quad < 8 * word + 8; quad++) {
      const spread = Math.imul(left & 15, 0x00204081) & 0x01010101;
      quads[quad] = (quads[quad] as number) | (spread << slice);
      left >>>= 4;
    }
  }
}
