import type { Pricers } from "./answer-session.ts";
import type { ChargingSession } from "./charging-session.ts";
import type { ChargingState } from "./charging-state.ts";
import type { Entry } from "./entry.ts";
import { sessionRecord } from "./session-record.ts";

export interface Retention {
  /** How long an expired session can go on before it ends with what it had reported. */
  endAfterMilliseconds: number;
  /** How long the answers of an ended session are known, and its charge can be refunded. */
  forgetAfterMilliseconds: number;
  /** How long where there are more sessions than `sessionsMax`: the memory of a busy node is bounded. */
  forgetCrowdedAfterMilliseconds: number;
  sessionsMax: number;
}

export const RETENTION: Retention = {
  endAfterMilliseconds: 24 * 3_600_000,
  forgetAfterMilliseconds: 3_600_000,
  // Longer than a gateway repeats a request without an answer (Tx of RFC 8506, section 13: 10 seconds).
  forgetCrowdedAfterMilliseconds: 60_000,
  sessionsMax: 1_000_000,
};

/**
 * What time does to a session, or undefined. A reservation that nobody renewed is given back after
 * twice its validity (Tcc of RFC 8506, section 13); the session itself goes on when it is heard of.
 */
export function dueEntry(
  state: ChargingState,
  pricers: Pricers,
  session: ChargingSession,
  at: number,
  retention: Retention,
): Entry | undefined {
  const { id, changedAt } = session;
  switch (session.state) {
    case "open":
      if (session.expiresAt > at) return undefined;
      return { type: "reservation-expired", at, session: id };
    case "expired":
      if (changedAt + retention.endAfterMilliseconds > at) return undefined;
      return { type: "session-ended", at, session: id, ...recordOf(state, pricers, session) };
    default:
      if (changedAt + forgetAfter(state, retention) > at) return undefined;
      return { type: "session-forgotten", at, session: id };
  }
}

function forgetAfter({ sessions }: ChargingState, retention: Retention): number {
  const { forgetAfterMilliseconds, forgetCrowdedAfterMilliseconds, sessionsMax } = retention;
  return sessions.size > sessionsMax
    ? Math.min(forgetAfterMilliseconds, forgetCrowdedAfterMilliseconds)
    : forgetAfterMilliseconds;
}

function recordOf(
  state: ChargingState,
  pricers: Pricers,
  session: ChargingSession,
): { record?: ReturnType<typeof sessionRecord> } {
  if (!session.begun) return {};
  const { used, counters, tariffVersion } = session;
  const price = pricers.ofVersion(tariffVersion).price(session, used, state.used, counters);
  // What was debited is what the subscriber was told.
  const record = sessionRecord(session, used, price, pricers.currency);
  return { record: { ...record, amountNano: session.spentNano.toString() } };
}
