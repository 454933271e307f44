import { z } from "zod";
import { amount, count, name, perUnits, unitName } from "./document-values.ts";

export const TIER_KINDS = ["graduated", "package", "volume", "stair-step"] as const;
export type TierKind = (typeof TIER_KINDS)[number];

/** Whose running quantity decides the tier; "session" is the record's own quantity. */
export const TIER_SCOPES = ["session", "device", "account", "pool"] as const;

const step = z.strictObject({
  upTo: count.optional().describe("Last unit of the tier, in the tiers' unit; the last has none"),
  price: perUnits.optional(),
  package: perUnits
    .optional()
    .describe("Instead of a price: whole packages of so many units, each when its first is used"),
  fee: amount
    .optional()
    .describe(
      "Flat, for the tier, alone or beside its price: with its first unit where graduated, else " +
        "at the period's end",
    ),
  increments: z
    .strictObject({ first: count, further: count, unit: unitName })
    .optional()
    .describe("Increments from this tier on; over a session only"),
});

export const tiers = z
  .strictObject({
    kind: z
      .enum(TIER_KINDS)
      .describe(
        "graduated: each unit at the price of its tier. package: whole packages, when begun. " +
          "volume: all of a period's units at the price of the tier that their sum reaches. " +
          "stair-step: the fee of that tier",
      ),
    over: z
      .enum(TIER_SCOPES)
      .describe("Whose running quantity decides: the record's own, or a counter of the period"),
    counter: name
      .optional()
      .describe(
        "Prices that name the same counter move it together; one for each price unless said",
      ),
    window: z
      .strictObject({
        quantity: z.number().int().min(1).max(86_400),
        unit: z.enum(["s", "min", "h"]),
      })
      .optional()
      .describe(
        "The counter begins anew with each window of this length, at most a day, counted from " +
          "1970 UTC; with each billing period unless said",
      ),
    unit: unitName.describe("Of upTo"),
    steps: z.array(step).min(1).max(100),
  })
  .describe("Prices that depend on how much was used before, in the session or billing period");
