import type { Direction, Service } from "../records/usage-record.ts";

/**
 * One line of a bill, as it claims to be. A field that the bill does not show is absent.
 */
export interface BillLine {
  /** The bill's own name for the line. */
  line: string;
  /** Counts from 1. */
  position: number;
  /** Undefined for what is no use of a service that Tallystick knows (fees, discounts). */
  service?: Service;
  /** Bills that list only what they charge do not say; then both ways are possible. */
  direction?: Direction;
  /** As printed, in any notation; absent when withheld. The last digits may be masked ("49171xxx"). */
  otherParty?: string;
  start: BillTime;
  durationSeconds?: number;
  /** Started units that the bill counted: minutes for calls, messages for SMS. */
  billedUnits?: number;
  /** Seconds in one of `billedUnits`; absent where the bill does not say what it counts. */
  unitSeconds?: number;
  amountNano: bigint;
  currency: string;
}

/** A time as printed: with an offset it is an instant, without one the zone decides. */
export interface BillTime {
  /** What a clock showed, in milliseconds counted as if it were UTC. */
  localMs: number;
  offsetMinutes?: number;
  /** The zone of this line, where the bill states one line by line. */
  zone?: string;
  /** A time without seconds names a whole minute. */
  precisionSeconds: 1 | 60;
}
