import { TallystickError } from "../../core/errors.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { getJson } from "../store/stored-json.ts";

/** How far a book's rows are dropped: whole batches, from its first one on. */
export interface DroppedRows {
  /** Of the newest batch whose rows are dropped. */
  sequence: string;
  /** Of the row behind that batch. */
  position: string;
  /** Where stored values of rows and tiles of leaves begin: what shares one with a kept batch is there still. */
  rowsFrom: string;
  leavesFrom: string;
  /** Charges or credits that were dropped. */
  entries: number;
  /** The month up to which all that can go is gone. */
  doneTo?: string;
}

/** When a month's bill became final, in both clocks of the ledger, and how long it can be challenged. */
export interface FinalBill {
  blockTime: string;
  /** At the first look after it, so never earlier. */
  ledgerTime: string;
  /** Of the agreement's windows, one after the other; in ledger time. */
  windowsSeconds: string;
  /** Since the bill's block: how long evidence of it can be demanded, and answered. */
  evidenceSeconds: string;
}

export interface RetentionState {
  /** The newest month whose retention is over; those before it are too. Noted before anything of it goes. */
  over?: string;
  /** The next key of `epoch/` that is looked at; absent once the keys of all months that are over are gone. */
  shredFrom?: string;
  /** The next key of single records' notes that is looked at; absent once those of such months are gone. */
  notesFrom?: string;
  /** Published evidence of such months may lie in some folder. */
  filesWait?: true;
  /** The newest month all of which was gone from the store when another one was begun. */
  erasedBefore?: string;
  books: Record<string, DroppedRows>;
  bills: Record<string, FinalBill>;
}

const KEY = keys.node("retention");

export async function readRetention(store: StoreReader): Promise<RetentionState> {
  return (await getJson<RetentionState>(store, KEY)) ?? { books: {}, bills: {} };
}

export const nothingDropped = (): DroppedRows => ({
  sequence: "0",
  position: "1",
  rowsFrom: "1",
  leavesFrom: "1",
  entries: 0,
});

export const isOver = ({ over }: RetentionState, epoch: string): boolean =>
  over !== undefined && epoch <= over;

/** Whether nothing of the months that are over is left in the store. */
const isStoreDone = ({ over, shredFrom, notesFrom, books }: RetentionState): boolean =>
  shredFrom === undefined &&
  notesFrom === undefined &&
  Object.values(books).every(({ doneTo }) => doneTo === over);

/** What is left to do of the months that are over. */
export function whatIsLeft(state: RetentionState): "store" | "files" | "nothing" {
  if (!isStoreDone(state)) return "store";
  return state.filesWait === true ? "files" : "nothing";
}

/** The newest month all of which is gone from the store. */
export const erasedTo = (state: RetentionState): string | undefined =>
  isStoreDone(state) ? state.over : state.erasedBefore;

/** Where the state stands, for who writes it together with what it speaks of. */
export const RETENTION_KEY = KEY;

/** @throws TallystickError `evidence.retention-over` of a month that is shredded, or is about to be */
export async function requireKept(store: StoreReader, epoch: string): Promise<void> {
  if (!isOver(await readRetention(store), epoch)) return;
  throw new TallystickError(
    "evidence.retention-over",
    `The retention of ${epoch} is over: the keys and charges of the month are erased. Its invoices are kept.`,
  );
}
