import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { parseStrictJson } from "../json/strict-json.ts";
import { DIRECTIONS, type Direction, SERVICES, type UsageRecord } from "../records/usage-record.ts";

/** A line of what `inspect` prints, as rating reads it. */
export type UsageLine =
  | { kind: "usage"; record: UsageRecord }
  /** A line about a file, or a record that was rejected before: handed on as it is. */
  | { kind: "other"; value: Record<string, unknown> }
  | { kind: "unusable"; code: string; message: string };

/** Anything that rating does not read passes, and so does a field of a later version. */
const usageSchema = z.looseObject({
  id: z.string().min(1).max(1000),
  service: z.enum(SERVICES),
  direction: z.enum(DIRECTIONS).optional(),
  start: z.string(),
  sessionStart: z.string().optional(),
  durationSeconds: z.union([z.number(), z.string()]).optional(),
  uplinkOctets: z.union([z.number(), z.string()]).optional(),
  downlinkOctets: z.union([z.number(), z.string()]).optional(),
  totalOctets: z.union([z.number(), z.string()]).optional(),
  energyWattHours: z.union([z.number(), z.string()]).optional(),
  units: z.union([z.number(), z.string()]).optional(),
  aParty: z.string().max(200).optional(),
  bParty: z.string().max(200).optional(),
  imsi: z.string().max(200).optional(),
  deviceId: z.string().max(1000).optional(),
  homeNetwork: z.string().max(20).optional(),
  visitedNetwork: z.string().max(20).optional(),
  application: z.string().max(200).optional(),
  quality: z.string().max(200).optional(),
  powerKilowatts: z.union([z.number(), z.string()]).optional(),
  currentAmperes: z.union([z.number(), z.string()]).optional(),
  sessionSeconds: z.union([z.number(), z.string()]).optional(),
  sessionWattHours: z.union([z.number(), z.string()]).optional(),
  declaredCharge: z
    .looseObject({ amount: z.string().max(100), currency: z.string().max(3) })
    .optional(),
  account: z.string().max(1000).optional(),
  sessionId: z.string().max(1000).optional(),
  partial: z.enum(["first", "intermediate", "last"]).optional(),
  billable: z.boolean().optional(),
});

export const LINE_TOO_LONG = "The line is longer than a record can be.";

const PASSED_ON = ["file", "rejected", "error", "summary"];

/** Records that leave out what is usual: calls and messages go out, and a record is billable. */
export function readUsageLine(text: string): UsageLine {
  let value: unknown;
  try {
    value = parseStrictJson(text);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    if (error.code !== "json.malformed") {
      return { kind: "unusable", code: error.code, message: error.message };
    }
    return {
      kind: "unusable",
      code: "usage.not-json",
      message:
        'The line is no JSON. Other formats become usage records with "tallystick inspect --json".',
    };
  }
  if (typeof value === "object" && value !== null && !("service" in value)) {
    if (PASSED_ON.some((key) => key in value)) {
      return { kind: "other", value: value as Record<string, unknown> };
    }
  }
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) {
    const { field, says } = firstShapeProblem(parsed.error, value);
    return {
      kind: "unusable",
      code: "usage.wrong-shape",
      message: `The line is no usage record: ${field || "line"}: ${says}.`,
    };
  }
  const record = {
    ...parsed.data,
    direction: parsed.data.direction ?? usualDirection(parsed.data.service),
    billable: parsed.data.billable ?? true,
  };
  return { kind: "usage", record: record as UsageRecord };
}

function usualDirection(service: UsageRecord["service"]): Direction {
  return service === "voice" || service === "sms" || service === "mms" ? "outgoing" : "none";
}
