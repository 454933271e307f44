import type { Hex } from "../../core/bytes.ts";
import { billingEpoch, epochOfInstant } from "../bill/billing-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { below } from "../store/key-spaces.ts";
import type { StoreOperation } from "../store/store.ts";
import { encodeJson, readJson } from "../store/stored-json.ts";
import type { EpochState } from "../store/stored-types.ts";
import { isOver, RETENTION_KEY, type RetentionState } from "./retention-state.ts";

/** Keys of subscribers that one step looks at, and operations that it writes. */
const LOOKED_MAX = 20_000;
const OPERATIONS_MAX = 8_192;

/** What is kept of a subscriber's month, for its invoice: all but what opens charges. */
export type KeptEpoch = Omit<EpochState, "epochKey" | "places" | "taxNano">;

/**
 * One step of shredding the keys of months that are over, of some subscribers: the epoch's key goes with where its
 * charges stand, and what the invoice rests on (pseudonym, blind, dispute address, last number and total) is
 * written under another name in the same write. When all are gone, the keys of traffic months that no charge
 * is left of go too. A crash leaves a step undone or done.
 */
export async function shredKeys(
  context: EngineContext,
  state: RetentionState,
): Promise<RetentionState> {
  const { store } = context;
  const range = below("epoch/");
  const operations: StoreOperation[] = [];
  const going: string[] = [];
  let looked = 0;
  let next: string | undefined;
  const from = state.shredFrom ?? range.from;
  for await (const { key } of store.scan({ from, to: range.to, keysOnly: true })) {
    if (looked === LOOKED_MAX || operations.length >= OPERATIONS_MAX) {
      next = key;
      break;
    }
    looked++;
    const [, account = "", epoch = "", domain = ""] = key.split("/");
    if (!isOver(state, epoch)) continue;
    const lists = { ...below(`owned/${account}/${epoch}/${domain}/`), keysOnly: true };
    for await (const { key: list } of store.scan({ ...lists, limit: OPERATIONS_MAX })) {
      operations.push({ type: "delete", key: list });
    }
    // Of a subscriber with that many charges the lists go first, some at a time.
    if (operations.length >= OPERATIONS_MAX) {
      next = key;
      break;
    }
    going.push(key);
    operations.push({ type: "delete", key });
  }
  const values = await store.getMany(going);
  for (const [at, key] of going.entries()) {
    const value = values[at];
    if (value === undefined) continue;
    const { epochKey: _, places: __, taxNano: ___, ...kept } = readJson<EpochState>(key, value);
    operations.push({ type: "put", key: key.replace(/^epoch/, "kept"), value: encodeJson(kept) });
  }
  const { shredFrom: _, ...rest } = state;
  if (next === undefined) operations.push(...(await monthKeys(context, state)));
  const after = next === undefined ? rest : { ...rest, shredFrom: next };
  operations.push({ type: "put", key: RETENTION_KEY, value: encodeJson(after) });
  await store.write(operations);
  return after;
}

/** Of traffic months whose last record, taken in as late as may be, was billed in a month that is over. */
async function monthKeys(
  { store, profile }: EngineContext,
  state: RetentionState,
): Promise<StoreOperation[]> {
  const { chargeBook, creditBook, maxRecordAgeSeconds } = profile.agreement;
  const going: StoreOperation[] = [];
  for (const domain of [chargeBook, creditBook] satisfies Hex[]) {
    const range = { ...below(`month-key/${domain}/`), keysOnly: true };
    for await (const { key } of store.scan(range)) {
      const month = key.slice(key.lastIndexOf("/") + 1);
      const end = billingEpoch(month, "UTC").toMilliseconds;
      const latest = epochOfInstant(end + 1000 * Number(maxRecordAgeSeconds), profile.zone);
      if (isOver(state, latest)) going.push({ type: "delete", key });
    }
  }
  return going;
}
