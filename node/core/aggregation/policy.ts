import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { ZoneClock } from "../records/zone-clock.ts";

const HOUR = 3_600_000;
const QUARTER = 900_000;
export const WINDOW_MILLISECONDS = { hour: HOUR, day: 24 * HOUR } as const;

/** What of a charge's events is its quantity. */
export const EVENT_MEASURES = ["sum", "count", "minimum", "maximum", "last"] as const;
export type EventMeasure = (typeof EVENT_MEASURES)[number];

/** The services whose quantity can be made of events; a call or a session is none. */
export const AGGREGATED_SERVICES = [
  "event",
  "sms",
  "mms",
  "content",
  "energy",
  "data",
  "time",
] as const;

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):(00|15|30|45)$/, "expected a quarter of an hour");

const policySchema = z.strictObject({
  /** Part of every record's id, so that two policies never make the same. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,19}$/, "expected lower case letters, digits, hyphens"),
  service: z.enum(AGGREGATED_SERVICES),
  /** Events become one charge when they agree in all of these, and fall into the same window. */
  groupBy: z.array(z.enum(["device", "gateway", "slab"])).max(3),
  window: z.enum(["hour", "day"]),
  /** What of the events is charged: in units, milliwatt-hours, octets or milliseconds. */
  quantity: z.enum(EVENT_MEASURES),
  /** Parts of the day that have prices of their own; each begins at one of these times. */
  slabs: z.strictObject({ zone: z.string(), begin: z.array(timeOfDay).min(1).max(24) }).optional(),
  /** How long after a window's end its events are awaited; what comes later is charged apart. */
  awaitSeconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(900),
  /** Older events are refused: the agreement's maximum record age. */
  ageSecondsMax: z
    .int()
    .min(3600)
    .max(400 * 86_400)
    .default(30 * 86_400),
  /** How long a bill can be challenged; its events are kept until then. May be changed at any time. */
  challengeDays: z.int().min(1).max(3660).default(180),
});

export type PolicyDocument = z.infer<typeof policySchema>;

/** A policy that was checked, and where an event falls by it. */
export class AggregationPolicy {
  readonly document: PolicyDocument;
  readonly windowMilliseconds: number;
  readonly byDevice: boolean;
  readonly byGateway: boolean;
  readonly hasSlabs: boolean;
  readonly #slabBegins: number[];
  readonly #clock: ZoneClock | undefined;
  /** Slab by quarter of an hour: an hour of the city asks millions of times. */
  readonly #slabs = new Map<number, number>();

  /** @throws TallystickError `policy.wrong`, with the field; `zone.unknown` */
  constructor(document: unknown) {
    const result = policySchema.safeParse(document);
    if (!result.success) {
      const { field, says } = firstShapeProblem(result.error, document);
      throw new TallystickError(
        "policy.wrong",
        `The aggregation policy can not be used (${field || "whole"}): ${says}.`,
        { field },
      );
    }
    this.document = result.data;
    const { window, groupBy, slabs, quantity } = this.document;
    if (groupBy.includes("slab") !== (slabs !== undefined)) {
      throw new TallystickError(
        "policy.wrong",
        'Grouping by "slab" and the slabs themselves go together; give both or neither.',
        { field: "slabs" },
      );
    }
    const isAdded = quantity === "sum" || quantity === "count";
    if (!isAdded && !groupBy.includes("device") && !groupBy.includes("gateway")) {
      throw new TallystickError(
        "policy.wrong",
        `The ${quantity} is one device's or gateway's: group by either. Only sums and counts add up over the charges of all.`,
        { field: "groupBy" },
      );
    }
    this.windowMilliseconds = WINDOW_MILLISECONDS[window];
    this.byDevice = groupBy.includes("device");
    this.byGateway = groupBy.includes("gateway");
    this.hasSlabs = slabs !== undefined;
    this.#slabBegins = (slabs?.begin ?? []).map(minutesOf).sort((a, b) => a - b);
    this.#clock = slabs === undefined ? undefined : new ZoneClock(slabs.zone);
  }

  windowOf(time: number): number {
    return time - (time % this.windowMilliseconds);
  }

  /** Number of the slab in the order of the day; 0 where there are none. */
  slabOf(time: number): number {
    if (this.#clock === undefined) return 0;
    const quarter = Math.floor(time / QUARTER);
    const known = this.#slabs.get(quarter);
    if (known !== undefined) return known;
    if (this.#slabs.size > 100_000) this.#slabs.clear();
    const local = quarter * QUARTER + this.#clock.offsetAt(quarter * QUARTER);
    const minute = Math.floor(local / 60_000) % (24 * 60);
    const count = this.#slabBegins.filter((begin) => begin <= minute).length;
    // Before the day's first begin the last slab of the day before goes on.
    const slab = count === 0 ? this.#slabBegins.length - 1 : count - 1;
    this.#slabs.set(quarter, slab);
    return slab;
  }
}

function minutesOf(text: string): number {
  const [hours = "", minutes = ""] = text.split(":");
  return 60 * Number(hours) + Number(minutes);
}
