import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, readBytes } from "../store/stored-bytes.ts";
import { type FoldedEntries, SEGMENT_BYTES } from "./fold-entries.ts";
import { bytesOf, ENTRY_WORDS, SEGMENT_ENTRIES } from "./seen-entry.ts";
import { filterParts, PART_WORDS, SeenFilter } from "./seen-filter.ts";

/** Directory and filter of a run: what memory keeps of it. */
interface RunParts {
  number: number;
  entries: number;
  /** Upper half of the first fingerprint of each segment. */
  firsts: Uint32Array;
  filter: SeenFilter;
}

/**
 * A run of fingerprints that were folded out of memory: sorted, in segments on disk, under a filter of
 * two bytes an entry in memory. What the filter does not know costs no read.
 */
export class SeenRun {
  readonly number: number;
  readonly entries: number;
  readonly filter: SeenFilter;
  readonly #firsts: Uint32Array;

  constructor({ number, entries, filter, firsts }: RunParts) {
    this.number = number;
    this.entries = entries;
    this.filter = filter;
    this.#firsts = firsts;
  }

  /** Puts a run of these entries into the session's unit of work. */
  static put(session: StoreSession, number: number, folded: FoldedEntries): SeenRun {
    const { entries, segments, firsts, parts } = folded;
    for (let segment = 0; segment < firsts.length; segment++) {
      const from = segment * SEGMENT_BYTES;
      const value = segments.subarray(from, from + SEGMENT_BYTES);
      session.putPassing(keys.seenSegment(number, segment), value);
    }
    for (const [part, value] of parts.entries()) {
      session.putPassing(keys.seenFilter(number, part), value);
    }
    const filter = new SeenFilter(folded.filter);
    putHead(session, { number, entries, filter, firsts });
    return new SeenRun({ number, entries, filter, firsts });
  }

  /** @throws TallystickError `store.value-damaged` */
  static async load(store: Store, number: number): Promise<SeenRun> {
    const key = keys.seenRun(number);
    const words = new Uint32Array(readBytes(key, (await store.get(key)) as Uint8Array).buffer);
    const [segments = 0, filterWords = 0, entries = 0] = words;
    const filter = new SeenFilter(new Uint32Array(filterWords));
    for (let part = 0; part < filter.parts; part++) await readPart(store, number, filter, part);
    return new SeenRun({ number, entries, filter, firsts: words.slice(3, 3 + segments) });
  }

  get segments(): number {
    return this.#firsts.length;
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

/** Of a unit of work: directory of a run, whose segments and filter are put by others. */
function putHead(session: StoreSession, { number, entries, filter, firsts }: RunParts): void {
  const head = Uint32Array.of(firsts.length, filter.words.length, entries);
  session.putBytes(keys.seenRun(number), encodeBytes(bytesOf(head), bytesOf(firsts)));
}

async function readPart(store: Store, run: number, filter: SeenFilter, part: number) {
  const name = keys.seenFilter(run, part);
  const value = readBytes(name, (await store.get(name)) as Uint8Array);
  filter.part(part).set(new Uint32Array(value.buffer));
}

/** Segments that are read at once to mark them again. */
const MARKED_SEGMENTS = 256;
/** Words of a writer's progress before the first fingerprints of its segments. */
const PROGRESS_WORDS = 3;

/** Writes a run from entries in the order of their fingerprints, over as many units of work as it takes. */
export class SeenRunWriter {
  readonly #number: number;
  readonly #filter: SeenFilter;
  readonly #firsts: Uint32Array;
  #segments = 0;
  #entries = 0;
  #partsWritten = 0;

  /** @param entriesMax at least as many as will be added */
  constructor(number: number, entriesMax: number) {
    this.#number = number;
    this.#filter = SeenFilter.empty(entriesMax);
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
    for (let part = 0; part < parts; part++) await readPart(store, number, writer.#filter, part);
    await writer.#markAgain(store);
    return writer;
  }

  async #markAgain(store: Store): Promise<void> {
    const filter = this.#filter;
    const stored = this.#partsWritten * PART_WORDS;
    let from = 0;
    // The segment before the first one that begins behind the stored parts may reach into the rest.
    while (from < this.#segments && filter.lineOf(this.#firsts[from] as number) < stored) from++;
    from = Math.max(0, from - 1);
    for (; from < this.#segments; from += MARKED_SEGMENTS) {
      const to = Math.min(this.#segments, from + MARKED_SEGMENTS);
      const names = Array.from({ length: to - from }, (_, i) =>
        keys.seenSegment(this.#number, from + i),
      );
      for (const [i, value] of (await store.getMany(names)).entries()) {
        const words = new Uint32Array(readBytes(names[i] as string, value as Uint8Array).buffer);
        let first = 0;
        while (first < words.length && filter.lineOf(words[first] as number) < stored) {
          first += ENTRY_WORDS;
        }
        filter.mark(words.subarray(first), ENTRY_WORDS);
      }
    }
  }

  /** @param words whole segments, except for the last call */
  add(session: StoreSession, words: Uint32Array): void {
    for (let from = 0; from < words.length; from += SEGMENT_ENTRIES * ENTRY_WORDS) {
      const segment = words.subarray(from, from + SEGMENT_ENTRIES * ENTRY_WORDS);
      this.#firsts[this.#segments] = segment[0] as number;
      const key = keys.seenSegment(this.#number, this.#segments++);
      session.putPassing(key, encodeBytes(bytesOf(segment)));
      this.#filter.mark(segment, ENTRY_WORDS);
      this.#entries += segment.length / ENTRY_WORDS;
    }
    const last = words[words.length - ENTRY_WORDS];
    if (last === undefined) return;
    const line = this.#filter.lineOf(last);
    // No later entry marks a line before the last one's.
    while ((this.#partsWritten + 1) * PART_WORDS <= line) this.#putPart(session);
  }

  finish(session: StoreSession): SeenRun {
    while (this.#partsWritten < this.#filter.parts) this.#putPart(session);
    const run = {
      number: this.#number,
      entries: this.#entries,
      filter: this.#filter,
      firsts: this.#firsts.slice(0, this.#segments),
    };
    putHead(session, run);
    return new SeenRun(run);
  }

  #putPart(session: StoreSession): void {
    const part = this.#partsWritten++;
    const value = encodeBytes(bytesOf(this.#filter.part(part)));
    session.putPassing(keys.seenFilter(this.#number, part), value);
  }
}

/** How many values a run of at most so many entries takes, beside its head. */
export function sizeOfRun(entries: number): { segments: number; parts: number } {
  return { segments: Math.ceil(entries / SEGMENT_ENTRIES), parts: filterParts(entries) };
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
