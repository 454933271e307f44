import { z } from "zod";
import { DIRECTIONS, SERVICES } from "../records/usage-record.ts";
import { amount, count, name, percent, unitName } from "./document-values.ts";

/*
 * Plans: what an account pays beside its use, and what reduces what it pays. Rating by a plan needs
 * the account's counters, so only an account rater applies them (docs/TARIFFS.md, "Plans").
 */

const scope = z
  .enum(["device", "account", "pool"])
  .describe("Whose it is: each device's, the account's, or that of all accounts of a pool");

const use = z
  .strictObject({
    service: z.enum(SERVICES),
    direction: z.enum(DIRECTIONS).optional().describe("Any when absent"),
    zones: z.array(name).min(1).max(100_000).optional().describe("Any when absent"),
    bands: z.array(name).min(1).max(101).optional().describe("Any when absent"),
    areas: z.array(name).min(1).max(1000).optional().describe("Any when absent"),
    classes: z.array(name).min(1).max(201).optional().describe("Any when absent"),
    friends: z
      .literal(true)
      .optional()
      .describe("Only with numbers that the account lists as its friends"),
  })
  .describe("Which use is meant; all that is given must hold");
const uses = z.array(use).min(1).max(100).optional().describe("Every use when absent");

const units = z.strictObject({ quantity: count, unit: unitName });

const allowance = z
  .strictObject({
    name,
    scope,
    uses: z.array(use).min(1).max(100),
    units: units.optional().describe("Units that cost nothing; an allowance has these or money"),
    money: amount.optional().describe("An amount that charges are paid from, after discounts"),
    grantedPer: z
      .enum(["scope", "device"])
      .optional()
      .describe("Once for the whole scope, unless each of its devices brings as much"),
    burns: z
      .enum(["billed", "used"])
      .optional()
      .describe("Whole increments, unless what was really used"),
    priority: z.number().int().min(0).max(1000).optional().describe("Lowest first; 0"),
    granted: z
      .enum(["period", "once"])
      .optional()
      .describe("Anew for each period, unless once when the plan or device begins"),
    validDays: z
      .number()
      .int()
      .min(1)
      .max(36_525)
      .optional()
      .describe("Of what is granted once: for how many days; without an end unless said"),
    firstPeriod: z.enum(["whole", "prorated"]).optional().describe("By days; whole unless said"),
    rollover: z
      .strictObject({
        periods: z.number().int().min(1).max(36),
        cap: z.union([units, z.strictObject({ money: amount })]).optional(),
        used: z
          .literal("last")
          .optional()
          .describe(
            "After what the period grants; unless said, before it, since it expires sooner",
          ),
      })
      .optional()
      .describe("For how many more periods what is left can be used, and how much of it at most"),
    setUp: z
      .enum(["due", "covered"])
      .optional()
      .describe("Whether a set-up fee is due when all units are covered; due unless said"),
  })
  .describe("Units or money for each billing period");

const fee = {
  name,
  amount,
  per: z.enum(["account", "device"]),
};

const recurring = z
  .strictObject({
    ...fee,
    proration: z.enum(["by-day", "none"]).describe("Days of the plan or device in the period"),
    every: z.enum(["period", "day"]).optional().describe("How often; each period unless said"),
    due: z
      .enum(["held", "used"])
      .optional()
      .describe("For what is held, unless only for what was used in that period or on that day"),
  })
  .describe("For each billing period or day");

const limit = z
  .strictObject({
    name,
    uses,
    scope: z.enum(["device", "account"]).describe("Whose charges are summed"),
    per: z.enum(["session", "day", "period"]),
    minimum: amount.optional().describe("What is missing is charged at the period's end"),
    maximum: amount
      .optional()
      .describe("Of a session or day what is above is never charged; of a period it is credited"),
  })
  .describe("What the charges of a session, day or period come to at least and at most");

const itemDiscount = z
  .strictObject({ name, uses, percent })
  .describe("Off each charge, after its minimum and maximum, on what is left");

/** What a period's end adds beside use. */
const LINE_KINDS = ["recurring", "one-off", "period-end"] as const;

export const EVERYTHING = "everything";
const DISCOUNTABLE = [...SERVICES, ...LINE_KINDS, EVERYTHING] as const;

const periodDiscount = z
  .strictObject({
    name,
    services: z.array(z.enum(SERVICES)).min(1).optional().describe("Every service when absent"),
    of: z
      .array(z.enum(DISCOUNTABLE))
      .min(1)
      .max(DISCOUNTABLE.length)
      .optional()
      .describe("Instead of services: also the period's own lines, or everything"),
    fees: z
      .array(name)
      .min(1)
      .max(200)
      .optional()
      .describe("The plan's recurring and one-off fees of these names, and whatever of names"),
    percent: percent.optional(),
    amount: amount.optional(),
    ladder: z
      .array(z.strictObject({ from: amount, percent }))
      .min(1)
      .max(100)
      .optional()
      .describe("The percent of the last rung whose `from` the sum of what is named reaches"),
  })
  .describe("Off the period's charges, in listed order, each on what is left");

const sponsored = z
  .strictObject({
    name,
    uses,
    percent: percent.optional().describe("Of the charge; all of it unless said"),
    cap: amount.optional().describe("The most that the sponsor pays for the scope in a period"),
    capScope: z
      .enum(["device", "account", "sponsor"])
      .optional()
      .describe("Whose the cap is; each account's unless said"),
  })
  .describe("Use that another account pays: the one that the accounts file names as sponsor");

export const plan = z.strictObject({
  name,
  allowances: z.array(allowance).max(100).optional(),
  recurring: z.array(recurring).max(100).optional(),
  oneOff: z.array(z.strictObject(fee)).max(100).optional().describe("When the plan begins"),
  limits: z.array(limit).max(100).optional(),
  itemDiscounts: z.array(itemDiscount).max(100).optional(),
  sponsored: z.array(sponsored).max(100).optional(),
  periodDiscounts: z.array(periodDiscount).max(100).optional(),
  commitment: amount
    .optional()
    .describe("The least that a period comes to, net of discounts and before tax"),
});

export const billingPeriod = z
  .strictObject({
    every: z.enum(["day", "week", "month", "quarter", "year"]).describe("A week begins on Monday"),
    startDay: z.number().int().min(1).max(28).optional().describe("Of the month; 1"),
    startMonth: z
      .number()
      .int()
      .min(1)
      .max(12)
      .optional()
      .describe("In which a year, or one of the quarters, begins; 1"),
  })
  .describe("Calendar months in the tariff's time zone unless said");

/** What a tax can be on: services, and what a period's end adds. */
export const TAXABLE: readonly string[] = [...SERVICES, ...LINE_KINDS];

export const tax = z
  .strictObject({
    name,
    percent,
    of: z
      .array(name)
      .min(1)
      .max(1000)
      .optional()
      .describe(
        "Services, prices' tax categories, recurring, one-off or period-end; everything when absent",
      ),
    included: z.literal(true).optional().describe("The prices hold the tax already"),
  })
  .describe("At the period's end, on net");
