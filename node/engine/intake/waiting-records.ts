import { readUsageRecord } from "../../core/records/read-usage-record.ts";
import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { StoreSession } from "../store/store-session.ts";
import { scanJson } from "../store/stored-json.ts";
import type { SuspendedRecord } from "../store/stored-types.ts";
import { putWaiting, removeWaiting } from "./suspend-record.ts";

/** All records that wait in suspense. */
export async function waitingRecords(store: Store): Promise<SuspendedRecord[]> {
  const waiting: SuspendedRecord[] = [];
  for await (const { value } of scanJson<SuspendedRecord>(store, below("suspense/"))) {
    waiting.push(value);
  }
  return waiting;
}

/**
 * In the engine's turn: changes one of them before it is rated again.
 * @returns false when it does not wait
 * @throws TallystickError `usage.bad-record` when the change makes it no usage record
 */
export async function changeWaiting(
  store: Store,
  recordId: string,
  change: Partial<SuspendedRecord["record"]>,
): Promise<boolean> {
  const session = new StoreSession(store);
  const waiting = await session.get<SuspendedRecord>(keys.suspense(recordId));
  if (waiting === undefined) return false;
  const record = readUsageRecord({ ...waiting.record, ...change, id: waiting.record.id });
  removeWaiting(session, waiting);
  putWaiting(session, { ...waiting, record });
  await session.commit();
  return true;
}
