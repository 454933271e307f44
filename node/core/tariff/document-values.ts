import { z } from "zod";
import { ROUNDING_MODES } from "../money/rounding.ts";
import { UNIT_NAMES } from "./units.ts";

/* Values that every part of a tariff document is made of. */

export const name = z.string().min(1).max(80);

/** An amount in units of the tariff's currency; nine decimals are the finest that is charged. */
export const amount = z
  .string()
  .regex(/^(0|[1-9]\d{0,17})(\.\d{1,9})?$/, 'expected a decimal string such as "0.10"')
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

export const rounding = z
  .strictObject({
    mode: z.enum(ROUNDING_MODES),
    scale: z.number().int().min(0).max(9).describe("Decimals that a charge keeps"),
  })
  .describe("How each charge is rounded");
