import { z } from "zod";
import { DIRECTIONS, SERVICES } from "../records/usage-record.ts";
import { areas, classes, origins } from "./document-conditions.ts";
import { billingPeriod, plan, tax } from "./document-plans.ts";
import { tiers } from "./document-tiers.ts";
import {
  amount,
  count,
  currencyCode,
  documentRounding,
  exchange,
  instant,
  name,
  perUnits,
  rounding,
  unitName,
} from "./document-values.ts";

/*
 * The shape of a tariff document. It is strict: a key that is not understood is refused, because a
 * price condition that is silently ignored is a wrong price. docs/TARIFFS.md teaches it; what the
 * shape alone can not say is in check.ts.
 */

export const TARIFF_FORMAT = "tallystick-tariff-1";

/** Five years of calendar when the document names no end: the rows must be finite. */
export const CALENDAR_YEARS_DEFAULT = 5;

export const WEEKDAYS = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, "expected a time of day from 00:00 to 24:00");

const date = z
  .string()
  .regex(/^(\d{4}-)?\d{2}-\d{2}$/, "expected a date (2026-12-25), or one of every year (12-25)");

const fullDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "expected a date such as 2026-12-25");

const calendarTime = z
  .strictObject({
    days: z.array(z.enum(WEEKDAYS)).min(1).max(7).optional(),
    holidays: z.literal(true).optional().describe("Only on the calendar's holidays"),
    dates: z.array(date).min(1).max(400).optional(),
    since: fullDate.optional().describe("First date"),
    until: fullDate.optional().describe("The date before which it ends"),
    from: timeOfDay.optional(),
    to: timeOfDay.optional(),
  })
  .describe(
    "A part of the week or year; all that is given must hold. `to` and `until` are exclusive",
  );

const calendar = z
  .strictObject({
    holidays: z.array(date).max(1000).optional(),
    bands: z
      .array(z.strictObject({ name, when: z.array(calendarTime).min(1).max(100) }))
      .min(1)
      .max(100)
      .describe("The first band of the list that holds at a time is the band of that time"),
    otherwise: name.describe("The band of all other times"),
  })
  .describe("Time bands, read on a wall clock in the tariff's time zone");

const numbering = z
  .strictObject({
    countryCode: z.string().regex(/^[1-9]\d{0,2}$/),
    nationalPrefix: z
      .string()
      .regex(/^\d{0,3}$/)
      .describe('"0" in most of Europe, "" for none'),
    internationalPrefix: z
      .string()
      .regex(/^\d{1,5}$/)
      .describe('"00" in most of Europe'),
    bare: z
      .enum(["national", "international"])
      .optional()
      .describe("What a number with no prefix and no + is; national unless said otherwise"),
  })
  .describe("How numbers that are written without + become international ones");

const zone = z.strictObject({
  name,
  prefixes: z
    .array(z.string().regex(/^[0-9*#]{0,15}$/, "expected digits without +"))
    .min(1)
    .max(100_000)
    .describe('Leading international digits without +; "" is anywhere. The longest one counts'),
});

/**
 * "session": partial records of a session count as one use. "session-end": as "session", and only
 * the last of them is raised to whole increments. "period": all use of a device in a billing period.
 */
export const COUNTED = ["record", "session", "session-end", "period"] as const;

const price = z.strictObject({
  zones: z.array(name).min(1).max(100_000).optional().describe("Zones it is for; all when absent"),
  bands: z.array(name).min(1).max(101).optional().describe("Bands it is for; all when absent"),
  areas: z.array(name).min(1).max(1000).optional().describe("Areas it is for; all when absent"),
  origins: z.array(name).min(1).max(1000).optional().describe("Origins it is for; all when absent"),
  classes: z.array(name).min(1).max(201).optional().describe("Classes it is for; all when absent"),
  currency: currencyCode
    .optional()
    .describe("Of this price's amounts, converted by the exchange table; the tariff's unless said"),
  setUp: amount.optional().describe("Once for each charge"),
  price: perUnits.optional().describe("One price for all units; a price has this or tiers"),
  tiers: tiers.optional(),
  increments: z
    .strictObject({ first: count, further: count, unit: unitName })
    .optional()
    .describe("First and further billing increment; one unit where a service counts in units"),
  counted: z
    .enum(COUNTED)
    .optional()
    .describe("Over what increments are counted; each record by itself unless said"),
  chargedFrom: z
    .strictObject({ quantity: count, unit: unitName })
    .optional()
    .describe("A use that is shorter costs nothing at all; one that is not is charged whole"),
  minimum: amount.optional(),
  maximum: amount.optional(),
  rounding: rounding.optional(),
  setUpTaxCategory: name
    .optional()
    .describe("What taxes of the set-up fee are on, where it is taxed otherwise than the use"),
  taxCategory: name
    .optional()
    .describe("What taxes are on instead of the service, where one of them names it"),
  split: z.number().int().min(0).max(0xffff_ffff).optional().describe("The agreement's split; 1"),
});

const service = z.strictObject({
  service: z.enum(SERVICES),
  direction: z.enum(DIRECTIONS).optional().describe('"none" when absent'),
  zones: z
    .array(name)
    .min(1)
    .max(100_000)
    .optional()
    .describe("Zones by the other side's number; absent where the number does not matter"),
  bandsAt: z
    .enum(["session-start", "increment-start"])
    .optional()
    .describe("When the time band is looked up; once, at the session's start, unless said"),
  measure: z
    .literal("amount")
    .optional()
    .describe("Of content and events: the amount that the record declares is what is priced"),
  prices: z.array(price).min(1).max(100_000),
});

export const tariffDocumentSchema = z.strictObject({
  format: z.literal(TARIFF_FORMAT),
  name,
  description: z.string().max(2000).optional(),
  currency: currencyCode,
  timeZone: z.string().min(1).max(64).describe("IANA time zone, such as Europe/Berlin"),
  validFrom: instant,
  validTo: instant.optional().describe("Exclusive; open when absent"),
  calendarUntil: instant.optional().describe("Until when bands are laid down; five years"),
  numbering: numbering.optional(),
  rounding: documentRounding,
  exchange: exchange.optional(),
  calendar: calendar.optional(),
  zones: z.array(zone).max(100_000).optional(),
  areas: areas.optional(),
  origins: origins.optional(),
  classes: classes.optional(),
  services: z.array(service).min(1).max(100),
  billingPeriod: billingPeriod.optional(),
  plans: z.array(plan).max(1000).optional(),
  defaultPlan: name.optional().describe("The plan of accounts that name none"),
  taxes: z.array(tax).max(50).optional(),
});

export type TariffDocument = z.infer<typeof tariffDocumentSchema>;
export type TariffService = TariffDocument["services"][number];
export type TariffPrice = TariffService["prices"][number];
export type TariffCalendar = NonNullable<TariffDocument["calendar"]>;
export type CalendarTime = TariffCalendar["bands"][number]["when"][number];
export type TariffPlan = NonNullable<TariffDocument["plans"]>[number];
export type TariffTax = NonNullable<TariffDocument["taxes"]>[number];
export type TariffArea = NonNullable<TariffDocument["areas"]>[number];
export type TariffOrigin = NonNullable<TariffDocument["origins"]>[number];
export type TariffClasses = NonNullable<TariffDocument["classes"]>;
export type Numbering = NonNullable<TariffDocument["numbering"]>;

/** JSON Schema (2020-12) of the document, for editors and other programs. */
export function tariffJsonSchema(): object {
  return {
    title: "Tallystick tariff document",
    ...z.toJSONSchema(tariffDocumentSchema),
  };
}
