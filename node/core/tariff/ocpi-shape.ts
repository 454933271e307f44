import { z } from "zod";
import { TallystickError } from "../errors.ts";

/* Tariffs of the Open Charge Point Interface (mod_tariffs), as far as they are read. */

const number = z.number().nonnegative();
const price = z.union([
  z.looseObject({ excl_vat: number }),
  z.looseObject({ before_taxes: number }),
]);

export const KNOWN_KEYS = ["start_time", "end_time", "day_of_week", "reservation"] as const;
const DAYS = [
  "MONDAY",
  "TUESDAY",
  "WEDNESDAY",
  "THURSDAY",
  "FRIDAY",
  "SATURDAY",
  "SUNDAY",
] as const;
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

const element = z.looseObject({
  price_components: z
    .array(
      z.looseObject({
        type: z.enum(["ENERGY", "FLAT", "PARKING_TIME", "TIME"]),
        price: number,
        vat: number.optional(),
        step_size: z.number().int().nonnegative(),
      }),
    )
    .min(1),
  restrictions: z
    .looseObject({
      start_time: time.optional(),
      end_time: time.optional(),
      day_of_week: z.array(z.enum(DAYS)).min(1).optional(),
      reservation: z.string().optional(),
    })
    .optional(),
});

export const ocpiTariff = z.looseObject({
  id: z.string().min(1).max(36),
  party_id: z.string().optional(),
  currency: z.string(),
  min_price: price.optional(),
  max_price: price.optional(),
  tax_included: z.enum(["YES", "NO", "N/A"]).optional(),
  elements: z.array(element).min(1).max(50),
  start_date_time: z.string().optional(),
  end_date_time: z.string().optional(),
  last_updated: z.string().optional(),
});

export type OcpiTariff = z.infer<typeof ocpiTariff>;
export type Element = z.infer<typeof element>;
export type Component = Element["price_components"][number];

export function netOf(written: z.infer<typeof price>): number {
  return "excl_vat" in written ? (written.excl_vat as number) : (written.before_taxes as number);
}

/** JSON numbers come as their shortest decimal text, which is what their author wrote. */
export function amount(value: number, field: string): string {
  const text = String(value);
  if (/^\d{1,18}(\.\d{1,9})?$/.test(text)) return text;
  throw new TallystickError(
    "import.amount-not-exact",
    `${text} is no amount of at most nine decimals.`,
    { field },
  );
}

export function notExpressible(field: string, message: string): TallystickError {
  return new TallystickError("import.not-expressible", message, { field });
}
