import { z } from "zod";
import { TallystickError } from "../errors.ts";
import {
  type CalendarTime,
  TARIFF_FORMAT,
  type TariffDocument,
  type TariffPrice,
} from "./document.ts";

/*
 * Tariffs of the Open Charge Point Interface, 2.2.1 and 2.3.0 (mod_tariffs), as tariff documents.
 * OCPI prices a session by several dimensions at once; a document prices records, each of one
 * service. So a tariff fits when it meters one dimension, beside its flat fee; what does not fit is
 * refused by place, never dropped.
 */

const number = z.number().nonnegative();
const price = z.union([
  z.looseObject({ excl_vat: number }),
  z.looseObject({ before_taxes: number }),
]);

const TIME_KEYS = ["start_time", "end_time", "day_of_week"] as const;
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
    })
    .optional(),
});

const ocpiTariff = z.looseObject({
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

type OcpiTariff = z.infer<typeof ocpiTariff>;
type Element = z.infer<typeof element>;
type Dimension = "ENERGY" | "TIME" | "FLAT";

/** What a reader of the imported document must know, by place in the original. */
export interface ImportNote {
  code: string;
  place: string;
  message: string;
}

/**
 * @param timeZone the charge points', in which OCPI's times of day are read
 * @throws TallystickError `import.shape`, `import.not-expressible`, `import.no-start`,
 *   `import.amount-not-exact`
 */
export function importOcpiTariff(
  input: unknown,
  timeZone: string,
): { document: TariffDocument; notes: ImportNote[] } {
  const parsed = ocpiTariff.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new TallystickError(
      "import.shape",
      `This is no tariff of OCPI: ${issue?.message ?? "unknown reason"}.`,
      { field: issue?.path.join("/") ?? "" },
    );
  }
  const tariff = parsed.data;
  const dimension = meteredDimension(tariff);
  const notes: ImportNote[] = [];
  const validFrom = instant(tariff.start_date_time ?? tariff.last_updated);
  if (validFrom === undefined) {
    throw new TallystickError(
      "import.no-start",
      "The tariff says neither start_date_time nor last_updated; add one.",
    );
  }
  const validTo = instant(tariff.end_date_time);
  const bands = tariff.elements.flatMap(({ restrictions }, index) =>
    restrictions === undefined ? [] : [{ name: `element ${index}`, when: whenOf(restrictions) }],
  );
  const service = { ENERGY: "energy", TIME: "time", FLAT: "event" } as const;
  const document: TariffDocument = {
    format: TARIFF_FORMAT,
    name: `OCPI ${tariff.party_id ?? ""} ${tariff.id}`.replace("  ", " "),
    currency: tariff.currency,
    timeZone,
    validFrom,
    ...(validTo === undefined ? {} : { validTo }),
    // OCPI leaves rounding to contracts; nothing is rounded away here.
    rounding: { mode: "half-up", scale: 9 },
    ...(bands.length === 0 ? {} : { calendar: { bands, otherwise: "otherwise" } }),
    services: [
      { service: service[dimension], prices: pricesOf(tariff, dimension, bands.length > 0) },
    ],
    ...taxesOf(tariff, notes),
  };
  return { document, notes };
}

function meteredDimension({ elements }: OcpiTariff): Dimension {
  const types = new Set(elements.flatMap((one) => one.price_components.map(({ type }) => type)));
  const sets = elements.map((one) =>
    one.price_components
      .map(({ type }) => type)
      .sort()
      .join(),
  );
  for (const [index, { restrictions = {}, price_components }] of elements.entries()) {
    const place = `elements/${index}`;
    for (const key of Object.keys(restrictions)) {
      if (TIME_KEYS.some((known) => known === key)) continue;
      throw notExpressible(
        `${place}/restrictions/${key}`,
        `A restriction by ${key} can not be said.`,
      );
    }
    if (price_components.some(({ type }) => type === "PARKING_TIME")) {
      throw notExpressible(`${place}/price_components`, "Parking has no service of its own.");
    }
    if (sets[index] !== sets[0]) {
      throw notExpressible(place, "All elements must price the same dimensions.");
    }
  }
  if (types.has("ENERGY") && types.has("TIME")) {
    throw notExpressible("elements", "A record has one price: energy or time, not both.");
  }
  return types.has("ENERGY") ? "ENERGY" : types.has("TIME") ? "TIME" : "FLAT";
}

function pricesOf(tariff: OcpiTariff, dimension: Dimension, hasBands: boolean): TariffPrice[] {
  const { elements, min_price, max_price } = tariff;
  const bounds = {
    ...(min_price === undefined ? {} : { minimum: amount(netOf(min_price), "min_price") }),
    ...(max_price === undefined ? {} : { maximum: amount(netOf(max_price), "max_price") }),
  };
  // The first element that holds counts, so elements after an unrestricted one never do.
  const open = elements.findIndex(({ restrictions }) => restrictions === undefined);
  const prices = elements.slice(0, open < 0 ? elements.length : open + 1).map(
    (one, index): TariffPrice => ({
      ...(hasBands
        ? { bands: [one.restrictions === undefined ? "otherwise" : `element ${index}`] }
        : {}),
      ...priceOf(one, dimension, `elements/${index}/price_components`),
      ...bounds,
    }),
  );
  const isFree = hasBands && open < 0;
  // Where no element holds, OCPI charges nothing; here that is said.
  return isFree ? [...prices, freePrice(dimension)] : prices;
}

function priceOf({ price_components }: Element, dimension: Dimension, place: string): TariffPrice {
  const component = (type: Dimension) => price_components.find((one) => one.type === type);
  const flat = component("FLAT");
  const metered = component(dimension);
  const text = amount(metered?.price ?? 0, place);
  if (dimension === "FLAT") return { price: { amount: text, per: 1, unit: "unit" } };
  const [unit, small] = dimension === "ENERGY" ? (["kWh", "Wh"] as const) : (["h", "s"] as const);
  const step = Math.max(1, metered?.step_size ?? 1);
  return {
    ...(flat === undefined ? {} : { setUp: amount(flat.price, place) }),
    price: { amount: text, per: 1, unit },
    increments: { first: step, further: step, unit: small },
  };
}

function freePrice(dimension: Dimension): TariffPrice {
  const free = { price_components: [{ type: dimension, price: 0, step_size: 1 }] };
  return { bands: ["otherwise"], ...priceOf(free, dimension, "") };
}

function whenOf(restrictions: NonNullable<Element["restrictions"]>): CalendarTime[] {
  const days = restrictions.day_of_week?.map(
    (day) => day.toLowerCase() as NonNullable<CalendarTime["days"]>[number],
  );
  const on = days === undefined ? {} : { days };
  const from = restrictions.start_time ?? "00:00";
  const end = restrictions.end_time ?? "00:00";
  const to = end === "00:00" ? "24:00" : end;
  if (from < to) return [{ ...on, from, to }];
  return [
    { ...on, from, to: "24:00" },
    { ...on, from: "00:00", to },
  ];
}

/** One rate for all is a tax of the document; several would need one for each component. */
function taxesOf(
  { elements, tax_included }: OcpiTariff,
  notes: ImportNote[],
): Pick<TariffDocument, "taxes"> {
  const rates = new Set(elements.flatMap((one) => one.price_components.map(({ vat }) => vat)));
  const [rate] = rates;
  if (rates.size > 1) {
    notes.push({
      code: "import.several-tax-rates",
      place: "elements",
      message: "The components have several rates of VAT; the prices are without it.",
    });
    return {};
  }
  if (rate === undefined || rate === 0) return {};
  const included = tax_included === "YES" ? { included: true as const } : {};
  return { taxes: [{ name: "VAT", percent: amount(rate, "vat"), ...included }] };
}

function netOf(written: z.infer<typeof price>): number {
  return "excl_vat" in written ? (written.excl_vat as number) : (written.before_taxes as number);
}

/** JSON numbers come as their shortest decimal text, which is what their author wrote. */
function amount(value: number, field: string): string {
  const text = String(value);
  if (/^\d{1,18}(\.\d{1,9})?$/.test(text)) return text;
  throw new TallystickError(
    "import.amount-not-exact",
    `${text} is no amount of at most nine decimals.`,
    { field },
  );
}

function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // OCPI (types, DateTime): UTC, also where the text says no zone.
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
}

function notExpressible(field: string, message: string): TallystickError {
  return new TallystickError("import.not-expressible", message, { field });
}
