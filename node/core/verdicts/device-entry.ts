import type { Direction, Service, UsageRecord } from "../records/usage-record.ts";

/** One entry of a device's own log, as far as it can speak for or against a bill line. */
export interface DeviceEntry {
  id: string;
  /** Which log it is from: each log speaks only for its own time. */
  log: string;
  service: Service;
  direction: Direction;
  /** When the call was dialled or began to ring; milliseconds since 1970 UTC. */
  startMs: number;
  durationSeconds?: number;
  /** The other party; absent when the log withholds it. */
  number?: string;
  /** False for a call that nobody answered. */
  answered: boolean;
  answeredElsewhere: boolean;
  /** Messages that one entry may stand for on a bill: segments of a long SMS. */
  units: number;
}

export function deviceEntry(record: UsageRecord, log: string): DeviceEntry {
  const number = record.direction === "outgoing" ? record.bParty : record.aParty;
  return {
    id: record.id,
    log,
    service: record.service,
    direction: record.direction,
    startMs: Date.parse(record.start),
    ...(record.durationSeconds === undefined ? {} : { durationSeconds: record.durationSeconds }),
    ...(number === undefined ? {} : { number }),
    answered: record.billable,
    answeredElsewhere: record.cause === "answeredElsewhere",
    units: record.service === "voice" ? 1 : Math.max(1, record.units ?? 1),
  };
}
