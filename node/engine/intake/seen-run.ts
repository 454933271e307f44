import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, readBytes } from "../store/stored-bytes.ts";
import { type FoldedEntries, SEGMENT_BYTES, type SealedSegments } from "./fold-entries.ts";
import { bytesOf, ENTRY_WORDS, SEGMENT_ENTRIES } from "./seen-entry.ts";
import { filterParts, SeenFilter } from "./seen-filter.ts";

/** Words before the first fingerprints of segments; the last of them is not there before format 9. */
const HEAD_WORDS = 4;
/** How fingerprints are marked in filters. */
const FILTER_RULE = 9;

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
 * three bytes an entry in memory. What the filter does not know costs no read.
 */
export class SeenRun {
  readonly number: number;
  readonly entries: number;
  /** Values that its filter is stored in. */
  readonly parts: number;
  readonly #firsts: Uint32Array;
  #filter: SeenFilter | undefined;

  constructor({ number, entries, filter, firsts }: RunParts) {
    this.number = number;
    this.entries = entries;
    this.parts = filter.parts;
    this.#filter = filter;
    this.#firsts = firsts;
  }

  /** Undefined once it was laid elsewhere. */
  get filter(): SeenFilter | undefined {
    return this.#filter;
  }

  /** Whoever asks it has laid its filter elsewhere (seen-slices.ts). */
  letGoOfFilter(): void {
    this.#filter = undefined;
  }

  /** Puts a run of these entries into the session's unit of work. */
  static put(session: StoreSession, number: number, folded: FoldedEntries): SeenRun {
    const { entries, firsts, parts } = folded;
    putSegments(session, number, 0, folded);
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
    const words = new Uint32Array(readBytes(key, await store.get(key)).buffer);
    const [segments = 0, filterWords = 0, entries = 0] = words;
    const isOfFormat8 = words.length === HEAD_WORDS - 1 + segments;
    const filter = new SeenFilter(new Uint32Array(filterWords), isOfFormat8);
    for (let part = 0; part < filter.parts; part++)
      await readFilterPart(store, number, filter, part);
    return new SeenRun({ number, entries, filter, firsts: words.slice(words.length - segments) });
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

/** Puts segments of a run into the session's unit of work. @param first number of the first one */
export function putSegments(
  session: StoreSession,
  number: number,
  first: number,
  { segments, firsts }: SealedSegments,
): void {
  for (let at = 0; at < firsts.length; at++) {
    const value = segments.subarray(at * SEGMENT_BYTES, (at + 1) * SEGMENT_BYTES);
    session.putPassing(keys.seenSegment(number, first + at), value);
  }
}

/** Of a unit of work: directory of a run, whose segments and filter are put by others. */
export function putHead(
  session: StoreSession,
  { number, entries, filter, firsts }: RunParts,
): void {
  const head = Uint32Array.of(firsts.length, filter.words.length, entries, FILTER_RULE);
  session.putBytes(keys.seenRun(number), encodeBytes(bytesOf(head), bytesOf(firsts)));
}

export async function readFilterPart(store: Store, run: number, filter: SeenFilter, part: number) {
  const name = keys.seenFilter(run, part);
  const value = readBytes(name, await store.get(name));
  filter.part(part).set(new Uint32Array(value.buffer));
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
