import { type SealedSegments, sealSegments } from "./fold-entries.ts";
import { ENTRY_WORDS, SEGMENT_WORDS } from "./seen-entry.ts";
import { SeenFilter } from "./seen-filter.ts";

/** Entries of one run in the order of their fingerprints, from the first that is not merged yet. */
export interface MergeInput {
  words: Uint32Array;
  /** Nothing of the run is behind them. */
  isEnd: boolean;
}

export interface MergeTask {
  /** Oldest first: of equal fingerprints that of the oldest run stays. They are given away. */
  inputs: MergeInput[];
  /** That of the merged run, in memory that both sides see: what is merged is marked in it. */
  filter: Uint32Array;
  /** Segments of an earlier answer that nobody needs any more: they are given away. */
  memory?: Uint8Array;
}

/** What of the inputs became segments; what is left over comes again with the next task. */
export interface MergedEntries extends SealedSegments {
  /** The last fingerprint that was merged; undefined where nothing was. */
  last: { high: number; low: number } | undefined;
  /** Nothing is left over, and no input has more: only then the last segment may be short. */
  isWhole: boolean;
}

/** What merges write on the way, one after the other: all that is merged once is one array. */
export class MergeMemory {
  readonly #rounds: Uint32Array[] = [];

  /** Good until it is asked for again. */
  round(round: number, words: number): Uint32Array {
    const known = this.#rounds[round];
    if (known !== undefined && known.length >= words) return known;
    const memory = new Uint32Array(words);
    this.#rounds[round] = memory;
    return memory;
  }
}

/**
 * Merges as far as all inputs are known: behind the lowest end of one that goes on, what follows in it could
 * come first. Some 60 to 100 ns an entry for eight inputs.
 */
export function mergeEntries(
  { inputs, filter, memory }: MergeTask,
  rounds = new MergeMemory(),
): MergedEntries {
  let sorted = inputs.map(({ words }) => words);
  for (const { words, isEnd } of inputs) {
    if (isEnd) continue;
    const last = words.length - ENTRY_WORDS;
    sorted = sorted.map((other) => other.subarray(0, endOf(other, words, last)));
  }
  const words = sorted.reduce((sum, { length }) => sum + length, 0);
  for (let round = 0; sorted.length > 1; round++) {
    // One that is left over stays where it is: in memory of an earlier round, or an input's.
    let to = rounds.round(round, words);
    const merged: Uint32Array[] = [];
    for (let at = 0; at < sorted.length; at += 2) {
      const [older, newer] = [sorted[at] as Uint32Array, sorted[at + 1]];
      if (newer === undefined) {
        merged.push(older);
        continue;
      }
      merged.push(mergeTwo(older, newer, to));
      to = to.subarray(older.length + newer.length);
    }
    sorted = merged;
  }
  const [all = new Uint32Array()] = sorted;
  const isWhole = inputs.every(({ isEnd }) => isEnd);
  const length = isWhole ? all.length : Math.floor(all.length / SEGMENT_WORDS) * SEGMENT_WORDS;
  const whole = all.subarray(0, length);
  new SeenFilter(filter).mark(whole, ENTRY_WORDS);
  const [high, low] = whole.subarray(length - ENTRY_WORDS);
  const last = high === undefined || low === undefined ? undefined : { high, low };
  return { ...sealSegments(whole, memory), last, isWhole };
}

/** Words of entries up to the one at `at` of others, that one included. @param at -1 when there is none */
function endOf(words: Uint32Array, others: Uint32Array, at: number): number {
  if (at < 0) return 0;
  const high = others[at] as number;
  const low = others[at + 1] as number;
  let from = 0;
  let to = words.length / ENTRY_WORDS;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const word = ENTRY_WORDS * middle;
    const own = words[word] as number;
    if (own < high || (own === high && (words[word + 1] as number) <= low)) from = middle + 1;
    else to = middle;
  }
  return ENTRY_WORDS * from;
}

/** Of equal fingerprints the older one's entry stays. @returns the part of `merged` that they take */
function mergeTwo(older: Uint32Array, newer: Uint32Array, merged: Uint32Array): Uint32Array {
  let length = 0;
  let one = 0;
  let other = 0;
  while (one < older.length && other < newer.length) {
    const high = older[one] as number;
    const low = older[one + 1] as number;
    const otherHigh = newer[other] as number;
    const otherLow = newer[other + 1] as number;
    const isNewer = otherHigh < high || (otherHigh === high && otherLow < low);
    const from = isNewer ? newer : older;
    const at = isNewer ? other : one;
    if (isNewer) other += ENTRY_WORDS;
    else {
      one += ENTRY_WORDS;
      if (otherHigh === high && otherLow === low) other += ENTRY_WORDS;
    }
    merged[length] = isNewer ? otherHigh : high;
    merged[length + 1] = isNewer ? otherLow : low;
    merged[length + 2] = from[at + 2] as number;
    merged[length + 3] = from[at + 3] as number;
    length += ENTRY_WORDS;
  }
  const left = one < older.length ? older.subarray(one) : newer.subarray(other);
  merged.set(left, length);
  return merged.subarray(0, length + left.length);
}
