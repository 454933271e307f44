import { TallystickError } from "../../core/errors.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { encodeBytes, payloadOf, readBytes } from "../store/stored-bytes.ts";
import type { EntryFolder } from "./entry-folder.ts";
import type { MergedEntries, MergeInput } from "./merge-entries.ts";
import { ENTRY_WORDS, SEGMENT_ENTRIES } from "./seen-entry.ts";
import type { SeenRun } from "./seen-run.ts";
import { SeenRunWriter } from "./seen-run-writer.ts";

/** What the store says of a value that is not as it was written, and of one that a file lacks. */
const DAMAGED: ReadonlySet<string> = new Set(["store.value-damaged", "store.corrupt"]);
const isDamage = (error: unknown) => error instanceof TallystickError && DAMAGED.has(error.code);
/** Of a stored progress: the last fingerprint that was merged, before what the writer says. */
const LAST_WORDS = 2;

/** What is merged into what. */
export interface MergeOf {
  inputs: readonly SeenRun[];
  /** Number of the run that it writes. */
  output: number;
  level: number;
}

export interface MergeParts {
  store: Store;
  folder: EntryFolder;
}

const entriesOf = ({ inputs }: MergeOf): number =>
  inputs.reduce((sum, run) => sum + run.entries, 0);

/**
 * Runs that become one, a bounded part beside each unit of work and put into the next one. Until it is done its
 * inputs hold. How far it is becomes durable with what it wrote, so that a restart goes on there: a merge of a
 * hundred million entries takes hours of intake.
 */
export class SeenMerge {
  /** Oldest first: of equal fingerprints that of the oldest run stays. */
  readonly inputs: readonly SeenRun[];
  readonly output: number;
  readonly level: number;
  readonly #parts: MergeParts;
  readonly #writer: SeenRunWriter;
  /** The last fingerprint that was merged. */
  #last: { high: number; low: number } | undefined;
  /** Memory of segments: of those in the unit of work that was saved last, and of those in the one before, which is durable. */
  #saved: Uint8Array | undefined;
  #free: Uint8Array | undefined;
  #damaged: SeenRun | undefined;
  /** What is merged meanwhile. */
  #underWay: Promise<MergedEntries> | undefined;

  private constructor(parts: MergeParts, merge: MergeOf, writer: SeenRunWriter) {
    this.#parts = parts;
    this.inputs = merge.inputs;
    this.output = merge.output;
    this.level = merge.level;
    this.#writer = writer;
  }

  static begin(parts: MergeParts, merge: MergeOf): SeenMerge {
    return new SeenMerge(parts, merge, new SeenRunWriter(merge.output, entriesOf(merge)));
  }

  /**
   * Goes on where an earlier process was; from the beginning, when it had done nothing yet, wrote filters of
   * another size, or what it wrote is damaged: all of it can be merged again.
   */
  static async resume(parts: MergeParts, merge: MergeOf): Promise<SeenMerge> {
    try {
      return await SeenMerge.#resume(parts, merge);
    } catch (error) {
      if (isDamage(error)) return SeenMerge.begin(parts, merge);
      throw error;
    }
  }

  static async #resume(parts: MergeParts, merge: MergeOf): Promise<SeenMerge> {
    const key = keys.seenMerge(merge.output);
    const value = await parts.store.get(key);
    if (value === undefined) return SeenMerge.begin(parts, merge);
    const words = new Uint32Array(readBytes(key, value).buffer);
    const progress = words.subarray(LAST_WORDS);
    const { output } = merge;
    const writer = await SeenRunWriter.resume(parts.store, output, entriesOf(merge), progress);
    if (writer === undefined) return SeenMerge.begin(parts, merge);
    const resumed = new SeenMerge(parts, merge, writer);
    const [high, low] = words as unknown as [number, number];
    resumed.#last = { high, low };
    return resumed;
  }

  /** The input of which a value is not as it was written: nothing more comes of the merge. */
  get damaged(): SeenRun | undefined {
    return this.#damaged;
  }

  /** Begins to merge about so many entries, of inputs that are durable. */
  advance(entries: number): void {
    this.#underWay = this.#merge(entries);
    // Whoever puts it is told. A process that ends meanwhile needs it no more.
    this.#underWay.catch(() => {});
  }

  /**
   * Puts what was merged since into the session's unit of work.
   * @returns the run, once it is whole @throws TallystickError `store.…`, and whatever a thread ends with
   */
  async put(session: StoreSession): Promise<SeenRun | undefined> {
    const merged = await this.#underWay;
    this.#underWay = undefined;
    if (merged === undefined) return undefined;
    this.#writer.add(session, merged);
    this.#last = merged.last ?? this.#last;
    this.#free = this.#saved;
    this.#saved = merged.segments;
    const key = keys.seenMerge(this.output);
    if (merged.isWhole) {
      session.delete(key);
      return this.#writer.finish(session);
    }
    if (merged.entries > 0) session.putBytes(key, encodeBytes(this.#progress()));
    return undefined;
  }

  async #merge(entries: number): Promise<MergedEntries> {
    // Fingerprints are spread evenly, so each input gives about as many as any other of its size.
    const all = entriesOf(this);
    const inputs: MergeInput[] = [];
    for (const run of this.inputs) {
      // Three at least: what is known of all then goes a whole segment on, however few are asked for.
      const share = Math.ceil((entries * run.entries) / all / SEGMENT_ENTRIES) + 3;
      inputs.push(await this.#readOf(run, share));
    }
    const memory = this.#free;
    this.#free = undefined;
    const { filter } = this.#writer;
    return this.#parts.folder.merge({
      inputs,
      filter,
      ...(memory === undefined ? {} : { memory }),
    });
  }

  #progress(): Uint8Array {
    const written = this.#writer.progress();
    const words = new Uint32Array(LAST_WORDS + written.length);
    words.set([this.#last?.high ?? 0, this.#last?.low ?? 0]);
    words.set(written, LAST_WORDS);
    return new Uint8Array(words.buffer);
  }

  async #readOf(run: SeenRun, segments: number): Promise<MergeInput> {
    try {
      return await this.#read(run, segments);
    } catch (error) {
      if (isDamage(error)) this.#damaged = run;
      throw error;
    }
  }

  /** Segments of a run from the one that holds what follows the last merged fingerprint. */
  async #read(run: SeenRun, segments: number): Promise<MergeInput> {
    const from = this.#last === undefined ? 0 : run.segmentBefore(this.#last.high);
    const to = Math.min(run.segments, from + segments);
    const names = Array.from({ length: to - from }, (_, i) =>
      keys.seenSegment(run.number, from + i),
    );
    const values = (await this.#parts.store.getMany(names)).map((value, i) =>
      payloadOf(names[i] as string, value),
    );
    const bytes = new Uint8Array(values.reduce((sum, { length }) => sum + length, 0));
    let length = 0;
    for (const value of values) {
      bytes.set(value, length);
      length += value.length;
    }
    const words = new Uint32Array(bytes.buffer);
    let at = 0;
    while (at < words.length && !this.#isBehind(words, at)) at += ENTRY_WORDS;
    return { words: words.subarray(at), isEnd: to === run.segments };
  }

  #isBehind(words: Uint32Array, at: number): boolean {
    if (this.#last === undefined) return true;
    const { high, low } = this.#last;
    const [ownHigh, ownLow] = [words[at] as number, words[at + 1] as number];
    return ownHigh > high || (ownHigh === high && ownLow > low);
  }
}
