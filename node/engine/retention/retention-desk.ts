import { assert } from "../../core/errors.ts";
import type { EngineContext } from "../operator.ts";
import { encodeJson } from "../store/stored-json.ts";
import type { OneAtATime } from "../store/turns.ts";
import { dropNotes, FIRST_NOTE } from "./drop-notes.ts";
import { dropRows } from "./drop-rows.ts";
import { planRetention, type RetentionLedger, type RetentionPlan } from "./plan-retention.ts";
import {
  erasedTo,
  isOver,
  nothingDropped,
  RETENTION_KEY,
  type RetentionState,
  readRetention,
  whatIsLeft,
} from "./retention-state.ts";
import { shredKeys } from "./shred-keys.ts";

/** What was done so far, and what is left. */
export interface RetentionProgress {
  /** The newest month that is over; absent while none is. */
  over?: string;
  /** Keys, rows, notes and published files of the months that are over are gone. */
  done: boolean;
  /** Charges and credits that were dropped, ever. */
  entriesDropped: number;
}

export interface RetentionDeskParts {
  context: EngineContext;
  ledger: RetentionLedger;
  turns: OneAtATime;
  /** Told once keys of these months are deleted: nobody is to keep them in memory. */
  forgetEpochs: (isOver: (epoch: string) => boolean) => void;
  /** One step of taking away what was published of such months. @returns whether nothing is left */
  eraseFiles: (isOver: (epoch: string) => boolean) => Promise<boolean>;
  /** How long a bill's month is kept at least after it is final; seconds. */
  afterSeconds: bigint;
}

/**
 * Shreds the keys and drops the charges of months whose bill can not be challenged any more. It goes in steps, each
 * one write: that a month is over is noted first, and from then on its evidence is refused; then keys go, then
 * notes of single records, rows and leaf digests, and last the published files. After a crash, or a node that was off, it goes on where it was. Between two steps others write.
 */
export class RetentionDesk {
  readonly #parts: RetentionDeskParts;

  constructor(parts: RetentionDeskParts) {
    this.#parts = parts;
  }

  /** What would go, and when; changes nothing. @throws TallystickError `ledger.unreachable` */
  plan(): Promise<RetentionPlan> {
    const { context, ledger, afterSeconds } = this.#parts;
    return planRetention(context, ledger, afterSeconds);
  }

  async progress(): Promise<RetentionProgress> {
    return progressOf(await readRetention(this.#parts.context.store));
  }

  /**
   * One step; until it is done. Files that can not be taken away keep no later month from being erased.
   * @throws TallystickError `ledger.unreachable`, nothing is begun then; `publish.not-erased`
   */
  async step(): Promise<RetentionProgress> {
    const state = await readRetention(this.#parts.context.store);
    const left = whatIsLeft(state);
    if (left === "nothing") return this.#begin();
    if (left === "store") {
      return this.#parts.turns.runBrief(async () => progressOf(await this.#stepOf(state.over)));
    }
    try {
      return progressOf(await this.#eraseFiles(state));
    } catch (error) {
      const after = await this.#begin();
      if (after.over === state.over) throw error;
      return after;
    }
  }

  async #eraseFiles(state: RetentionState): Promise<RetentionState> {
    const { context, turns, eraseFiles } = this.#parts;
    if (!(await eraseFiles((epoch) => isOver(state, epoch)))) return state;
    return turns.runBrief(async () => {
      const now = await readRetention(context.store);
      if (now.over !== state.over) return now;
      const { filesWait: _, ...after } = now;
      const value = encodeJson(after);
      await context.store.write([{ type: "put", key: RETENTION_KEY, value }]);
      return after;
    });
  }

  /** Notes which bills are final, and the months that go now. */
  async #begin(): Promise<RetentionProgress> {
    const { context, turns } = this.#parts;
    const { store, profile } = context;
    const { mayGo, bills } = await this.plan();
    return turns.runBrief(async () => {
      const state = await readRetention(store);
      const known = Object.keys(bills).every((epoch) => state.bills[epoch] !== undefined);
      if (known && mayGo === undefined) return progressOf(state);
      const { chargeBook, creditBook } = profile.agreement;
      const kept = Object.entries(bills).filter(
        ([epoch]) => !(mayGo !== undefined && epoch <= mayGo),
      );
      const after: RetentionState = {
        ...state,
        bills: Object.fromEntries(kept),
        books: {
          [chargeBook]: state.books[chargeBook] ?? nothingDropped(),
          [creditBook]: state.books[creditBook] ?? nothingDropped(),
        },
        ...(mayGo === undefined ? {} : begin(mayGo, state)),
      };
      if (mayGo === undefined) after.books = state.books;
      // From here on evidence of the month is refused, whatever of it is still there.
      await store.write([{ type: "put", key: RETENTION_KEY, value: encodeJson(after) }]);
      return progressOf(after);
    });
  }

  async #stepOf(over: string | undefined): Promise<RetentionState> {
    const { context, forgetEpochs } = this.#parts;
    const state = await readRetention(context.store);
    if (state.over !== over || whatIsLeft(state) !== "store") return state;
    if (state.shredFrom !== undefined) {
      const after = await shredKeys(context, state);
      forgetEpochs((epoch) => isOver(state, epoch));
      return after;
    }
    if (state.notesFrom !== undefined) return dropNotes(context, state);
    const open = Object.keys(state.books).find((book) => state.books[book]?.doneTo !== state.over);
    assert(open !== undefined, "a book is left to be looked at");
    return dropRows(context.store, state, open);
  }
}

/** All that is to be done for a month to go. */
function begin(over: string, state: RetentionState): Partial<RetentionState> {
  const before = erasedTo(state);
  return {
    over,
    shredFrom: "epoch/",
    notesFrom: FIRST_NOTE,
    filesWait: true,
    ...(before === undefined ? {} : { erasedBefore: before }),
  };
}

function progressOf(state: RetentionState): RetentionProgress {
  const { over, books } = state;
  return {
    ...(over === undefined ? {} : { over }),
    done: whatIsLeft(state) === "nothing",
    entriesDropped: Object.values(books).reduce((sum, { entries }) => sum + entries, 0),
  };
}
