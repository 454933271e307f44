import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, readBytes } from "../store/stored-bytes.ts";
import { sortedEntries } from "./sort-entries.ts";

/** Words of an entry: two halves of a fingerprint, two of a position. */
export const ENTRY_WORDS = 4;
/** Entries that one read brings: 8 kB. */
export const SEGMENT_ENTRIES = 512;
/** 16 bits an entry, 8 of them set, all in one line of 64 bytes: one in some thousand is a false hit. */
const LINE_WORDS = 16;
const LINE_ENTRIES = 32;
const BITS_SET = 8;
/** All of them are set in one line of fifty that does not hold what is asked for. */
const BITS_AT_ONCE = 4;
/** A filter is stored in parts of 1 MB, each as soon as it is full. */
const PART_WORDS = 262_144;

/** Directory and filter of a run: what memory keeps of it. */
interface RunParts {
  number: number;
  entries: number;
  /** Upper half of the first fingerprint of each segment. */
  firsts: Uint32Array;
  /** Lines in the order of fingerprints, so that a run that is written in order fills them in order. */
  filter: Uint32Array;
}

/**
 * A run of fingerprints that were folded out of memory: sorted, in segments on disk, under a filter of
 * two bytes an entry in memory. What the filter does not know costs no read.
 */
export class SeenRun {
  readonly number: number;
  readonly entries: number;
  readonly #filter: Uint32Array;
  readonly #firsts: Uint32Array;
  readonly #lines: number;

  constructor({ number, entries, filter, firsts }: RunParts) {
    this.number = number;
    this.entries = entries;
    this.#filter = filter;
    this.#firsts = firsts;
    this.#lines = filter.length / LINE_WORDS;
  }

  /** Puts a run of these entries into the session's unit of work. */
  static fold(session: StoreSession, number: number, entries: Uint32Array): SeenRun {
    const writer = new SeenRunWriter(number, entries.length / ENTRY_WORDS);
    writer.add(session, sortedEntries(entries));
    return writer.finish(session);
  }

  /** @throws TallystickError `store.value-damaged` */
  static async load(store: Store, number: number): Promise<SeenRun> {
    const key = keys.seenRun(number);
    const words = new Uint32Array(readBytes(key, (await store.get(key)) as Uint8Array).buffer);
    const [segments = 0, filterWords = 0, entries = 0] = words;
    const filter = new Uint32Array(filterWords);
    for (let part = 0; part * PART_WORDS < filterWords; part++) {
      const name = keys.seenFilter(number, part);
      const value = readBytes(name, (await store.get(name)) as Uint8Array);
      filter.set(new Uint32Array(value.buffer), part * PART_WORDS);
    }
    return new SeenRun({ number, entries, filter, firsts: words.slice(3, 3 + segments) });
  }

  get segments(): number {
    return this.#firsts.length;
  }

