import { keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import type { StoreSession } from "../store/store-session.ts";
import { getJson } from "../store/stored-json.ts";
import type { FoldedEntries } from "./fold-entries.ts";
import { SeenLookup } from "./seen-lookup.ts";
import { type MergeParts, SeenMerge } from "./seen-merge.ts";
import { SeenRun, sizeOfRun } from "./seen-run.ts";
import { SLICES } from "./seen-slices.ts";

const STATE = keys.node("seen-runs");
/** So many runs of one level become one of the next: two billion entries are some forty runs at most. */
const MERGED_RUNS = SLICES;
/** Entries that a unit of work merges for each that it adds: a level is merged before the next ones fill it. */
const MERGED_PER_ADDED = 1.5;
/** Values that a unit of work deletes of runs that are no more used. */
const DELETED_MAX = 1_024;

/** What the store holds of the runs, beside their segments and filters. */
export interface SeenRunsState {
  /** Number of the next run. */
  next: number;
  /** Oldest first. */
  runs: { number: number; level: number; foldedAt: number }[];
  merges: { inputs: number[]; output: number; level: number }[];
  /** Runs that are no more used, until all of their values are deleted. */
  retired: { number: number; segments: number; parts: number }[];
  /** Whether a run was ever dropped for its age. */
  hasDropped: boolean;
  /** Numbers of runs that are not merged, since a value of theirs is damaged; absent while there are none. */
  unmergeable?: number[];
}

interface Held {
  run: SeenRun;
  level: number;
  /** Ledger time in seconds of the newest fold in it. */
  foldedAt: number;
}

export async function readSeenRuns(store: StoreReader): Promise<SeenRunsState> {
  const fresh = { next: 1, runs: [], merges: [], retired: [], hasDropped: false };
  return (await getJson<SeenRunsState>(store, STATE)) ?? fresh;
}

/**
 * All runs of the index, merged by eights while more are added. What a unit of work changes is looked for only
 * once the next one is saved, when the first is durable: until then the runs from before answer, and
 * nothing of them is deleted. So nobody has to wait for a write.
 */
export class SeenRuns {
  readonly #parts: MergeParts;
  readonly #state: SeenRunsState;
  #held: Held[] = [];
  #merges: SeenMerge[] = [];
  /** In what of `#held` is durable, with what is merged and not deleted yet. */
  readonly lookup: SeenLookup;

  private constructor(parts: MergeParts, state: SeenRunsState) {
    this.#parts = parts;
    this.#state = state;
    this.lookup = new SeenLookup(parts.store);
  }

  /**
   * @param oldest ledger time in seconds: runs that were folded before are dropped
   * @param mergedAtOnce entries that each merge goes on with at once
   */
  static async load(
    parts: MergeParts,
    session: StoreSession,
    { oldest, mergedAtOnce }: { oldest: number; mergedAtOnce: number },
  ): Promise<SeenRuns> {
    const { store } = parts;
    const runs = new SeenRuns(parts, structuredClone(await readSeenRuns(store)));
    const { runs: listed, merges } = runs.#state;
    const sizes = new Map<number, number>();
    for (const { number, level, foldedAt } of listed) {
      const run = await SeenRun.load(store, number);
      sizes.set(number, run.entries);
      if (foldedAt >= oldest) runs.#held.push({ run, level, foldedAt });
      else runs.#retire(run);
    }
    if (runs.#held.length < listed.length) runs.#state.hasDropped = true;
    for (const { inputs, output, level } of merges) {
      const held = runs.#held.map(({ run }) => run);
      const found = held.filter((run) => inputs.includes(run.number));
      if (found.length === inputs.length) {
        const merge = await SeenMerge.resume(parts, { inputs: found, output, level });
        merge.advance(mergedAtOnce);
        runs.#merges.push(merge);
      } else {
        const entries = inputs.reduce((sum, number) => sum + (sizes.get(number) ?? 0), 0);
        runs.#retireMerge(session, output, entries);
      }
    }
    if (runs.#held.length < listed.length) {
      runs.#deleteRetired(session);
      runs.#put(session);
    }
    runs.#askAll();
    return runs;
  }

  /** A run of these entries. @param now ledger time in seconds */
  add(session: StoreSession, entries: FoldedEntries, now: number): void {
    const run = SeenRun.put(session, this.#state.next++, entries);
    this.#held.push({ run, level: 0, foldedAt: now });
    this.#put(session);
  }

  /**
   * Merges and deletes a part, in the unit of work that adds so many entries. The unit before it is durable,
   * and it comes before that unit adds a run: so whatever is read here is durable.
   */
  async advance(session: StoreSession, added: number): Promise<void> {
    this.#askAll();
    let hasChanged = false;
    // Before more is retired: what this unit retires is asked until it is durable.
    if (this.#state.retired.length > 0) {
      this.#deleteRetired(session);
      hasChanged = true;
    }
    if (this.#beginMerges()) hasChanged = true;
    for (const merge of [...this.#merges]) {
      const run = await this.#putMerged(merge, session);
      if (run === "given up") {
        hasChanged = true;
        continue;
      }
      if (run === undefined) {
        merge.advance(MERGED_PER_ADDED * added);
        continue;
      }
      this.#replace(merge, run);
      hasChanged = true;
    }
    if (hasChanged) this.#put(session);
  }

  /** All that are held are durable. */
  #askAll(): void {
    this.lookup.ask(this.#held.map(({ run }) => run));
  }

  #beginMerges(): boolean {
    const busy = new Set(this.#merges.flatMap(({ inputs }) => inputs));
    const levels = new Set(this.#held.map(({ level }) => level));
    let hasBegun = false;
    for (const level of levels) {
      const isFree = ({ run }: Held) => !busy.has(run) && !this.#isUnmergeable(run);
      const free = this.#held.filter((one) => one.level === level && isFree(one));
      const isMerging = this.#merges.some((merge) => merge.level === level + 1);
      if (isMerging || free.length < MERGED_RUNS) continue;
      const inputs = free.slice(0, MERGED_RUNS).map(({ run }) => run);
      const merge = { inputs, output: this.#state.next++, level: level + 1 };
      this.#merges.push(SeenMerge.begin(this.#parts, merge));
      hasBegun = true;
    }
    return hasBegun;
  }

  /**
   * As `merge.put`. Where an input is damaged it is merged no more, and intake goes on: it is looked through as before, and
   * only who needs the very value that is damaged is refused. The other seven are merged with what comes next.
   */
  async #putMerged(
    merge: SeenMerge,
    session: StoreSession,
  ): Promise<SeenRun | "given up" | undefined> {
    try {
      return await merge.put(session);
    } catch (error) {
      const { damaged, inputs, output } = merge;
      if (damaged === undefined) throw error;
      this.#state.unmergeable = [...(this.#state.unmergeable ?? []), damaged.number];
      this.#merges = this.#merges.filter((one) => one !== merge);
      this.#retireMerge(
        session,
        output,
        inputs.reduce((sum, { entries }) => sum + entries, 0),
      );
      return "given up";
    }
  }

  /** What a merge wrote that nobody goes on with; deleting too much does no harm. */
  #retireMerge(session: StoreSession, output: number, entries: number): void {
    session.delete(keys.seenMerge(output));
    this.#state.retired.push({ number: output, ...sizeOfRun(entries) });
  }

  #isUnmergeable({ number }: SeenRun): boolean {
    return this.#state.unmergeable?.includes(number) ?? false;
  }

  /** The merged run stands where its oldest input stood. */
  #replace(merge: SeenMerge, run: SeenRun): void {
    const isInput = (held: Held) => merge.inputs.includes(held.run);
    const foldedAt = Math.max(...this.#held.filter(isInput).map((held) => held.foldedAt));
    const at = this.#held.findIndex(isInput);
    this.#held = this.#held.filter((held) => !isInput(held));
    this.#held.splice(at, 0, { run, level: merge.level, foldedAt });
    this.#merges = this.#merges.filter((one) => one !== merge);
    for (const input of merge.inputs) this.#retire(input);
  }

  #retire({ number, segments, parts }: SeenRun): void {
    this.#state.retired.push({ number, segments, parts });
  }

  /** From the last value to the first, so that what is left is told by counts. */
  #deleteRetired(session: StoreSession): void {
    let left = DELETED_MAX;
    const { retired } = this.#state;
    while (left > 0 && retired.length > 0) {
      const run = retired[0] as SeenRunsState["retired"][number];
      for (; left > 0 && run.segments > 0; left--) {
        session.delete(keys.seenSegment(run.number, --run.segments));
      }
      for (; left > 0 && run.parts > 0; left--) {
        session.delete(keys.seenFilter(run.number, --run.parts));
      }
      if (run.segments + run.parts > 0) break;
      session.delete(keys.seenRun(run.number));
      left--;
      retired.shift();
    }
  }

  #put(session: StoreSession): void {
    const held = this.#held.filter(({ run }) => this.#isUnmergeable(run));
    const unmergeable = held.map(({ run }) => run.number);
    session.put(STATE, {
      next: this.#state.next,
      runs: this.#held.map(({ run, level, foldedAt }) => ({ number: run.number, level, foldedAt })),
      merges: this.#merges.map(({ inputs, output, level }) => ({
        inputs: inputs.map(({ number }) => number),
        output,
        level,
      })),
      retired: structuredClone(this.#state.retired),
      hasDropped: this.#state.hasDropped,
      ...(unmergeable.length === 0 ? {} : { unmergeable }),
    } satisfies SeenRunsState);
  }
}
