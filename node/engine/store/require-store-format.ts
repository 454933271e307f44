import { TallystickError } from "../../core/errors.ts";
import { keys } from "./key-spaces.ts";
import type { StoreReader } from "./store.ts";
import type { StoreSession } from "./store-session.ts";
import { getJson } from "./stored-json.ts";

/** Raised with every change after which an earlier program, or this one, would misread a store. */
export const STORE_FORMAT = 10;
/** What this one reads as well: since then blocks can hold charges that are no usage. */
const READABLE_FROM = 7;

/**
 * A fresh store, or one that this program reads as well, is marked with the format that it writes; one
 * of another format is left as it is. Stores from before there was a mark have books and no mark.
 * @throws TallystickError `store.other-format`
 */
export async function requireStoreFormat(session: StoreSession, firstBook: string): Promise<void> {
  const found = await session.get<number>(keys.node("store-format"));
  if (found === STORE_FORMAT) return;
  const isFresh = found === undefined && (await session.get(keys.book(firstBook))) === undefined;
  if (isFresh || isReadable(found)) {
    session.put(keys.node("store-format"), STORE_FORMAT);
    return;
  }
  throw otherFormat(found);
}

/**
 * For who only reads: what has no mark is read as far as it goes.
 * @throws TallystickError `store.other-format`
 */
export async function requireReadableFormat(store: StoreReader): Promise<void> {
  const found = await getJson<number>(store, keys.node("store-format"));
  if (found !== undefined && !isReadable(found)) throw otherFormat(found);
}

const isReadable = (found: number | undefined): boolean =>
  found !== undefined && found >= READABLE_FROM && found <= STORE_FORMAT;

const otherFormat = (found: number | undefined): TallystickError =>
  new TallystickError(
    "store.other-format",
    `The store was written by another version of the program (format ${found ?? "without a mark"}, this one reads ${STORE_FORMAT}); nothing was changed. Use that version, or take the source files in anew on an empty data folder.`,
  );
