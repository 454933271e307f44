import type { UsageRecord } from "../../core/records/usage-record.ts";
import type { Wait } from "../rate/price-use.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { CountedUse, SuspendedRecord } from "../store/stored-types.ts";

/**
 * Has a record wait, with its reason, in the session's unit of work.
 * @param counted where control totals count it, which no correction changes
 * @param nowSeconds the ledger's time
 */
export function suspendRecord(
  session: StoreSession,
  record: UsageRecord,
  { code, message }: Wait,
  nowSeconds: bigint,
  counted: CountedUse,
): "suspended" {
  const since = new Date(Number(nowSeconds) * 1000).toISOString();
  putWaiting(session, { record, code, message, since, counted });
  return "suspended";
}

/** With its place by age, so that whoever seals finds the oldest without reading all. */
export function putWaiting(session: StoreSession, waiting: SuspendedRecord): void {
  session.put(keys.suspense(waiting.record.id), waiting);
  session.put(placeByAge(waiting), true);
}

export function removeWaiting(session: StoreSession, waiting: SuspendedRecord): void {
  session.delete(keys.suspense(waiting.record.id));
  session.delete(placeByAge(waiting));
}

const placeByAge = ({ record }: SuspendedRecord): string =>
  keys.suspenseStart(Date.parse(record.start), record.id);
