import type { FinalUnit } from "./charging-account.ts";
import type { CounterChange } from "./entry.ts";
import type { SessionUse, StatedQuantity } from "./session-use.ts";

/** A session's answers that are kept for a repeated request. */
export const ANSWERS_KEPT = 32;

/**
 * What a request is answered with. The results are those of RFC 8506, section 9: granted is
 * DIAMETER_SUCCESS (2001), credit-limit-reached 4012, locked is END_USER_SERVICE_DENIED (4010).
 */
export interface ChargingAnswer {
  session: string;
  /** CC-Request-Number. */
  request: number;
  result: "granted" | "credit-limit-reached" | "locked" | "committed" | "refunded";
  /** Granted-Service-Unit: from here on, beside what is used already. */
  granted?: StatedQuantity;
  /** Validity-Time: after this many seconds without a request the reservation is given back. */
  validitySeconds?: number;
  /** Final-Unit-Indication: with it, this grant is the last one that the balance pays. */
  finalUnit?: FinalUnit;
  /** Nano-units: the price of the whole session so far, what is held beside it, what is left. */
  chargedNano: string;
  reservedNano: string;
  balanceNano: string;
}

/**
 * - `open`: holds a reservation.
 * - `expired`: the reservation was given back, because nothing was heard; it can go on.
 * - `refused`: nothing could be granted at its first request; a later one may open it.
 * - `closed`: committed; only its charge can be refunded.
 */
export type SessionState = "open" | "expired" | "refused" | "closed";

export interface ChargingSession {
  readonly id: string;
  readonly account: string;
  readonly use: SessionUse;
  readonly tariffVersion: number;
  /** Beginning of the billing period of its start. */
  readonly period: number;
  state: SessionState;
  begun: boolean;
  /** All units used since its start, and those granted beside them. */
  used: bigint;
  granted: bigint;
  /** The price of all units used: what was debited. */
  spentNano: bigint;
  reservedNano: bigint;
  refundedNano: bigint;
  /** The same of whoever sponsors it; absent where nobody does. */
  sponsored?: { account: string; spentNano: bigint; reservedNano: bigint }[];
  counters: CounterChange[];
  held: CounterChange[];
  expiresAt: number;
  changedAt: number;
  lastRequest: number;
  answers: { request: number; asked: string; answer: ChargingAnswer }[];
}
