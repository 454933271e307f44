import type { Store } from "../store/store.ts";
import { bytesOf } from "./seen-entry.ts";
import { SeenFilters } from "./seen-filters.ts";
import { entryIn, type SeenRun } from "./seen-run.ts";
import { SeenSegments } from "./seen-segments.ts";

/** Where fingerprints may stand, by the filters of these runs: keys of segments, with places among the fingerprints. */
interface Looked {
  asked: readonly SeenRun[];
  /** As they were: of a row that nobody expected other ones are written in their place. */
  fingerprints: Uint32Array;
  wanted: ReadonlyMap<string, number[]>;
}

/**
 * Looks fingerprints up in runs on disk: by filters in memory first, then in the segments that these let through,
 * read in few calls and, where it is told what will be asked, ahead.
 */
export class SeenLookup {
  readonly #segments: SeenSegments;
  /** What filters said of fingerprints that will be recalled, by where these begin in their memory. */
  readonly #looked = new Map<number, Looked>();
  readonly #filters = new SeenFilters();
  /** Oldest first. */
  #asked: readonly SeenRun[] = [];

  constructor(store: Store) {
    this.#segments = new SeenSegments(store);
  }

  /** Asks these runs from now on, oldest first. */
  ask(runs: readonly SeenRun[]): void {
    const isOther = runs.some((run, at) => run !== this.#asked[at]);
    if (!isOther && runs.length === this.#asked.length) return;
    this.#asked = runs;
    this.#filters.ask(runs);
  }

  /** How many runs a fingerprint is looked for in. */
  get count(): number {
    return this.#asked.length;
  }

  /**
   * What the runs hold of these fingerprints (upper and lower halves in turn).
   * @param found told the entry's words and its first word; of several runs the oldest comes first
   */
  async recall(
    fingerprints: Uint32Array,
    found: (words: Uint32Array, word: number) => void,
  ): Promise<void> {
    const wanted = this.#lookedAt(fingerprints) ?? this.#lookNow(fingerprints);
    if (wanted.size === 0) return;
    const names = [...wanted.keys()];
    for (const [at, words] of (await this.#segments.read(names)).entries()) {
      for (const print of wanted.get(names[at] as string) as number[]) {
        const word = entryIn(
          words,
          fingerprints[print] as number,
          fingerprints[print + 1] as number,
        );
        if (word >= 0) found(words, word);
      }
    }
  }

  /**
   * Begins to read what `recall` of these fingerprints, chunk by chunk, will ask for, and keeps it until
   * `forgetAhead`. @param chunk words of each, but for the last one
   */
  readAhead(fingerprints: Uint32Array, chunk: number): void {
    if (this.#asked.length === 0) return;
    const wanted = this.#segmentsOf(fingerprints, chunk);
    for (const [at, ofChunk] of wanted.entries()) {
      const those = fingerprints.subarray(at * chunk, (at + 1) * chunk);
      this.#looked.set(those.byteOffset, {
        asked: this.#asked,
        fingerprints: those.slice(),
        wanted: ofChunk,
      });
      this.#segments.readAhead(ofChunk.keys());
    }
  }

  forgetAhead(): void {
    this.#segments.forget();
    this.#looked.clear();
  }

  /** What the filters said when these very fingerprints were read ahead, unless other runs are asked by now. */
  #lookedAt(fingerprints: Uint32Array): Looked["wanted"] | undefined {
    const looked = this.#looked.get(fingerprints.byteOffset);
    if (looked === undefined || looked.asked !== this.#asked) return undefined;
    const isSame = Buffer.compare(bytesOf(looked.fingerprints), bytesOf(fingerprints)) === 0;
    return isSame ? looked.wanted : undefined;
  }

  #lookNow(fingerprints: Uint32Array): Looked["wanted"] {
    return this.#segmentsOf(fingerprints, fingerprints.length)[0] ?? new Map();
  }

  /** Of each chunk of the fingerprints; places are those within it. @param chunk its words */
  #segmentsOf(fingerprints: Uint32Array, chunk: number): Map<string, number[]>[] {
    const wanted = Array.from(
      { length: Math.ceil(fingerprints.length / chunk) },
      () => new Map<string, number[]>(),
    );
    this.#filters.candidates(fingerprints, (run, print) => {
      const ofChunk = wanted[Math.floor(print / chunk)] as Map<string, number[]>;
      for (const key of run.segmentsOf(fingerprints[print] as number)) {
        const asked = ofChunk.get(key);
        if (asked === undefined) ofChunk.set(key, [print % chunk]);
        else asked.push(print % chunk);
      }
    });
    return wanted;
  }
}
