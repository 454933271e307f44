import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, readBytes } from "../store/stored-bytes.ts";
import type { SealedSegments } from "./fold-entries.ts";
import { bytesOf, ENTRY_WORDS, SEGMENT_ENTRIES } from "./seen-entry.ts";
import { PART_WORDS, SeenFilter } from "./seen-filter.ts";
import { putHead, putSegments, readFilterPart, SeenRun } from "./seen-run.ts";

/** Segments that are read at once to mark them again. */
const MARKED_SEGMENTS = 256;
/** Words of a writer's progress before the first fingerprints of its segments. */
const PROGRESS_WORDS = 4;

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
    this.#filter = SeenFilter.shared(entriesMax);
    this.#firsts = new Uint32Array(Math.ceil(entriesMax / SEGMENT_ENTRIES));
  }

  /** Is filled, in memory that other threads see, by who merges what is added. */
  get filter(): Uint32Array {
    return this.#filter.words;
  }

  /** How far it is, for a later process: segments, entries and parts of the filter that are stored, and its size. */
  progress(): Uint32Array {
    const words = new Uint32Array(PROGRESS_WORDS + this.#segments);
    words.set([this.#segments, this.#entries, this.#partsWritten, this.#filter.words.length]);
    words.set(this.#firsts.subarray(0, this.#segments), PROGRESS_WORDS);
    return words;
  }

  /**
   * Goes on where `progress` was taken. What is stored of the filter is read, and entries that belong to the
   * rest of it are marked again: those of the last part's segments, 6 MB at the most.
   * @returns undefined for a progress with a filter of another size, as programs before format 9 wrote it
   */
  static async resume(
    store: Store,
    number: number,
    entriesMax: number,
    progress: Uint32Array,
  ): Promise<SeenRunWriter | undefined> {
    const writer = new SeenRunWriter(number, entriesMax);
    const [segments = 0, entries = 0, parts = 0, filterWords] = progress;
    const isOfSize = filterWords === writer.#filter.words.length;
    if (!isOfSize || progress.length !== PROGRESS_WORDS + segments) return undefined;
    writer.#segments = segments;
    writer.#entries = entries;
    writer.#partsWritten = parts;
    writer.#firsts.set(progress.subarray(PROGRESS_WORDS, PROGRESS_WORDS + segments));
    for (let part = 0; part < parts; part++)
      await readFilterPart(store, number, writer.#filter, part);
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
        const words = new Uint32Array(readBytes(names[i] as string, value).buffer);
        let first = 0;
        while (first < words.length && filter.lineOf(words[first] as number) < stored) {
          first += ENTRY_WORDS;
        }
        filter.mark(words.subarray(first), ENTRY_WORDS);
      }
    }
  }

  /** @param added whole segments, but for the last call, that are marked in the filter */
  add(session: StoreSession, added: SealedSegments): void {
    putSegments(session, this.#number, this.#segments, added);
    this.#firsts.set(added.firsts, this.#segments);
    this.#segments += added.firsts.length;
    this.#entries += added.entries;
    const last = added.firsts.at(-1);
    if (last === undefined) return;
    const line = this.#filter.lineOf(last);
    // No later entry marks a line before that of the last segment's first one.
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
