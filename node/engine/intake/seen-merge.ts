import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, readBytes } from "../store/stored-bytes.ts";
import { ENTRY_WORDS, SEGMENT_ENTRIES } from "./seen-entry.ts";
import { type SeenRun, SeenRunWriter } from "./seen-run.ts";

const SEGMENT_WORDS = SEGMENT_ENTRIES * ENTRY_WORDS;
/** Segments that are merged at a time, 2 to 3 ms: in between others have their turn. */
const SEGMENTS_AT_ONCE = 64;
/** Of a stored progress: the last fingerprint that was merged, before what the writer says. */
const LAST_WORDS = 2;

/** What is merged into what. */
export interface MergeOf {
  inputs: readonly SeenRun[];
  /** Number of the run that it writes. */
  output: number;
  level: number;
}

const entriesOf = ({ inputs }: MergeOf): number =>
  inputs.reduce((sum, run) => sum + run.entries, 0);

/** Entries of one input that were read ahead, and the first of them that is not merged yet. */
interface Ahead {
  words: Uint32Array;
  at: number;
  /** Nothing is behind what was read. */
  isEnd: boolean;
}

/**
 * Runs that become one, a bounded part in each unit of work. Until it is done its inputs hold. How far it is
 * becomes durable with what it wrote, so that a restart goes on there: a merge of a hundred million entries
 * takes hours of intake.
 */
export class SeenMerge {
  /** Oldest first: of equal fingerprints that of the oldest run stays. */
  readonly inputs: readonly SeenRun[];
  readonly output: number;
  readonly level: number;
  readonly #writer: SeenRunWriter;
  /** The last fingerprint that was merged. */
  #last: { high: number; low: number } | undefined;

  private constructor(merge: MergeOf, writer: SeenRunWriter) {
    this.inputs = merge.inputs;
    this.output = merge.output;
    this.level = merge.level;
    this.#writer = writer;
  }

  static begin(merge: MergeOf): SeenMerge {
    return new SeenMerge(merge, new SeenRunWriter(merge.output, entriesOf(merge)));
  }

  /** Goes on where an earlier process was; from the beginning, when it had done nothing yet. */
  static async resume(store: Store, merge: MergeOf): Promise<SeenMerge> {
    const key = keys.seenMerge(merge.output);
    const value = await store.get(key);
    if (value === undefined) return SeenMerge.begin(merge);
    const words = new Uint32Array(readBytes(key, value).buffer);
    const [high, low] = words as unknown as [number, number];
    const { output } = merge;
    const progress = words.subarray(LAST_WORDS);
    const writer = await SeenRunWriter.resume(store, output, entriesOf(merge), progress);
    const resumed = new SeenMerge(merge, writer);
    resumed.#last = { high, low };
    return resumed;
  }

  /**
   * Merges about so many entries into the session's unit of work.
   * @returns the run, once it is whole
   */
  async step(store: Store, session: StoreSession, entries: number): Promise<SeenRun | undefined> {
    // Fingerprints are spread evenly, so each input gives about as many as any other of its size.
    const all = this.inputs.reduce((sum, run) => sum + run.entries, 0);
    const ahead: Ahead[] = [];
    for (const run of this.inputs) {
      const share = Math.ceil((entries * run.entries) / all / SEGMENT_ENTRIES) + 2;
      ahead.push(await this.#readAhead(store, run, share));
    }
    const merged = new Uint32Array(ahead.reduce((sum, { words }) => sum + words.length, 0));
    let length = 0;
    let isWhole = false;
    for (let looked = 1; ; looked++) {
      if (looked % (SEGMENTS_AT_ONCE * SEGMENT_ENTRIES) === 0) await turnOfTheLoop();
      const next = lowest(ahead);
      if (next === undefined) {
        isWhole = ahead.every(({ words, at, isEnd }) => isEnd && at === words.length);
        break;
      }
      const { words, at } = next;
      next.at += ENTRY_WORDS;
      const isRepeated =
        length > 0 &&
        words[at] === merged[length - ENTRY_WORDS] &&
        words[at + 1] === merged[length - ENTRY_WORDS + 1];
      if (isRepeated) continue;
      for (let word = 0; word < ENTRY_WORDS; word++) {
        merged[length + word] = words[at + word] as number;
      }
      length += ENTRY_WORDS;
    }
    // Only the last segment of a run may be short; what is left over is read again.
    const whole = isWhole ? length : Math.floor(length / SEGMENT_WORDS) * SEGMENT_WORDS;
    for (let from = 0; from < whole; from += SEGMENTS_AT_ONCE * SEGMENT_WORDS) {
      const to = Math.min(whole, from + SEGMENTS_AT_ONCE * SEGMENT_WORDS);
      this.#writer.add(session, merged.subarray(from, to));
      await turnOfTheLoop();
    }
    if (whole > 0) {
      const [high, low] = merged.subarray(whole - ENTRY_WORDS, whole);
      this.#last = { high: high as number, low: low as number };
    }
    const key = keys.seenMerge(this.output);
    if (!isWhole) {
      if (whole > 0) session.putBytes(key, encodeBytes(this.#progress()));
      return undefined;
    }
    session.delete(key);
    return this.#writer.finish(session);
  }

  #progress(): Uint8Array {
    const written = this.#writer.progress();
    const words = new Uint32Array(LAST_WORDS + written.length);
    words.set([this.#last?.high ?? 0, this.#last?.low ?? 0]);
    words.set(written, LAST_WORDS);
    return new Uint8Array(words.buffer);
  }

  /** Segments of a run from the one that holds what follows the last merged fingerprint. */
  async #readAhead(store: Store, run: SeenRun, segments: number): Promise<Ahead> {
    const from = this.#last === undefined ? 0 : run.segmentBefore(this.#last.high);
    const to = Math.min(run.segments, from + segments);
    const names = Array.from({ length: to - from }, (_, i) =>
      keys.seenSegment(run.number, from + i),
    );
    const values = (await store.getMany(names)).map(
      (value, i) =>
        new Uint32Array(readBytes(names[i] as string, value ?? new Uint8Array()).buffer),
    );
    const words = new Uint32Array(values.reduce((sum, { length }) => sum + length, 0));
    let length = 0;
    for (const value of values) {
      words.set(value, length);
      length += value.length;
    }
    let at = 0;
    while (at < words.length && !this.#isBehind(words, at)) at += ENTRY_WORDS;
    return { words, at, isEnd: to === run.segments };
  }

  #isBehind(words: Uint32Array, at: number): boolean {
    if (this.#last === undefined) return true;
    const { high, low } = this.#last;
    const [ownHigh, ownLow] = [words[at] as number, words[at + 1] as number];
    return ownHigh > high || (ownHigh === high && ownLow > low);
  }
}

/**
 * The input whose next entry comes first, of equal ones the oldest. Undefined at the end of all, and
 * when an input is used up of which more is stored: what follows there could come first.
 */
function lowest(ahead: readonly Ahead[]): Ahead | undefined {
  let found: Ahead | undefined;
  let high = 0;
  let low = 0;
  for (const one of ahead) {
    if (one.at === one.words.length) {
      if (one.isEnd) continue;
      return undefined;
    }
    const ownHigh = one.words[one.at] as number;
    const ownLow = one.words[one.at + 1] as number;
    if (found !== undefined && (ownHigh > high || (ownHigh === high && ownLow >= low))) continue;
    found = one;
    high = ownHigh;
    low = ownLow;
  }
  return found;
}
