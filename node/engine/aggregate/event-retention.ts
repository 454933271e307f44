import type { AggregationPolicy } from "../../core/aggregation/policy.ts";
import { readWindowName } from "./event-folder.ts";

const DAY = 86_400_000;

/**
 * Until when the events behind a window's charges are kept, milliseconds; without an end while its records
 * wait to be taken in. A record is billed with its month or the next open one, so at the latest by the end of
 * the month after that in which the node took it; from then on the bill can be challenged for the policy's
 * `challengeDays`. And as long as late events of the window are taken, they are compared with its own.
 * @param deliveredAt when the node took the last of the window's records
 */
export function eventsKeptUntil(
  policy: AggregationPolicy,
  name: string,
  deliveredAt: number | undefined,
): number {
  if (deliveredAt === undefined) return Number.POSITIVE_INFINITY;
  const { challengeDays, ageSecondsMax } = policy.document;
  const delivered = new Date(deliveredAt);
  const billed = Date.UTC(delivered.getUTCFullYear(), delivered.getUTCMonth() + 2, 1);
  const { window } = readWindowName(name);
  const compared = window + policy.windowMilliseconds + ageSecondsMax * 1000;
  return Math.max(billed + challengeDays * DAY, compared);
}
