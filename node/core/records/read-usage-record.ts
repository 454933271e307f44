import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { plainUsageRecord } from "./plain-usage-record.ts";
import { RECORD_ID_OCTETS_MAX } from "./record-id.ts";
import { DIRECTIONS, SERVICES, type UsageRecord } from "./usage-record.ts";

const text = z.string().min(1).max(1000);
const octets = z.union([
  z.int().nonnegative(),
  z.string().regex(/^(0|[1-9]\d{0,29})$/, "expected whole octets"),
]);
const measure = z.union([
  z.number().nonnegative().max(1e12),
  z.string().regex(/^\d{1,12}(\.\d{1,3})?$/, "expected a decimal number"),
]);
const decimal = z.string().regex(/^\d{1,30}(\.\d{1,30})?$/, "expected a decimal number");

/** Dates that do not exist are read by the platform as others that do. */
function isDate(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 19));
}

/** UTC with seconds; decimals of the second beyond milliseconds are refused, not rounded. */
const instant = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/,
    "expected UTC such as 2014-03-01T13:02:00.000Z",
  )
  .refine(isDate, "no such date")
  .transform((value) => new Date(value).toISOString());

/** The published shape (docs/COMMANDS.md). Fields that it does not name are kept. */
const usageRecord = z.looseObject({
  id: text.refine(
    (id) => new TextEncoder().encode(id).length <= RECORD_ID_OCTETS_MAX,
    `expected at most ${RECORD_ID_OCTETS_MAX} octets`,
  ),
  service: z.enum(SERVICES),
  direction: z.enum(DIRECTIONS),
  start: instant,
  sessionStart: instant.optional(),
  utcOffsetMinutes: z.int().min(-900).max(900).optional(),
  durationSeconds: z.number().nonnegative().max(1e9).optional(),
  uplinkOctets: octets.optional(),
  downlinkOctets: octets.optional(),
  totalOctets: octets.optional(),
  energyWattHours: decimal.optional(),
  units: z.int().nonnegative().optional(),
  aParty: text.optional(),
  bParty: text.optional(),
  imsi: text.optional(),
  deviceId: text.optional(),
  homeNetwork: text.optional(),
  visitedNetwork: text.optional(),
  application: text.optional(),
  quality: text.optional(),
  powerKilowatts: measure.optional(),
  currentAmperes: measure.optional(),
  sessionSeconds: measure.optional(),
  sessionWattHours: measure.optional(),
  sessionId: text.optional(),
  sequence: z.int().nonnegative().optional(),
  partial: z.enum(["first", "intermediate", "last"]).optional(),
  cause: text.optional(),
  billable: z.boolean(),
  declaredCharge: z.object({ amount: z.string(), currency: z.string() }).optional(),
  account: text.optional(),
  eventsRoot: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/, "expected 0x and 64 hexadecimal digits")
    .optional(),
  source: z
    .looseObject({
      format: z.string(),
      file: z.string(),
      position: z.int().positive(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      byteOffset: z.int().nonnegative().optional(),
      byteLength: z.int().nonnegative().optional(),
    })
    .optional(),
});

/** @throws TallystickError `usage.bad-record` with the field at fault */
export function readUsageRecord(value: unknown): UsageRecord {
  return plainUsageRecord(value) ?? readBySchema(value);
}

/** The same by the schema alone, which says what is wrong. */
export function readBySchema(value: unknown): UsageRecord {
  const result = usageRecord.safeParse(value);
  if (result.success) return result.data as UsageRecord;
  const { field, says } = firstShapeProblem(result.error, value);
  throw new TallystickError(
    "usage.bad-record",
    `The usage record can not be read${field === "" ? "" : ` (${field})`}: ${says}.`,
    field === "" ? {} : { field },
  );
}
