import { keys } from "./key-spaces.ts";
import type { Store } from "./store.ts";
import type { StoreSession } from "./store-session.ts";
import { encodeBytes, readBytes } from "./stored-bytes.ts";

/** Words of an entry: two halves of a fingerprint, two of a position. */
export const ENTRY_WORDS = 4;
/** Entries that one read brings: 8 kB. */
const SEGMENT_ENTRIES = 512;
/** 16 bits an entry, 8 of them set, all in one line of 64 bytes: one in some thousand is a false hit. */
const LINE_WORDS = 16;
const LINE_ENTRIES = 32;
const BITS_SET = 8;

/**
 * A run of fingerprints that were folded out of memory: sorted, in segments on disk, under a filter of
 * two bytes an entry in memory. What the filter does not know costs no read.
 */
export class SeenRun {
  readonly number: number;
  readonly #filter: Uint32Array;
  /** Upper half of the first fingerprint of each segment. */
  readonly #firsts: Uint32Array;
  readonly #lines: number;

  private constructor(number: number, filter: Uint32Array, firsts: Uint32Array) {
    this.number = number;
    this.#filter = filter;
    this.#firsts = firsts;
    this.#lines = filter.length / LINE_WORDS;
  }

  /** Puts a run of these entries into the session's unit of work. */
  static fold(session: StoreSession, number: number, entries: Uint32Array): SeenRun {
    const count = entries.length / ENTRY_WORDS;
    const sorted = sortedEntries(entries);
    const segments = Math.ceil(count / SEGMENT_ENTRIES);
    const firsts = new Uint32Array(segments);
    const filter = new Uint32Array(LINE_WORDS * Math.max(1, Math.ceil(count / LINE_ENTRIES)));
    const run = new SeenRun(number, filter, firsts);
    for (let word = 0; word < sorted.length; word += ENTRY_WORDS) {
      run.#mark(sorted[word] as number, sorted[word + 1] as number);
    }
    for (let segment = 0; segment < segments; segment++) {
      const from = segment * SEGMENT_ENTRIES * ENTRY_WORDS;
      const words = sorted.subarray(from, from + SEGMENT_ENTRIES * ENTRY_WORDS);
      firsts[segment] = words[0] as number;
      session.putBytes(keys.seenSegment(number, segment), encodeBytes(bytesOf(words)));
    }
    const head = Uint32Array.of(segments, filter.length);
    const parts = [bytesOf(head), bytesOf(firsts), bytesOf(filter)];
    session.putBytes(keys.seenRun(number), encodeBytes(...parts));
    return run;
  }

  static async load(store: Store, number: number): Promise<SeenRun> {
    const key = keys.seenRun(number);
    const words = new Uint32Array(readBytes(key, (await store.get(key)) as Uint8Array).buffer);
    const segments = words[0] as number;
    return new SeenRun(number, words.slice(2 + segments), words.slice(2, 2 + segments));
  }

  /** Keys of all that a run keeps. */
  keys(): string[] {
    const segments = Array.from(this.#firsts, (_, segment) =>
      keys.seenSegment(this.number, segment),
    );
    return [keys.seenRun(this.number), ...segments];
  }

  /** False when the run surely does not hold the fingerprint. */
  mayHold(high: number, low: number): boolean {
    const line = LINE_WORDS * (high % this.#lines);
    let bits = low;
    const step = Math.imul(low, 0x9e3779b1) | 1;
    for (let i = 0; i < BITS_SET; i++) {
      const word = this.#filter[line + ((bits >>> 5) & 15)] as number;
      if ((word & (1 << (bits & 31))) === 0) return false;
      bits = Math.imul(bits ^ (bits >>> 11), step);
    }
    return true;
  }

  /** The keys of the segments where the fingerprint would stand: one, seldom two. */
  segmentsOf(high: number): string[] {
    let from = 0;
    let to = this.#firsts.length;
    // The last segment that begins below `high`, and those that begin with it.
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#firsts[middle] as number) < high) from = middle + 1;
      else to = middle;
    }
    const found: string[] = [];
    for (let at = Math.max(0, from - 1); at < this.#firsts.length; at++) {
      if (at >= from && (this.#firsts[at] as number) > high) break;
      found.push(keys.seenSegment(this.number, at));
    }
    return found;
  }

  #mark(high: number, low: number): void {
    const line = LINE_WORDS * (high % this.#lines);
    let bits = low;
    const step = Math.imul(low, 0x9e3779b1) | 1;
    for (let i = 0; i < BITS_SET; i++) {
      const word = line + ((bits >>> 5) & 15);
      this.#filter[word] = (this.#filter[word] as number) | (1 << (bits & 31));
      bits = Math.imul(bits ^ (bits >>> 11), step);
    }
  }
}

/** The entry of a fingerprint in a segment, as the index of its first word; -1 without one. */
export function entryIn(words: Uint32Array, high: number, low: number): number {
  let from = 0;
  let to = words.length / ENTRY_WORDS;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const word = ENTRY_WORDS * middle;
    const isBelow =
      (words[word] as number) < high || (words[word] === high && (words[word + 1] as number) < low);
    if (isBelow) from = middle + 1;
    else to = middle;
  }
  const word = ENTRY_WORDS * from;
  return words[word] === high && words[word + 1] === low ? word : -1;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Uint32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** By fingerprint. The order is found with numbers of 53 bits, the rest of `low` decides between equals. */
function sortedEntries(entries: Uint32Array): Uint32Array {
  const count = entries.length / ENTRY_WORDS;
  // Upper 32 bits of the fingerprint, then the entry's index: sorted natively, without a comparator.
  const order = new Float64Array(count);
  for (let i = 0; i < count; i++) order[i] = (entries[ENTRY_WORDS * i] as number) * 2 ** 21 + i;
  order.sort();
  const sorted = new Uint32Array(entries.length);
  for (let i = 0; i < count; i++) {
    const from = ENTRY_WORDS * ((order[i] as number) % 2 ** 21);
    let at = i;
    const low = entries[from + 1] as number;
    // Equal upper halves are some hundred in a million: put in order by moving up.
    while (
      at > 0 &&
      sorted[ENTRY_WORDS * (at - 1)] === entries[from] &&
      (sorted[ENTRY_WORDS * (at - 1) + 1] as number) > low
    ) {
      sorted.copyWithin(ENTRY_WORDS * at, ENTRY_WORDS * (at - 1), ENTRY_WORDS * at);
      at--;
    }
    sorted.set(entries.subarray(from, from + ENTRY_WORDS), ENTRY_WORDS * at);
  }
  return sorted;
}
