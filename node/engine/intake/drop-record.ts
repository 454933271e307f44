import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import { StoreSession } from "../store/store-session.ts";
import type { DroppedRecord, SourceSeen, SuspendedRecord } from "../store/stored-types.ts";
import { moveTotals } from "./move-totals.ts";
import { removeWaiting } from "./suspend-record.ts";

/** Who decided, and why; both are kept with the record. */
export interface DropDecision {
  by: string;
  reason: string;
}

/**
 * Records that waited are never charged. They are kept with who decided it, when and why, count as
 * dropped in the control totals, and are duplicates when they come again. One write: a crash leaves
 * all of them waiting, or dropped.
 * @returns the ids of those that waited
 */
export async function dropRecords(
  context: EngineContext,
  recordIds: readonly string[],
  decision: DropDecision,
): Promise<string[]> {
  const session = new StoreSession(context.store);
  const seconds = await context.time.seconds();
  const droppedAt = new Date(Number(seconds) * 1000).toISOString();
  await session.prefetch(recordIds.flatMap((id) => [keys.suspense(id), keys.source(id)]));
  const dropped: string[] = [];
  for (const id of recordIds) {
    if (await dropOne(session, id, { ...decision, droppedAt })) dropped.push(id);
  }
  await session.commit();
  return dropped;
}

async function dropOne(
  session: StoreSession,
  recordId: string,
  decision: DropDecision & { droppedAt: string },
): Promise<boolean> {
  const waiting = await session.get<SuspendedRecord>(keys.suspense(recordId));
  if (waiting === undefined) return false;
  removeWaiting(session, waiting);
  session.put(keys.dropped(recordId), {
    ...waiting,
    ...decision,
  } satisfies DroppedRecord);
  const seen = await session.get<SourceSeen>(keys.source(recordId));
  const outcome = "dropped";
  if (seen !== undefined) session.put(keys.source(recordId), { ...seen, outcome });
  await moveTotals(session, waiting.counted, outcome);
  return true;
}
