import { type FoldedEntries, foldEntries } from "./fold-entries.ts";
import { type MergedEntries, type MergeTask, mergeEntries } from "./merge-entries.ts";

/** What takes time in the index of records seen: done in this thread, or in another one that answers later. */
export interface EntryFolder {
  /**
   * Sorts entries, all of different fingerprints, into a run.
   * @param entries stay as they are until the answer is there
   * @param memory segments of an earlier answer that nobody needs any more: they are given away
   */
  fold(entries: Uint32Array, memory?: Uint8Array): FoldedEntries | Promise<FoldedEntries>;
  /** Merges entries of several runs. */
  merge(task: MergeTask): MergedEntries | Promise<MergedEntries>;
}

export const foldHere: EntryFolder = { fold: foldEntries, merge: mergeEntries };
