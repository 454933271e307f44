import { epochPayload, lastChargeNumberIn } from "../number/stored-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { isBytes } from "../store/stored-bytes.ts";
import { readJson } from "../store/stored-json.ts";
import type { EpochState } from "../store/stored-types.ts";
import { type BillPlan, type BillState, billUnit } from "./bill-state.ts";

/** Accounts whose counters are read in one step of planning. */
const PLANNED_AT_ONCE = 16_384;
/** Of them, those whose values are held at a time: more would be garbage that is collected late. */
const READ_AT_ONCE = 1_024;

/**
 * One step of planning: the next accounts, those with charges in buckets of about as many charges each,
 * in the order of their keys.
 */
export async function planSome(
  context: EngineContext,
  epoch: string,
  { plan, state }: { plan: BillPlan; state: BillState },
): Promise<{ plan: BillPlan; state: BillState }> {
  const { store, profile } = context;
  const unit = billUnit(context);
  const { after, charges: before } = state.planned ?? { after: "", charges: unit };
  const accounts = await accountsAfter(store, after, PLANNED_AT_ONCE);
  const names = accounts.map((account) => keys.epoch(account, epoch, profile.agreement.chargeBook));
  const buckets = [...plan.buckets];
  let billed = plan.accounts;
  let charges = before;
  for (let from = 0; from < names.length; from += READ_AT_ONCE) {
    const some = names.slice(from, from + READ_AT_ONCE);
    for (const [at, value] of (await store.getMany(some)).entries()) {
      if (value === undefined) continue;
      if (charges >= unit) {
        buckets.push({ first: accounts[from + at] as string, ordinal: billed });
        charges = 0;
      }
      charges += chargesIn(some[at] as string, value);
      billed++;
    }
  }
  const last = accounts.at(-1);
  const next = { ...plan, buckets, accounts: billed };
  const { planned: _, ...rest } = state;
  if (last !== undefined && accounts.length === PLANNED_AT_ONCE) {
    const planned = { after: last, charges };
    return { plan: next, state: { ...rest, index: state.index + 1, planned } };
  }
  if (billed > 0) return { plan: next, state: { ...rest, phase: "gather", index: 0 } };
  // Where nothing is gathered, nothing is learnt of later periods either.
  const later = Object.fromEntries(plan.books.map(({ domain, from }) => [domain, from]));
  return { plan: next, state: { ...rest, phase: "append", index: 0, later } };
}

/** How many charges a subscriber's state counts, without reading the rest of it. */
function chargesIn(key: string, value: Uint8Array): number {
  if (isBytes(value)) return lastChargeNumberIn(epochPayload(key, value));
  return Number(readJson<EpochState>(key, value).lastChargeNumber);
}

/** Accounts behind one in the order of their keys, at most `limit`. */
export async function accountsAfter(store: Store, after: string, limit: number): Promise<string[]> {
  return accountsIn(store, { ...behind(after), limit });
}

function behind(account: string): { from: string; to: string } {
  // No id begins with a space: the first key behind the account's own.
  const from = account === "" ? "account/" : `${keys.account(account)} `;
  return { from, to: below("account/").to };
}

/** The same with their stored values. */
export async function storedAccountsAfter(
  store: Store,
  after: string,
  limit: number,
): Promise<{ ids: string[]; values: Uint8Array[] }> {
  const ids: string[] = [];
  const values: Uint8Array[] = [];
  for await (const { key, value } of store.scan({ ...behind(after), limit })) {
    ids.push(key.slice("account/".length));
    values.push(value);
  }
  return { ids, values };
}

export async function countAccounts(store: Store): Promise<number> {
  let count = 0;
  for await (const _ of store.scan({ ...below("account/"), keysOnly: true })) count++;
  return count;
}

/** Accounts from one up to another (not with it), or to the last. */
export function accountsBetween(
  store: Store,
  first: string,
  next: string | undefined,
): Promise<string[]> {
  const to = next === undefined ? below("account/").to : keys.account(next);
  return accountsIn(store, { from: keys.account(first), to });
}

async function accountsIn(
  store: Store,
  range: { from: string; to: string; limit?: number },
): Promise<string[]> {
  const accounts: string[] = [];
  for await (const { key } of store.scan({ ...range, keysOnly: true })) {
    accounts.push(key.slice("account/".length));
  }
  return accounts;
}
