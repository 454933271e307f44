import { SERVICE_CODE } from "../commitment/charge-groups.ts";
import { SERVICES } from "../records/usage-record.ts";

/** What columns say of a record, and what neither dedupe, guide nor rating by numbers ask of it. */
export const FIELDS = [
  "id",
  "service",
  "direction",
  "start",
  "billable",
  "sessionStart",
  "utcOffsetMinutes",
  "durationSeconds",
  "aParty",
  "bParty",
  "sessionId",
  "sequence",
  "cause",
  "source",
  "uplinkOctets",
  "downlinkOctets",
  "totalOctets",
  "energyWattHours",
  "units",
  "imsi",
  "deviceId",
  "partial",
  "homeNetwork",
  "visitedNetwork",
  "application",
  "quality",
  "account",
  "powerKilowatts",
  "currentAmperes",
  "sessionSeconds",
  "sessionWattHours",
] as const;
/** Their numbers: a set of them is a word of 32 bits. */
export const FIELD = {
  id: 0,
  service: 1,
  direction: 2,
  start: 3,
  billable: 4,
  sessionStart: 5,
  utcOffsetMinutes: 6,
  durationSeconds: 7,
  aParty: 8,
  bParty: 9,
  sessionId: 10,
  sequence: 11,
  cause: 12,
  source: 13,
  uplinkOctets: 14,
  downlinkOctets: 15,
  totalOctets: 16,
  energyWattHours: 17,
  units: 18,
  imsi: 19,
  deviceId: 20,
  partial: 21,
  homeNetwork: 22,
  visitedNetwork: 23,
  application: 24,
  quality: 25,
  account: 26,
  powerKilowatts: 27,
  currentAmperes: 28,
  sessionSeconds: 29,
  sessionWattHours: 30,
} as const satisfies Record<(typeof FIELDS)[number], number>;
/** The first five. */
export const REQUIRED = 0b11111;
export const SOURCE_FIELDS = [
  "format",
  "file",
  "position",
  "sha256",
  "byteOffset",
  "byteLength",
] as const;
export const SOURCE = {
  format: 0,
  file: 1,
  position: 2,
  sha256: 3,
  byteOffset: 4,
  byteLength: 5,
} as const satisfies Record<(typeof SOURCE_FIELDS)[number], number>;
/** The first four. */
export const SOURCE_REQUIRED = 0b1111;

export const UPLINK = 1 << FIELD.uplinkOctets;
export const DOWNLINK = 1 << FIELD.downlinkOctets;
export const TOTAL = 1 << FIELD.totalOctets;
const ENERGY = 1 << FIELD.energyWattHours;
const UNITS = 1 << FIELD.units;
export const OCTETS = UPLINK | DOWNLINK | TOTAL;
export const MEASURES = OCTETS | ENERGY | UNITS;
/** Those of which a service has one. */
export const MEASURE = TOTAL | ENERGY | UNITS;
/** What a plain record of a service may measure beside its duration, by the service's code. */
export const MEASURES_OF: readonly number[] = SERVICES.reduce<number[]>((allowed, name) => {
  const isTimed = name === "voice" || name === "time";
  const one = { data: OCTETS, energy: ENERGY }[name as string] ?? (isTimed ? 0 : UNITS);
  allowed[SERVICE_CODE[name]] = one;
  return allowed;
}, []);
