import { keys } from "./key-spaces.ts";
import { moveTotals } from "./move-totals.ts";
import type { EngineContext } from "./operator.ts";
import { StoreSession } from "./store-session.ts";
import type { DroppedRecord, SourceSeen, SuspendedRecord } from "./stored-types.ts";

/** Who decided, and why; both are kept with the record. */
export interface DropDecision {
  by: string;
  reason: string;
}

/**
 * A record that waited is never charged. It is kept with who decided it, when and why, counts as
 * dropped in the control totals, and is a duplicate when it comes again. One write: a crash leaves it
 * waiting, or dropped.
 * @returns false when it does not wait
 */
export async function dropRecord(
  context: EngineContext,
  recordId: string,
  { by, reason }: DropDecision,
): Promise<boolean> {
  const session = new StoreSession(context.store);
  const waiting = await session.get<SuspendedRecord>(keys.suspense(recordId));
  if (waiting === undefined) return false;
  const seconds = await context.time.seconds();
  const droppedAt = new Date(Number(seconds) * 1000).toISOString();
  session.delete(keys.suspense(recordId));
  session.put(keys.dropped(recordId), {
    ...waiting,
    droppedAt,
    by,
    reason,
  } satisfies DroppedRecord);
  const seen = await session.get<SourceSeen>(keys.source(recordId));
  const outcome = "dropped";
  if (seen !== undefined) session.put(keys.source(recordId), { ...seen, outcome });
  await moveTotals(session, waiting.counted, outcome);
  await session.commit();
  return true;
}
