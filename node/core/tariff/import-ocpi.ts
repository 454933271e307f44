import { TARIFF_FORMAT, type TariffDocument, type TariffService } from "./document.ts";
import { ocpiBandsOf } from "./ocpi-bands.ts";
import { type Dimensions, dimensionsOf } from "./ocpi-dimensions.ts";
import { type ImportNote, notesOf } from "./ocpi-notes.ts";
import { categoryOf, isSingleRecord, OcpiPricer, ocpiBounds } from "./ocpi-price.ts";
import { ocpiServices } from "./ocpi-prices.ts";
import { amount, type OcpiTariff, readOcpiTariff } from "./ocpi-shape.ts";

/*
 * Tariffs of the Open Charge Point Interface, 2.2.1 and 2.3.0 (mod_tariffs), as tariff documents.
 * OCPI prices a session by several dimensions at once; a document prices records, each of one
 * service: energy, time that was for charging, parking or a reservation (the record's `application`),
 * and an event for the flat fee. What does not fit is refused by place, never dropped.
 */

/**
 * @param timeZone the charge points', in which OCPI's times of day are read
 * @throws TallystickError `import.shape`, `import.not-expressible`, `import.amount-not-exact`
 */
export function importOcpiTariff(
  input: unknown,
  timeZone: string,
): { document: TariffDocument; notes: ImportNote[] } {
  const tariff = readOcpiTariff(input);
  const found = dimensionsOf(tariff);
  const { calendar, bands } = ocpiBandsOf(tariff);
  const rates = ratesOf(found);
  const pricer = new OcpiPricer(tariff, found, bands, rates.size > 1);
  const { services, classes } = ocpiServices(found, bands, pricer);
  const validTo = ocpiInstant(tariff.end_date_time);
  const document: TariffDocument = {
    format: TARIFF_FORMAT,
    name: `OCPI ${tariff.party_id ?? ""} ${tariff.id}`.replace("  ", " "),
    currency: tariff.currency,
    timeZone,
    validFrom: ocpiInstant(tariff.start_date_time ?? tariff.last_updated) ?? "1970-01-01T00:00:00Z",
    ...(validTo === undefined ? {} : { validTo }),
    // OCPI leaves rounding to contracts; nothing is rounded away here.
    rounding: { mode: "half-up", scale: 9 },
    ...(calendar === undefined ? {} : { calendar }),
    ...(classes === undefined ? {} : { classes }),
    services,
    ...(isSingleRecord(found) ? {} : sessionBounds(tariff)),
    ...taxesOf(rates, tariff, services),
  };
  return { document, notes: notesOf(tariff, found, document) };
}

/** Of the components that can come to count. */
function ratesOf(found: Dimensions): Set<number> {
  const components = [...found.values()].flatMap((placed) =>
    placed.flatMap(({ component, fee }) => (fee === undefined ? [component] : [component, fee])),
  );
  return new Set(components.map(({ vat }) => vat ?? 0));
}

/** What a session of several records comes to is bounded by a plan. */
function sessionBounds(tariff: OcpiTariff): Partial<TariffDocument> {
  const bounds = ocpiBounds(tariff);
  if (Object.keys(bounds).length === 0) return {};
  const limit = {
    name: "session",
    scope: "account" as const,
    per: "session" as const,
    ...bounds,
  };
  return { defaultPlan: "session", plans: [{ name: "session", limits: [limit] }] };
}

/** One rate for all is a tax of the document; several are taxes of their categories. */
function taxesOf(
  rates: ReadonlySet<number>,
  { tax_included }: OcpiTariff,
  services: readonly TariffService[],
): Pick<TariffDocument, "taxes"> {
  const included = tax_included === "YES" ? { included: true as const } : {};
  // An element can have times that never come.
  const used = new Set(
    services.flatMap(({ prices }) =>
      prices.flatMap(({ taxCategory, setUpTaxCategory }) => [taxCategory, setUpTaxCategory]),
    ),
  );
  const taxed = [...rates].filter(
    (rate) => rate > 0 && (rates.size === 1 || used.has(categoryOf(rate))),
  );
  if (taxed.length === 0) return {};
  const taxes = taxed.map((rate) => {
    const percent = amount(rate, "vat");
    if (rates.size === 1) return { name: "VAT", percent, ...included };
    const name = categoryOf(rate);
    return { name, percent, of: [name], ...included };
  });
  return { taxes };
}

function ocpiInstant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // OCPI (types, DateTime): UTC, also where the text says no zone.
  return /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
}
