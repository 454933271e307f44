import { TallystickError } from "../errors.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import { TARIFF_FORMAT, type TariffDocument } from "./document.ts";
import {
  categoryOf,
  type Dimension,
  dimensionsOf,
  hasFlatBeside,
  hasTimes,
  Priced,
  TIME_CLASSES,
  whenOf,
} from "./ocpi-prices.ts";
import { amount, netOf, type OcpiTariff, ocpiTariff } from "./ocpi-shape.ts";

/*
 * Tariffs of the Open Charge Point Interface, 2.2.1 and 2.3.0 (mod_tariffs), as tariff documents.
 * OCPI prices a session by several dimensions at once; a document prices records, each of one
 * service: energy, and time that was for charging, parking or a reservation (the record's
 * `application`). What does not fit is refused by place, never dropped.
 */

/** What a reader of the imported document must know, by place in the original. */
export interface ImportNote {
  code: string;
  place: string;
  message: string;
  /** What is told of is not in the document. */
  isLeftOut: boolean;
}

/**
 * @param timeZone the charge points', in which OCPI's times of day are read
 * @throws TallystickError `import.shape`, `import.not-expressible`, `import.amount-not-exact`
 */
export function importOcpiTariff(
  input: unknown,
  timeZone: string,
): { document: TariffDocument; notes: ImportNote[] } {
  const parsed = ocpiTariff.safeParse(input);
  if (!parsed.success) {
    const { field, says } = firstShapeProblem(parsed.error, input);
    throw new TallystickError(
      "import.shape",
      `This is no tariff of OCPI: ${field === "" ? "" : `${field}: `}${says}.`,
      { field: field.replaceAll(".", "/") },
    );
  }
  const tariff = parsed.data;
  const byDimension = dimensionsOf(tariff);
  const notes: ImportNote[] = [];
  const said = instant(tariff.start_date_time ?? tariff.last_updated);
  if (said === undefined) {
    notes.push({
      code: "import.no-start",
      place: "start_date_time",
      message: "The tariff says neither start_date_time nor last_updated; it holds from 1970 on.",
      isLeftOut: false,
    });
  }
  const validFrom = said ?? "1970-01-01T00:00:00Z";
  const validTo = instant(tariff.end_date_time);
  const bands = tariff.elements.flatMap(({ restrictions }, index) =>
    hasTimes(restrictions) ? [{ name: `element ${index}`, when: whenOf(restrictions) }] : [],
  );
  const metered = [...byDimension.keys()].filter((one) => one !== "FLAT");
  // A session of one dimension is one record: its flat fee and bounds are parts of its price.
  const isSingle = metered.length <= 1 && hasFlatBeside(byDimension, metered[0]);
  const rates = new Set(
    tariff.elements.flatMap((one) => one.price_components.map(({ vat }) => vat ?? 0)),
  );
  const priced = new Priced(
    tariff,
    bands.map(({ name }) => name),
    rates.size > 1 && !isSingle,
  );
  if (byDimension.has("charging") && byDimension.has("parking")) {
    notes.push({
      code: "import.steps-by-record",
      place: "elements",
      message:
        "OCPI rounds the last of a session's times alone to its step; here each record is rounded.",
      isLeftOut: false,
    });
  }
  const services = isSingle
    ? [priced.single(byDimension, metered[0] ?? "FLAT")]
    : priced.several(byDimension);
  const sold = new Set(services.map(({ service }) => service));
  const unpriced = (["energy", "time"] as const).filter((service) => !sold.has(service));
  if (unpriced.length > 0) {
    notes.push({
      code: "import.dimension-unpriced",
      place: "elements",
      message:
        `OCPI asks nothing for what a tariff has no price for; here its records (${unpriced.join(", ")}) ` +
        'are suspended. Leave them out, or add a price of "0".',
      isLeftOut: false,
    });
  }
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
    ...(services.some(({ prices }) => prices.some(({ classes }) => classes !== undefined))
      ? { classes: timeClasses([...byDimension.keys()]) }
      : {}),
    services,
    ...(isSingle ? {} : sessionBounds(tariff)),
    ...(priced.isByRate ? taxesByRate(rates, tariff) : taxesOf(tariff, notes)),
  };
  return { document, notes };
}

/** Records of time say by their `application` what it was for; charging unless they do. */
function timeClasses(found: readonly Dimension[]): NonNullable<TariffDocument["classes"]> {
  const named = TIME_CLASSES.filter((one) => one !== "charging" && found.includes(one));
  return {
    classes: named.map((name) => ({ name, when: [{ applications: [name] }] })),
    otherwise: "charging",
  };
}

/** What a session of several records comes to is bounded by a plan. */
function sessionBounds({ min_price, max_price }: OcpiTariff): Partial<TariffDocument> {
  if (min_price === undefined && max_price === undefined) return {};
  const limit = {
    name: "session",
    scope: "account" as const,
    per: "session" as const,
    ...(min_price === undefined ? {} : { minimum: amount(netOf(min_price), "min_price") }),
    ...(max_price === undefined ? {} : { maximum: amount(netOf(max_price), "max_price") }),
  };
  return { defaultPlan: "session", plans: [{ name: "session", limits: [limit] }] };
}

function taxesByRate(
  rates: ReadonlySet<number>,
  { tax_included }: OcpiTariff,
): Pick<TariffDocument, "taxes"> {
  const included = tax_included === "YES" ? { included: true as const } : {};
  const taxes = [...rates]
    .filter((rate) => rate > 0)
    .map((rate) => {
      const name = categoryOf(rate);
      return { name, percent: amount(rate, "vat"), of: [name], ...included };
    });
  return { taxes };
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
      message:
        "The components of one record have several rates of VAT; the prices are without it. Add the taxes by hand.",
      isLeftOut: true,
    });
    return {};
  }
  if (rate === undefined || rate === 0) return {};
  const included = tax_included === "YES" ? { included: true as const } : {};
  return { taxes: [{ name: "VAT", percent: amount(rate, "vat"), ...included }] };
}

function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // OCPI (types, DateTime): UTC, also where the text says no zone.
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
}
