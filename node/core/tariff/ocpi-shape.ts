import { z } from "zod";
import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";

/* Tariffs of the Open Charge Point Interface (mod_tariffs), as far as they are read. */

const number = z.number().nonnegative();
/** Before and after taxes, as 2.2.1 and 2.3.0 name them. */
const price = z.union([
  z.looseObject({ excl_vat: number, incl_vat: number.optional() }),
  z.looseObject({ before_taxes: number, after_taxes: number.optional() }),
]);

const DAYS = [
  "MONDAY",
  "TUESDAY",
  "WEDNESDAY",
  "THURSDAY",
  "FRIDAY",
  "SATURDAY",
  "SUNDAY",
] as const;
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "expected a time such as 13:30");
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "expected a date such as 2026-12-25");
const seconds = z.int().nonnegative();

const restrictions = z.looseObject({
  start_time: time.optional(),
  end_time: time.optional(),
  start_date: date.optional(),
  end_date: date.optional(),
  min_kwh: number.optional(),
  max_kwh: number.optional(),
  min_current: number.optional(),
  max_current: number.optional(),
  min_power: number.optional(),
  max_power: number.optional(),
  min_duration: seconds.optional(),
  max_duration: seconds.optional(),
  day_of_week: z.array(z.enum(DAYS)).optional(),
  reservation: z.string().optional(),
});
export const KNOWN_KEYS: readonly string[] = Object.keys(restrictions.shape);

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
  restrictions: restrictions.optional(),
});

const ocpiTariff = z.looseObject({
  id: z.string().min(1).max(36),
  party_id: z.string().optional(),
  type: z.string().optional(),
  currency: z.string(),
  min_price: price.optional(),
  max_price: price.optional(),
  tax_included: z.enum(["YES", "NO", "N/A"]).optional(),
  elements: z.array(element).min(1).max(1000),
  start_date_time: z.string().optional(),
  end_date_time: z.string().optional(),
  last_updated: z.string().optional(),
});

export type OcpiTariff = z.infer<typeof ocpiTariff>;
export type Element = OcpiTariff["elements"][number];
export type Component = Element["price_components"][number];
export type Restrictions = NonNullable<Element["restrictions"]>;
type Written = NonNullable<OcpiTariff["min_price"]>;

/** @throws TallystickError `import.shape` with the field */
export function readOcpiTariff(input: unknown): OcpiTariff {
  const given = withoutNulls(onlyOneOf(input));
  const parsed = ocpiTariff.safeParse(given);
  if (parsed.success) return parsed.data;
  const { field, says } = firstShapeProblem(parsed.error, given);
  throw new TallystickError(
    "import.shape",
    `This is no tariff of OCPI: ${field === "" ? "" : `${field}: `}${says}.`,
    { field: field.replaceAll(".", "/") },
  );
}

/** What a server answers holds its tariffs as `data` (transport_and_format). */
function onlyOneOf(input: unknown): unknown {
  if (typeof input !== "object" || input === null || "elements" in input) return input;
  if ("charging_periods" in input) {
    throw new TallystickError(
      "import.shape",
      'This is a charge detail record: "tallystick inspect" reads it.',
      { field: "charging_periods" },
    );
  }
  const listed = "data" in input ? input.data : input;
  if (!Array.isArray(listed)) return listed;
  if (listed.length === 1) return listed[0];
  throw new TallystickError(
    "import.shape",
    `The file holds ${listed.length} tariffs; write the one that is meant into a file of its own.`,
    { field: "data" },
  );
}

/** A field that is null is one that is not given (transport_and_format). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([key, one]) => [key, withoutNulls(one)]),
  );
}

export function netOf(written: Written): number {
  return "excl_vat" in written ? (written.excl_vat as number) : (written.before_taxes as number);
}

export function grossOf(written: Written): number | undefined {
  const gross = "excl_vat" in written ? written.incl_vat : written.after_taxes;
  return gross as number | undefined;
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
