import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { BookRecord } from "../commit/ledger.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { Store, StoreView } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { BookState, StoredBatch } from "../store/stored-types.ts";
import type { OneAtATime } from "../store/turns.ts";
import {
  type CheckProgress,
  checkStore,
  type SealReader,
  type StoreCheck,
  type StoreProblem,
  sealOfStored,
} from "./check-store.ts";
import { goBehind } from "./go-behind.ts";

export interface CheckDeskParts {
  store: Store;
  ledger: SealReader;
  turns: OneAtATime;
}

/**
 * Checks the store of a running node while files, commitments and bills go on: what is looked at is the store
 * as it was between two of their tasks, as somebody finds it who stopped the node there. One check runs at a
 * time, behind whoever has something to do; everybody may see how far it is.
 */
export class CheckDesk {
  readonly #parts: CheckDeskParts;
  #running: Promise<StoreCheck> | undefined;
  #last: { check: StoreCheck } | { error: unknown } | undefined;
  #now: CheckProgress = { stage: "values", done: 0 };
  #isStopped = false;

  constructor(parts: CheckDeskParts) {
    this.#parts = parts;
  }

  /** Begins a check, or joins the one that runs. @throws TallystickError `fsck.interrupted`, and as the ledger */
  run(): Promise<StoreCheck> {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /**
   * How far the check that runs is, else what the last one found; undefined when none was asked for.
   * @throws what ended the last one
   */
  outcome(): CheckProgress | StoreCheck | undefined {
    if (this.#running !== undefined) return this.#now;
    if (this.#last === undefined) return undefined;
    if ("error" in this.#last) throw this.#last.error;
    return this.#last.check;
  }

  /** Ends the one that runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.catch(() => {});
  }

  async #work(): Promise<StoreCheck> {
    this.#now = { stage: "values", done: 0 };
    try {
      const check = await this.#check();
      this.#last = { check };
      return check;
    } catch (error) {
      this.#last = { error };
      throw error;
    }
  }

  async #check(): Promise<StoreCheck> {
    const { store, turns } = this.#parts;
    // Before the view: a batch is stored before the ledger has it.
    const ledger = await this.#ledgerAsItIs();
    const view: StoreView = await turns.runBrief(() => store.view());
    try {
      const reader = goBehind(
        view,
        () => turns.isBusy,
        () => this.#requireOn(),
      );
      const check = await checkStore(reader, ledger, (progress) => {
        this.#now = progress;
      });
      return await this.#withoutWhatMoved(check);
    } finally {
      await view.letGo();
    }
  }

  /** The ledger, whose books stand where they stood now. */
  async #ledgerAsItIs(): Promise<SealReader> {
    const { store, ledger } = this.#parts;
    const books = new Map<Hex, BookRecord | undefined>();
    for await (const { value } of scanJson<BookState>(store, below("book/"))) {
      books.set(value.domain, await ledger.bookOf(value.domain));
    }
    return {
      bookOf: async (domain) => books.get(domain),
      sealOf: (domain, sequence) => ledger.sealOf(domain, sequence),
    };
  }

  /** A ledger that was repaired meanwhile has batches at other block times, which the store notes after it. */
  async #withoutWhatMoved(check: StoreCheck): Promise<StoreCheck> {
    const problems: StoreProblem[] = [];
    let { onLedger, waiting } = check;
    for (const problem of check.problems) {
      const stands = MAY_MOVE.includes(problem.code) ? await this.#standing(problem) : "elsewhere";
      if (stands === "elsewhere") problems.push(problem);
      else if (stands === "final") onLedger++;
      else waiting++;
    }
    return { ...check, problems, onLedger, waiting };
  }

  async #standing({ book, sequence }: StoreProblem): Promise<"final" | "waits" | "elsewhere"> {
    const { store, ledger } = this.#parts;
    const number = BigInt(sequence);
    const seal = await ledger.sealOf(book as Hex, number);
    const batch = await getJson<StoredBatch>(store, keys.batch(book, number));
    if (batch === undefined) return "elsewhere";
    if (batch.blockTime === undefined) return "waits";
    return seal === sealOfStored(batch) ? "final" : "elsewhere";
  }

  #requireOn(): void {
    if (!this.#isStopped) return;
    throw new TallystickError(
      "fsck.interrupted",
      "The node was stopped in the middle of the check. Ask for it again.",
    );
  }
}

const MAY_MOVE = ["fsck.not-on-ledger", "fsck.other-on-ledger"];
