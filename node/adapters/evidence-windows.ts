import type { EvidenceTask } from "../engine/evidence/evidence-kernel.ts";
import type { LineListing, WindowPart } from "../engine/evidence/evidence-worker.ts";
import { type LineMemory, lineMemory } from "../engine/evidence/line-window.ts";
import type { LineList } from "../engine/evidence/list-lines.ts";
import { OneAtATime } from "../engine/store/turns.ts";

/** Lines of the first window, and of the largest: 316 bytes each, and some 60 of their heap. */
const LINES_MIN = 32_768;
const LINES_MAX = 1_048_576;
const GROWTH = 4;
/** Parts that a window is filled in, so that all threads fill the smallest one too; each takes whole blocks but at its ends. */
const PART_LINES = 16_384;

/** What of a window's work is done elsewhere. */
export interface WindowWork {
  list(listing: LineListing): Promise<LineList>;
  fill(part: WindowPart): Promise<Uint8Array>;
}

interface OpenWindow {
  epoch: string;
  accounts: ReadonlySet<string>;
  memory: LineMemory;
  /** Accounts that tasks asked for. */
  asked: number;
  /** Tasks that read it now. */
  readers: Set<Promise<unknown>>;
}

/**
 * Windows of lines ahead of tasks, which come in the order of accounts. As with what a disk reads ahead,
 * a window is larger the more of the one before was asked for: who publishes a whole month asks for
 * every account, who publishes again for few.
 */
export class EvidenceWindows {
  readonly #work: WindowWork;
  readonly #turns = new OneAtATime();
  #linesMax = 0;
  #open: OpenWindow | undefined;
  /** Used again: a window takes hundreds of megabytes. */
  #memory: LineMemory | undefined;

  constructor(work: WindowWork) {
    this.#work = work;
  }

  /** @param use of a window's memory that holds the task's lines; without one they are to be read */
  async with<T>(task: EvidenceTask, use: (memory?: LineMemory) => Promise<T>): Promise<T> {
    const using = await this.#turns.run(async () => {
      const window = await this.#windowFor(task);
      const used = use(window?.memory);
      if (window !== undefined) {
        window.asked += task.files.length;
        window.readers.add(used);
        const ended = () => window.readers.delete(used);
        used.then(ended, ended);
      }
      return { used };
    });
    return using.used;
  }

  async #windowFor({ epoch, files }: EvidenceTask): Promise<OpenWindow | undefined> {
    const open = this.#open;
    if (open?.epoch === epoch && files.every(({ account }) => open.accounts.has(account))) {
      return open;
    }
    const from = files[0]?.account;
    this.#grow();
    this.#open = undefined;
    // The first task may be the only one.
    if (this.#linesMax === 0 || from === undefined) {
      this.#linesMax = LINES_MIN / GROWTH;
      return undefined;
    }
    await Promise.allSettled([...(open?.readers ?? [])]);
    const { accounts, places } = await this.#work.list({ epoch, from, linesMax: this.#linesMax });
    const memory = lineMemory(places, this.#memory);
    this.#memory = memory;
    await this.#fill(memory);
    const window = {
      epoch,
      accounts: new Set(accounts),
      memory,
      asked: 0,
      readers: new Set<Promise<unknown>>(),
    };
    this.#open = window;
    return window;
  }

  #grow(): void {
    const open = this.#open;
    const isLittle = open !== undefined && open.asked < open.accounts.size / 2;
    if (this.#linesMax === 0) return;
    const lines = isLittle ? this.#linesMax / GROWTH : this.#linesMax * GROWTH;
    this.#linesMax = Math.max(LINES_MIN, Math.min(LINES_MAX, lines));
  }

  async #fill(memory: LineMemory): Promise<void> {
    const { length } = memory.places;
    const parts: Promise<Uint8Array>[] = [];
    for (let from = 0; from < length; from += PART_LINES) {
      const to = Math.min(length, from + PART_LINES);
      parts.push(this.#work.fill({ memory, from, to, heap: parts.length }));
    }
    memory.heaps = await Promise.all(parts);
  }
}
