import type { EntryFolder, FoldedEntries } from "../engine/intake/fold-entries.ts";
import { AnsweringThread } from "./answering-thread.ts";

/** What goes to the thread; entries in memory that both see are not copied. */
export interface FoldTask {
  entries: Uint32Array;
}

export interface FoldAnswer {
  folded: FoldedEntries;
}

const PROGRAM = new URL("./fold-thread-program.ts", import.meta.url);

/** Folds the index of records seen in a thread of its own, so that intake goes on meanwhile. */
export class FoldThread implements EntryFolder {
  readonly #thread: AnsweringThread<FoldTask, FoldAnswer>;

  /** @param program the thread's; another one only in tests */
  constructor(program = PROGRAM) {
    this.#thread = new AnsweringThread(program, "the folding thread");
  }

  async fold(entries: Uint32Array): Promise<FoldedEntries> {
    return (await this.#thread.ask({ entries })).folded;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }
}
