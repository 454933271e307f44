import { HEAD_BYTES } from "./stored-epoch.ts";

/** Words of 32 bits in a head. */
export const HEAD_WORDS = HEAD_BYTES / 4;
const HEADS_MIN = 1_024;

/**
 * Heads of subscribers' states side by side, each as it lies in its value (stored-epoch.ts): secrets,
 * number, totals. Numbers are changed where they lie and copied into the next value, and the collector of
 * garbage has one array to look at, not several objects a subscriber.
 */
export class EpochHeads {
  words = new Uint32Array(HEADS_MIN * HEAD_WORDS);
  bytes = new Uint8Array(this.words.buffer);
  #count = 0;

  /** Room for one more. @returns its first word */
  add(): number {
    const at = this.#count * HEAD_WORDS;
    if (at === this.words.length) {
      const before = this.words;
      this.words = new Uint32Array(2 * before.length);
      this.words.set(before);
      this.bytes = new Uint8Array(this.words.buffer);
    }
    this.#count++;
    return at;
  }

  /** One is forgotten; its memory comes back with all of them. */
  erase(at: number): void {
    this.words.fill(0, at, at + HEAD_WORDS);
  }

  /** All are forgotten, and most of the memory is given back. */
  clear(): void {
    this.words = new Uint32Array(HEADS_MIN * HEAD_WORDS);
    this.bytes = new Uint8Array(this.words.buffer);
    this.#count = 0;
  }
}
