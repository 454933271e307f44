import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { readAccountPlaces } from "./account-facts.ts";
import { placeOf } from "./line-window.ts";

const ACCOUNTS_AT_ONCE = 1_024;

/** Accounts that follow each other in the order of ids, and where their lines of an epoch stand. */
export interface LineList {
  accounts: string[];
  /** Ascending. */
  places: Float64Array;
}

/**
 * @param from the first account
 * @param linesMax of all accounts together; one account may go beyond
 * @param linesEachMax accounts with more are passed over
 */
export async function listLines(
  context: EngineContext,
  epoch: string,
  from: string,
  { linesMax, linesEachMax }: { linesMax: number; linesEachMax: number },
): Promise<LineList> {
  const { chargeBook } = context.profile.agreement;
  const accounts: string[] = [];
  const places = new Float64Array(linesMax + linesEachMax);
  let count = 0;
  let next: string | undefined = keys.account(from);
  while (next !== undefined && count < linesMax) {
    const page: string[] = await accountsFrom(context, next);
    // No id begins with a space: the first key behind the account's own.
    next = page.length < ACCOUNTS_AT_ONCE ? undefined : `${keys.account(page.at(-1) ?? "")} `;
    for (const one of await readAccountPlaces(context, page, epoch, chargeBook)) {
      if (count >= linesMax) break;
      if (one.places.length / 2 > linesEachMax) continue;
      accounts.push(one.account);
      for (let at = 0; at < one.places.length; at += 2) {
        places[count++] = placeOf(one.places[at] as number, one.places[at + 1] as number);
      }
    }
  }
  return { accounts, places: places.slice(0, count).sort() };
}

async function accountsFrom({ store }: EngineContext, from: string): Promise<string[]> {
  const range = { from, to: below("account/").to, limit: ACCOUNTS_AT_ONCE, keysOnly: true };
  const ids: string[] = [];
  for await (const { key } of store.scan(range)) ids.push(key.slice("account/".length));
  return ids;
}
