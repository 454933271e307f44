import type { EvidenceShelf } from "./evidence-shelf.ts";
import type { PublishState } from "./publishing-state.ts";

/**
 * A month's publishing that is on its way: groups of accounts are made ahead of what is durable. A group is
 * noted once its files and those of all groups before it are on the disk, so that whoever goes on after a
 * crash begins behind files that are there.
 */
export class PublishingRun {
  readonly epoch: string;
  readonly shelf: EvidenceShelf;
  /** With all that was made. */
  readonly made: PublishState;
  #noted: PublishState;
  #settled: Promise<void> = Promise.resolve();
  /** Files of the newest group, which may not have been added. */
  #putting: Promise<void> = Promise.resolve();

  /** @param state as it is stored */
  constructor(epoch: string, shelf: EvidenceShelf, state: PublishState) {
    this.epoch = epoch;
    this.shelf = shelf;
    this.made = state;
    this.#noted = { ...state };
  }

  /** As it stands in the store. */
  get noted(): PublishState {
    return this.#noted;
  }

  isOf(epoch: string, shelf: EvidenceShelf, folder: string): boolean {
    return this.epoch === epoch && this.shelf === shelf && this.made.folder === folder;
  }

  /** @param note makes the groups up to here durable and notes this state of them; called in their order */
  add(note: (state: PublishState) => Promise<void>): void {
    const state = { ...this.made };
    this.#settled = this.#settled.then(async () => {
      await note(state);
      this.#noted = state;
    });
    // It is told to who waits for it.
    this.#settled.catch(() => {});
  }

  /** Files of a group are on their way, whatever becomes of the step that made them. */
  put(files: Promise<void>): void {
    this.#putting = files;
    files.catch(() => {});
  }

  /** @throws what ended the noting of a group; nothing behind it is noted then */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** Resolves once nothing is being put or noted any more, however it ended. */
  async ended(): Promise<void> {
    await Promise.allSettled([this.#settled, this.#putting]);
  }
}
