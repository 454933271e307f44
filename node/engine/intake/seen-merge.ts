import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { readBytes } from "../store/stored-bytes.ts";
import { ENTRY_WORDS, SEGMENT_ENTRIES, type SeenRun, SeenRunWriter } from "./seen-run.ts";

const SEGMENT_WORDS = SEGMENT_ENTRIES * ENTRY_WORDS;

/** Entries of one input that were read ahead, and the first of them that is not merged yet. */
interface Ahead {
  words: Uint32Array;
  at: number;
  /** Nothing is behind what was read. */
  isEnd: boolean;
}

/**
 * Runs that become one, a bounded part in each unit of work. Until it is done its inputs hold; a
 * restart begins it anew under the same number, and what it wrote before is written over.
 */
export class SeenMerge {
  /** Oldest first: of equal fingerprints that of the oldest run stays. */
  readonly inputs: readonly SeenRun[];
  readonly output: number;
  readonly level: number;
  readonly #writer: SeenRunWriter;
  /** The last fingerprint that was merged. */
  #last: { high: number; low: number } | undefined;

  constructor(inputs: readonly SeenRun[], output: number, level: number) {
    this.inputs = inputs;
    this.output = output;
    this.level = level;
    const entries = inputs.reduce((sum, run) => sum + run.entries, 0);
    this.#writer = new SeenRunWriter(output, entries);
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
    for (;;) {
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
    this.#writer.add(session, merged.subarray(0, whole));
    if (whole > 0) {
      const [high, low] = merged.subarray(whole - ENTRY_WORDS, whole);
      this.#last = { high: high as number, low: low as number };
    }
    return isWhole ? this.#writer.finish(session) : undefined;
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
