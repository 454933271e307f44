import type { EntryFolder } from "../engine/intake/entry-folder.ts";
import type { FoldedEntries } from "../engine/intake/fold-entries.ts";
import type { MergedEntries, MergeTask } from "../engine/intake/merge-entries.ts";
import { AnsweringThread } from "./answering-thread.ts";

/** What goes to the thread; memory that both see is not copied. */
export type FoldTask = { entries: Uint32Array; memory?: Uint8Array } | { merge: MergeTask };
export type FoldAnswer = { folded: FoldedEntries } | { merged: MergedEntries };

const PROGRAM = new URL("./fold-thread-program.ts", import.meta.url);

/** Folds and merges the index of records seen in a thread of its own, so that intake goes on meanwhile. */
export class FoldThread implements EntryFolder {
  readonly #thread: AnsweringThread<FoldTask, FoldAnswer>;

  /** @param program the thread's; another one only in tests */
  constructor(program = PROGRAM) {
    this.#thread = new AnsweringThread(program, "the folding thread");
  }

  async fold(entries: Uint32Array, memory?: Uint8Array): Promise<FoldedEntries> {
    const task = memory === undefined ? { entries } : { entries, memory };
    return ((await this.#thread.ask(task, buffersOf(memory))) as { folded: FoldedEntries }).folded;
  }

  async merge(merge: MergeTask): Promise<MergedEntries> {
    const given = buffersOf(merge.memory, ...merge.inputs.map(({ words }) => words));
    return ((await this.#thread.ask({ merge }, given)) as { merged: MergedEntries }).merged;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}

const buffersOf = (...views: readonly (Uint8Array | Uint32Array | undefined)[]): ArrayBuffer[] =>
  views.flatMap((view) => (view === undefined ? [] : [view.buffer as ArrayBuffer]));
