import { ENTRY_WORDS } from "./seen-entry.ts";

/** Entries of a bucket that is sorted at once: with the place that they are dealt out into, half a cache. */
const BUCKET_ENTRIES = 512;
/** So many buckets are written to in turn before their pages are more than the processor remembers. */
const BUCKET_BITS_MAX = 12;
/** Bits behind those that chose the bucket: they tell where in it an entry goes, or nearly. */
const PLACE_BITS = 9;

/** Memory that sorts work in, one after the other: for fresh memory the system takes longer than a sort does for its work. */
export class SortMemory {
  #sorted = new Uint32Array();
  /** A bucket, dealt out. */
  #dealt = new Uint32Array(2 * BUCKET_ENTRIES * ENTRY_WORDS);
  readonly places = new Uint32Array(2 ** PLACE_BITS);

  sorted(words: number): Uint32Array {
    if (this.#sorted.length < words) this.#sorted = new Uint32Array(words);
    return this.#sorted.subarray(0, words);
  }

  dealt(words: number): Uint32Array {
    if (this.#dealt.length < words) this.#dealt = new Uint32Array(2 * words);
    return this.#dealt;
  }
}

/**
 * Entries by fingerprint, good until the memory is used again. Fingerprints are spread evenly (they are taken under a key), so their first bits tell nearly
 * where each goes: dealt out into buckets, within each by the next bits, and then moved up by a place or two.
 */
export function sortedEntries(entries: Uint32Array, memory = new SortMemory()): Uint32Array {
  const count = entries.length / ENTRY_WORDS;
  const wanted = Math.ceil(Math.log2(Math.max(1, count / BUCKET_ENTRIES)));
  const bucketBits = Math.min(BUCKET_BITS_MAX, wanted);
  const ends = new Uint32Array(2 ** bucketBits);
  const sorted = memory.sorted(entries.length);
  deal(entries, sorted, 2 ** (32 - bucketBits), ends);
  let from = 0;
  for (const end of ends) {
    const bucket = sorted.subarray(ENTRY_WORDS * from, ENTRY_WORDS * end);
    const dealt = memory.dealt(bucket.length);
    deal(bucket, dealt, 2 ** (32 - bucketBits - PLACE_BITS), memory.places);
    moveUp(dealt, bucket);
    from = end;
  }
  return sorted;
}

/**
 * Entries by their upper half divided by `width`, its remainder by the number of places; those of one place
 * keep their order. @param ends of each place, counted in entries, are put there
 */
function deal(from: Uint32Array, to: Uint32Array, width: number, ends: Uint32Array): void {
  const shift = Math.log2(width);
  // A shift by 32 is none: all go to the only place there is.
  const [low, high] = shift > 16 ? [16, shift - 16] : [0, shift];
  const mask = ends.length - 1;
  ends.fill(0);
  for (let word = 0; word < from.length; word += ENTRY_WORDS) {
    const place = (((from[word] as number) >>> low) >>> high) & mask;
    ends[place] = (ends[place] as number) + 1;
  }
  let sum = 0;
  for (let place = 0; place <= mask; place++) {
    const entries = ends[place] as number;
    ends[place] = sum;
    sum += entries;
  }
  for (let word = 0; word < from.length; word += ENTRY_WORDS) {
    const place = (((from[word] as number) >>> low) >>> high) & mask;
    const at = ends[place] as number;
    ends[place] = at + 1;
    // Word by word: a view for each entry would cost more than all the rest.
    const target = ENTRY_WORDS * at;
    to[target] = from[word] as number;
    to[target + 1] = from[word + 1] as number;
    to[target + 2] = from[word + 2] as number;
    to[target + 3] = from[word + 3] as number;
  }
}

/** Fills `to` with as many entries, in order, by moving those up that stand before lower ones. */
function moveUp(from: Uint32Array, to: Uint32Array): void {
  for (let word = 0; word < to.length; word += ENTRY_WORDS) {
    const high = from[word] as number;
    const low = from[word + 1] as number;
    let at = word;
    for (; at > 0; at -= ENTRY_WORDS) {
      const before = at - ENTRY_WORDS;
      const beforeHigh = to[before] as number;
      if (beforeHigh < high || (beforeHigh === high && (to[before + 1] as number) <= low)) break;
      to[at] = beforeHigh;
      to[at + 1] = to[before + 1] as number;
      to[at + 2] = to[before + 2] as number;
      to[at + 3] = to[before + 3] as number;
    }
    to[at] = high;
    to[at + 1] = low;
    to[at + 2] = from[word + 2] as number;
    to[at + 3] = from[word + 3] as number;
  }
}
