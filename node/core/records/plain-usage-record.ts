import { parseUtcInstant } from "../rating/instant-number.ts";
import { RECORD_ID_OCTETS_MAX } from "./record-id.ts";
import { DIRECTIONS, SERVICES, type UsageRecord } from "./usage-record.ts";

const TEXT_MAX = 1_000;
const INSTANT_LENGTH = 24;
const OCTETS = /^(0|[1-9]\d{0,29})$/;
const DECIMAL = /^\d{1,30}(\.\d{1,30})?$/;
const DIGEST = /^[0-9a-f]{64}$/;
const ROOT = /^0x[0-9a-f]{64}$/;

type Check = (value: unknown) => boolean;

const isText: Check = (value) =>
  typeof value === "string" && value.length >= 1 && value.length <= TEXT_MAX;
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isOctets: Check = (value) =>
  typeof value === "string" ? OCTETS.test(value) : isCount(value);
const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === "string" && pattern.test(value);
const isOneOf = (values: readonly string[]): Check => {
  const known = new Set<unknown>(values);
  return (value) => known.has(value);
};
/** As `toISOString` writes it, so that it stays as it is. */
const isInstant: Check = (value) =>
  typeof value === "string" &&
  value.length === INSTANT_LENGTH &&
  !Number.isNaN(parseUtcInstant(value));

/** By field; what is not named here is for the schema to say. */
const FIELDS: Record<string, Check> = {
  id: isId,
  service: isOneOf(SERVICES),
  direction: isOneOf(DIRECTIONS),
  start: isInstant,
  sessionStart: isInstant,
  utcOffsetMinutes: (value) => Number.isInteger(value) && Math.abs(value as number) <= 900,
  durationSeconds: (value) => typeof value === "number" && value >= 0 && value <= 1e9,
  uplinkOctets: isOctets,
  downlinkOctets: isOctets,
  totalOctets: isOctets,
  energyWattHours: matches(DECIMAL),
  units: isCount,
  aParty: isText,
  bParty: isText,
  imsi: isText,
  deviceId: isText,
  homeNetwork: isText,
  visitedNetwork: isText,
  application: isText,
  quality: isText,
  sessionId: isText,
  sequence: isCount,
  partial: isOneOf(["first", "intermediate", "last"]),
  cause: isText,
  billable: (value) => typeof value === "boolean",
  account: isText,
  eventsRoot: matches(ROOT),
  source: isSource,
};
const SOURCE_FIELDS: Record<string, Check> = {
  format: (value) => typeof value === "string",
  file: (value) => typeof value === "string",
  position: (value) => isCount(value) && value !== 0,
  sha256: matches(DIGEST),
  byteOffset: isCount,
  byteLength: isCount,
};
const REQUIRED = ["id", "service", "direction", "start", "billable"] as const;
const SOURCE_REQUIRED = ["format", "file", "position", "sha256"] as const;

/**
 * The record that a value of JSON plainly is: the value itself, and what the schema of
 * read-usage-record.ts makes of it, at a sixth of its cost. Undefined for everything else, which may still
 * be a record; what is wrong with it is for the schema to say.
 */
export function plainUsageRecord(value: unknown): UsageRecord | undefined {
  return hasFields(value, FIELDS, REQUIRED) ? (value as unknown as UsageRecord) : undefined;
}

function hasFields(
  value: unknown,
  fields: Record<string, Check>,
  required: readonly string[],
): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const given = value as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name) || !(fields[name] as Check)(given[name])) return false;
  }
  for (const name of required) if (!Object.hasOwn(given, name)) return false;
  return true;
}

/** In ASCII, where an octet is a character. */
function isId(value: unknown): boolean {
  if (typeof value !== "string" || value.length === 0 || value.length > RECORD_ID_OCTETS_MAX) {
    return false;
  }
  for (let at = 0; at < value.length; at++) if (value.charCodeAt(at) >= 0x80) return false;
  return true;
}

function isSource(value: unknown): boolean {
  return hasFields(value, SOURCE_FIELDS, SOURCE_REQUIRED);
}
