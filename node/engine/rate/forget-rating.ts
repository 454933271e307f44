import { billingEpoch } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { below, keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import { getJson } from "../store/stored-json.ts";
import type { OneAtATime } from "../store/turns.ts";
import type { AccountRating } from "./rate-accounts.ts";

/** Keys that one unit of work looks at. */
const KEYS_A_STEP = 20_000;

/**
 * Drops counters that no record reaches any more; between two steps others may write.
 * @param rating as it is at each step: versions of the tariff may come meanwhile
 */
export async function forgetRating(
  context: EngineContext,
  rating: () => AccountRating,
  turns: OneAtATime,
): Promise<void> {
  let place = await turns.run(() => beginForgetting(context, rating()));
  while (place !== undefined) {
    const from: ForgetPlace = place;
    place = await turns.run(() => forgetSome(context, rating(), from));
  }
}

/** Where the next step goes on. */
interface ForgetPlace {
  /** Periods that begin before this are dropped; milliseconds since 1970 UTC. */
  horizon: number;
  from: string;
}

/**
 * The first step of dropping counters and allowances of periods that no record can reach any more: they
 * are billed, what is older than the agreement's maximum record age is refused, and no later period has
 * anything left of them. The horizon is noted before anything goes: a record from behind it waits.
 * @returns undefined when there is nothing to drop
 */
async function beginForgetting(
  { store, profile, time }: EngineContext,
  rating: AccountRating,
): Promise<ForgetPlace | undefined> {
  const closed = await getJson<string>(store, keys.node("closed-epoch"));
  if (closed === undefined) return undefined;
  rating.closedUntil(billingEpoch(closed, profile.zone).toMilliseconds);
  const nowMilliseconds = Number(await time.seconds()) * 1000;
  const ageMilliseconds = Number(profile.agreement.maxRecordAgeSeconds) * 1000;
  const horizon = rating.reachableFrom(nowMilliseconds - ageMilliseconds);
  if (horizon === undefined) return undefined;
  const session = new StoreSession(store);
  const before = (await session.get<number>(keys.node("rating-from"))) ?? horizon;
  session.put(keys.node("rating-from"), Math.max(horizon, before));
  await session.commit();
  rating.forgottenBefore(Math.max(horizon, before));
  return { horizon: Math.max(horizon, before), from: below("rating/").from };
}

/** @returns undefined when all keys were looked at */
async function forgetSome(
  { store }: EngineContext,
  rating: AccountRating,
  { horizon, from }: ForgetPlace,
): Promise<ForgetPlace | undefined> {
  const session = new StoreSession(store);
  let last: string | undefined;
  let looked = 0;
  const { to } = below("rating/");
  for await (const { key } of store.scan({ from, to, limit: KEYS_A_STEP, keysOnly: true })) {
    looked += 1;
    last = key;
    const period = Number(key.slice(key.lastIndexOf("/") + 1));
    // What was granted once is of no period.
    if (period >= 0 && period < horizon) session.delete(key);
  }
  await session.commit();
  rating.forget();
  return last === undefined || looked < KEYS_A_STEP
    ? undefined
    : { horizon, from: `${last}\u0000` };
}

/** Where an earlier run has dropped up to; undefined where none did. */
export const forgottenUntil = ({ store }: EngineContext): Promise<number | undefined> =>
  getJson<number>(store, keys.node("rating-from"));
