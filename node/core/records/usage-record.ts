export const SERVICES = [
  "voice",
  "sms",
  "mms",
  "data",
  "energy",
  "time",
  "content",
  "event",
] as const;
export type Service = (typeof SERVICES)[number];

export const DIRECTIONS = ["none", "outgoing", "incoming", "forwarded"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/**
 * One normalised fact of use, the shape that `inspect` prints and every stage reads
 * (docs/COMMANDS.md). A field that the source does not give is absent, never zero or empty.
 */
export interface UsageRecord {
  /** Deduplication id: names the fact, stable over deliveries. At most 98 octets of UTF-8. */
  id: string;
  service: Service;
  /** Seen from the served party. */
  direction: Direction;
  /** Where this record's charging starts. UTC, ISO 8601, milliseconds. */
  start: string;
  /** Start of the session, for partial records. */
  sessionStart?: string;
  utcOffsetMinutes?: number;
  /** Seconds with the source's decimals, at most three. */
  durationSeconds?: number;
  uplinkOctets?: number | string;
  downlinkOctets?: number | string;
  totalOctets?: number | string;
  /** Decimal string. */
  energyWattHours?: string;
  units?: number;
  aParty?: string;
  bParty?: string;
  imsi?: string;
  deviceId?: string;
  homeNetwork?: string;
  visitedNetwork?: string;
  /** What the use was for, in the operator's words: "parking", "charging", an access point name. */
  application?: string;
  /** Class of service, in the operator's words. */
  quality?: string;
  /** Decimals, at most three: power and current while it was used, the session's time and energy before. */
  powerKilowatts?: number | string;
  currentAmperes?: number | string;
  sessionSeconds?: number | string;
  sessionWattHours?: number | string;
  sessionId?: string;
  sequence?: number;
  partial?: "first" | "intermediate" | "last";
  cause?: string;
  /** Follows the answer, not the duration: an answered call of 0 s is billable. */
  billable: boolean;
  declaredCharge?: { amount: string; currency: string };
  account?: string;
  /** Of the events that this record stands for: "0x" and 64 digits (docs/PROTOCOL.md, section 14). */
  eventsRoot?: string;
  source?: RecordSource;
}

export interface RecordSource {
  format: string;
  file: string;
  /** Counts from 1. */
  position: number;
  /** SHA-256 of the record's raw bytes, hexadecimal without prefix. */
  sha256: string;
  byteOffset?: number;
  byteLength?: number;
}
