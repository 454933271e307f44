import { z } from "zod";
import { ROUNDING_MODES } from "../money/rounding.ts";
import { UNIT_NAMES } from "./units.ts";

/* Values that every part of a tariff document is made of. */

export const name = z.string().min(1).max(80);

/** An amount in units of the tariff's currency; nine decimals are the finest that is charged. */
export const amount = z
  .string()
  .regex(
    /^(0|[1-9]\d{0,17})(\.\d{1,9})?$/,
    'expected a decimal string such as "0.10", without sign or exponent and with at most nine decimals',
  )
  .describe("Amount in the tariff's currency as a decimal string, at most nine decimals");

export const percent = z
  .string()
  .regex(/^(0|[1-9]\d{0,2})(\.\d{1,7})?$/, 'expected a decimal string such as "7.5"')
  .describe("Percent as a decimal string, at most seven decimals");

export const instant = z
  .string()
  .regex(
    /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/,
    "expected a date (midnight in the tariff's time zone) or an instant with its offset",
  )
  .describe("A date (midnight in the tariff's time zone) or an ISO 8601 instant with its offset");

export const count = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

export const unitName = z.enum(UNIT_NAMES);

export const perUnits = z
  .strictObject({ amount, per: count, unit: unitName })
  .describe("An amount per so many units; kept as a ratio, so 0.10 per 60 s stays exact");

export const currencyCode = z.string().regex(/^[A-Z]{3}$/, "expected a currency code of ISO 4217");

export const rounding = z
  .strictObject({
    mode: z.enum(ROUNDING_MODES),
    scale: z.number().int().min(0).max(9).describe("Decimals that are kept"),
  })
  .describe("How each charge is rounded");

export const ROUNDED = ["component", "charge", "line", "invoice"] as const;

/** What is not rounded before keeps nine decimals. */
export const documentRounding = rounding.extend({
  of: z
    .enum(ROUNDED)
    .optional()
    .describe("What is rounded so: each charge unless said; line: a service's sum of the period"),
});

export const exchange = z
  .strictObject({
    date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "expected a date"),
    source: z.string().min(1).max(200).describe("Who published the rates"),
    rates: z
      .array(
        z.strictObject({
          currency: currencyCode,
          rate: z
            .string()
            .regex(/^(0|[1-9]\d{0,8})(\.\d{1,12})?$/, 'expected a decimal string such as "1.21"')
            .describe("How much of the tariff's currency one unit is"),
        }),
      )
      .min(1)
      .max(200),
  })
  .describe("Rates of one date, for prices and amounts in other currencies");
