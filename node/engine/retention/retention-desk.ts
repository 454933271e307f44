import { assert } from "../../core/errors.ts";
import type { EngineContext } from "../operator.ts";
import { encodeJson } from "../store/stored-json.ts";
import type { OneAtATime } from "../store/turns.ts";
import { dropRows } from "./drop-rows.ts";
import {
  isDone,
  planRetention,
  type RetentionLedger,
  type RetentionPlan,
} from "./plan-retention.ts";
import {
  isOver,
  nothingDropped,
  RETENTION_KEY,
  type RetentionState,
  readRetention,
} from "./retention-state.ts";
import { shredKeys } from "./shred-keys.ts";

/** What was done so far, and what is left. */
export interface RetentionProgress {
  /** The newest month that is over; absent while none is. */
  over?: string;
  /** Keys and rows of the months that are over are gone. */
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
  /** How long a bill's month is kept at least after it is final; seconds. */
  afterSeconds: bigint;
}

/**
 * Shreds the keys and drops the charges of months whose bill can not be challenged any more. It goes in steps, each
 * one write: that a month is over is noted first, and from then on its evidence is refused; then keys go, then rows
 * and leaf digests. After a crash, or a node that was off, it goes on where it was. Between two steps others write.
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

  /** One step; until it is done. @throws TallystickError `ledger.unreachable`; nothing is begun then */
  async step(): Promise<RetentionProgress> {
    const state = await readRetention(this.#parts.context.store);
    if (isDone(state)) return this.#begin();
    return this.#parts.turns.runBrief(async () => progressOf(await this.#stepOf(state.over)));
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
        ...(mayGo === undefined ? {} : { over: mayGo, shredFrom: "epoch/" }),
      };
      if (mayGo === undefined) after.books = state.books;
      // From here on evidence of the month is refused, whatever of it is still there.
      await store.write([{ type: "put", key: RETENTION_KEY, value: encodeJson(after) }], {
        durable: true,
      });
      return progressOf(after);
    });
  }

  async #stepOf(over: string | undefined): Promise<RetentionState> {
    const { context, forgetEpochs } = this.#parts;
    const state = await readRetention(context.store);
    if (state.over !== over || isDone(state)) return state;
    if (state.shredFrom !== undefined) {
      const after = await shredKeys(context, state);
      forgetEpochs((epoch) => isOver(state, epoch));
      return after;
    }
    const open = Object.keys(state.books).find((book) => state.books[book]?.doneTo !== state.over);
    assert(open !== undefined, "a book is left to be looked at");
    return dropRows(context.store, state, open);
  }
}

function progressOf(state: RetentionState): RetentionProgress {
  const { over, books } = state;
  return {
    ...(over === undefined ? {} : { over }),
    done: isDone(state),
    entriesDropped: Object.values(books).reduce((sum, { entries }) => sum + entries, 0),
  };
}