  /** Parts that the filter is stored in. */
  get parts(): number {
    return Math.ceil(this.#filter.length / PART_WORDS);
  }

  /**
   * Tells which of these fingerprints (upper and lower halves in turn) the run may hold; the others it surely
   * does not. The first bits are asked without a branch: one that is guessed wrong would wait for memory.
   * @param at is filled with where their upper halves stand @returns how many they are
   */
  candidates(prints: Uint32Array, at: Uint32Array): number {
    const filter = this.#filter;
    const lines = this.#lines;
    let count = 0;
    for (let print = 0; print < prints.length; print += 2) {
      const line = LINE_WORDS * lineOf(prints[print] as number, lines);
      let bits = (prints[print + 1] as number) | 0;
      const step = Math.imul(bits, 0x9e3779b1) | 1;
      let isSet = 1;
      for (let i = 0; i < BITS_AT_ONCE; i++) {
        isSet &= (filter[line + ((bits >>> 5) & 15)] as number) >>> (bits & 31);
        bits = Math.imul(bits ^ (bits >>> 11), step);
      }
      if (isSet === 0) continue;
      for (let i = BITS_AT_ONCE; i < BITS_SET; i++) {
        isSet &= (filter[line + ((bits >>> 5) & 15)] as number) >>> (bits & 31);
        bits = Math.imul(bits ^ (bits >>> 11), step);
      }
      if (isSet !== 0) at[count++] = print;
    }
    return count;
  }

  /** The keys of the segments where the fingerprint would stand: one, seldom two. */
  segmentsOf(high: number): string[] {
    const found: string[] = [];
    const from = this.segmentBefore(high);
    for (let at = from; at < this.#firsts.length; at++) {
      if (at > from && (this.#firsts[at] as number) > high) break;
      found.push(keys.seenSegment(this.number, at));
    }
    return found;
  }

  /** The last segment that begins below `high`, or the first one. */
  segmentBefore(high: number): number {
    let from = 0;
    let to = this.#firsts.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#firsts[middle] as number) < high) from = middle + 1;
      else to = middle;
    }
    return Math.max(0, from - 1);
  }
}

/** Segments that are read at once to mark them again. */
const MARKED_SEGMENTS = 256;
/** Words of a writer's progress before the first fingerprints of its segments. */
const PROGRESS_WORDS = 3;

/** Writes a run from entries in the order of their fingerprints, over as many units of work as it takes. */
export class SeenRunWriter {
  readonly #number: number;
  readonly #filter: Uint32Array;
  readonly #firsts: Uint32Array;
  readonly #lines: number;
  #segments = 0;
  #entries = 0;
  #partsWritten = 0;

  /** @param entriesMax at least as many as will be added */
  constructor(number: number, entriesMax: number) {
    this.#number = number;
    this.#lines = Math.max(1, Math.ceil(entriesMax / LINE_ENTRIES));
    this.#filter = new Uint32Array(LINE_WORDS * this.#lines);
    this.#firsts = new Uint32Array(Math.ceil(entriesMax / SEGMENT_ENTRIES));
  }

  /** How far it is, for a later process: segments, entries and parts of the filter that are stored. */
  progress(): Uint32Array {
    const words = new Uint32Array(PROGRESS_WORDS + this.#segments);
    words.set([this.#segments, this.#entries, this.#partsWritten]);
    words.set(this.#firsts.subarray(0, this.#segments), PROGRESS_WORDS);
    return words;
  }

  /**
   * Goes on where `progress` was taken. What is stored of the filter is read, and entries that belong to the
   * rest of it are marked again: those of the last part's segments, 8 MB at the most.
   */
  static async resume(
    store: Store,
    number: number,
    entriesMax: number,
    progress: Uint32Array,
  ): Promise<SeenRunWriter> {
    const writer = new SeenRunWriter(number, entriesMax);
    const [segments = 0, entries = 0, parts = 0] = progress;
    writer.#segments = segments;
    writer.#entries = entries;
    writer.#partsWritten = parts;
    writer.#firsts.set(progress.subarray(PROGRESS_WORDS, PROGRESS_WORDS + segments));
    for (let part = 0; part < parts; part++) {
      const name = keys.seenFilter(number, part);
      const value = readBytes(name, (await store.get(name)) as Uint8Array);
      writer.#filter.set(new Uint32Array(value.buffer), part * PART_WORDS);
    }
    await writer.#markAgain(store);
    return writer;
  }

  async #markAgain(store: Store): Promise<void> {
    const line = Math.floor((this.#partsWritten * PART_WORDS) / LINE_WORDS);
    let from = 0;
    // The segment before the first one that begins behind the stored parts may reach into the rest.
    while (from < this.#segments && lineOf(this.#firsts[from] as number, this.#lines) < line)
      from++;
    from = Math.max(0, from - 1);
    for (; from < this.#segments; from += MARKED_SEGMENTS) {
      const to = Math.min(this.#segments, from + MARKED_SEGMENTS);
      const names = Array.from({ length: to - from }, (_, i) =>
        keys.seenSegment(this.#number, from + i),
      );
      for (const [i, value] of (await store.getMany(names)).entries()) {
        const words = new Uint32Array(readBytes(names[i] as string, value as Uint8Array).buffer);
        for (let word = 0; word < words.length; word += ENTRY_WORDS) {
          const high = words[word] as number;
          if (lineOf(high, this.#lines) >= line) this.#mark(high, words[word + 1] as number);
        }
      }
    }
  }

  /** @param words whole segments, except for the last call */
  add(session: StoreSession, words: Uint32Array): void {
    for (let from = 0; from < words.length; from += SEGMENT_ENTRIES * ENTRY_WORDS) {
      const segment = words.subarray(from, from + SEGMENT_ENTRIES * ENTRY_WORDS);
      this.#firsts[this.#segments] = segment[0] as number;
      const key = keys.seenSegment(this.#number, this.#segments++);
      session.putBytes(key, encodeBytes(bytesOf(segment)));
      for (let word = 0; word < segment.length; word += ENTRY_WORDS) {
        this.#mark(segment[word] as number, segment[word + 1] as number);
      }
      this.#entries += segment.length / ENTRY_WORDS;
    }
    const last = words[words.length - ENTRY_WORDS];
    if (last === undefined) return;
    const lineWords = LINE_WORDS * lineOf(last, this.#lines);
    // No later entry marks a line before the last one's.
    while ((this.#partsWritten + 1) * PART_WORDS <= lineWords) this.#putPart(session);
  }

  finish(session: StoreSession): SeenRun {
    while (this.#partsWritten * PART_WORDS < this.#filter.length) this.#putPart(session);
    const firsts = this.#firsts.slice(0, this.#segments);
    const head = Uint32Array.of(this.#segments, this.#filter.length, this.#entries);
    session.putBytes(keys.seenRun(this.#number), encodeBytes(bytesOf(head), bytesOf(firsts)));
    const [number, entries, filter] = [this.#number, this.#entries, this.#filter];
    return new SeenRun({ number, entries, filter, firsts });
  }

  #putPart(session: StoreSession): void {
    const part = this.#partsWritten++;
    const words = this.#filter.subarray(part * PART_WORDS, (part + 1) * PART_WORDS);
    session.putBytes(keys.seenFilter(this.#number, part), encodeBytes(bytesOf(words)));
  }

  #mark(high: number, low: number): void {
    const filter = this.#filter;
    const line = LINE_WORDS * lineOf(high, this.#lines);
    let bits = low;
    const step = Math.imul(low, 0x9e3779b1) | 1;
    for (let i = 0; i < BITS_SET; i++) {
      const word = line + ((bits >>> 5) & 15);
      filter[word] = (filter[word] as number) | (1 << (bits & 31));
      bits = Math.imul(bits ^ (bits >>> 11), step);
    }
  }
}

/** How many values a run of at most so many entries takes, beside its head. */
export function sizeOfRun(entries: number): { segments: number; parts: number } {
  const lines = Math.max(1, Math.ceil(entries / LINE_ENTRIES));
  return {
    segments: Math.ceil(entries / SEGMENT_ENTRIES),
    parts: Math.ceil((LINE_WORDS * lines) / PART_WORDS),
  };
}

/** Grows with the upper half of the fingerprint. */
const lineOf = (high: number, lines: number): number => (high * lines * 2 ** -32) >>> 0;

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
