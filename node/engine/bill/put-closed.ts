import type { ClosedAccount } from "../../core/rating/account-closing.ts";
import { numberCharge } from "../number/number-charge.ts";
import {
  encodeEpoch,
  NEWEST_PLACES_MAX,
  settlePlaces,
  unpackEpoch,
} from "../number/stored-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { BookState, EpochState } from "../store/stored-types.ts";
import type { ClosedUnit, ClosingTask } from "./closing-kernel.ts";
import { type ClosingCredits, chargeOfLine, dueLines } from "./closing-lines.ts";
import { partOf } from "./joined-bytes.ts";

/** Puts a unit's charges, its accounts' states and what is to be credited into the unit of work. */
export async function putClosed(
  session: StoreSession,
  context: EngineContext,
  { epoch, ids, period }: ClosingTask,
  { rows, tiles, counts, charged, added, states, credited, credits }: ClosedUnit,
): Promise<void> {
  const domain = context.profile.agreement.chargeBook;
  const book = (await session.get<BookState>(keys.book(domain))) as BookState;
  let position = BigInt(book.pendingNext);
  const firsts: number[] = [];
  for (const [index, count] of counts.entries()) {
    session.putLasting(keys.rows(domain, position), partOf(rows, index) as Uint8Array);
    session.putLasting(keys.leaves(domain, position), partOf(tiles, index) as Uint8Array);
    firsts.push(Number(position));
    position += BigInt(count);
  }
  if (counts.length > 0) {
    session.put(keys.book(domain), { ...book, pendingNext: position.toString() });
  }
  for (const [index, of] of charged.entries()) {
    const account = ids[of] as string;
    const value = partOf(states, index) as Uint8Array;
    const key = keys.epoch(account, epoch, domain);
    const places = settlePlaces(value, added[index] as number, firsts);
    if (places <= NEWEST_PLACES_MAX) {
      session.putBytes(key, value);
      continue;
    }
    const state = unpackEpoch(key, value);
    const first = BigInt(state.lastChargeNumber - places + 1);
    session.put(keys.owned(account, epoch, domain, first), state.places);
    session.putBytes(key, encodeEpoch({ ...state, places: [] }));
  }
  for (const [index, of] of credited.entries()) {
    const key = keys.closingCredits(epoch, ids[of] as string, period.from);
    session.putBytes(key, partOf(credits, index) as Uint8Array);
  }
}

/** The same of an account with amounts that columns can not hold: each charge is a value of its own. */
export async function putAlone(
  session: StoreSession,
  context: EngineContext,
  { epoch, period, version }: ClosingTask,
  { account, lines }: ClosedAccount,
): Promise<void> {
  const { chargeBook } = context.profile.agreement;
  const { charges, credits, taxNano } = dueLines(lines);
  for (const charge of charges) {
    const unnumbered = chargeOfLine({ account, epoch, period }, version, charge);
    await numberCharge(session, context, chargeBook, unnumbered);
  }
  if (taxNano > 0n) {
    const key = keys.epoch(account, epoch, chargeBook);
    const state = (await session.get<EpochState>(key)) as EpochState;
    const before = BigInt(state.taxNano ?? "0");
    session.put(key, { ...state, taxNano: (before + taxNano).toString() } satisfies EpochState);
  }
  if (credits.length === 0) return;
  const value: ClosingCredits = { account, period, lines: credits };
  session.put(keys.closingCredits(epoch, account, period.from), value);
}
