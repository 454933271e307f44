import type { TariffDocument, TariffPrice } from "./document.ts";
import { type ExportNote, notExpressible, requireExportable } from "./fits-export.ts";
import { parseTariffInstant } from "./instants.ts";
import { ocpiElements } from "./ocpi-export-elements.ts";
import { exactNumber } from "./ocpi-export-values.ts";

/*
 * A tariff document as a tariff of the Open Charge Point Interface 2.2.1 (mod_tariffs), the reverse
 * of import-ocpi.ts: energy, time by what it was for, and a flat fee; by weekday, date and time of day,
 * by power, current, duration and energy of the session.
 */

export interface OcpiParty {
  /** ISO 3166, and the party's own code. */
  countryCode: string;
  partyId: string;
}

/** What OCPI has too, in a form of its own. */
const PARTS = [
  "classes",
  "plans",
  "defaultPlan",
  "counted",
  "taxCategory",
  "setUpTaxCategory",
] as const;

/**
 * @param document one that `parseTariff` gave
 * @throws TallystickError `export.not-expressible` with the place of what does not fit
 */
export function exportOcpi(
  document: TariffDocument,
  party: OcpiParty,
): { tariff: object; notes: ExportNote[] } {
  requireExportable(document, "OCPI", PARTS);
  for (const [index, sold] of document.services.entries()) {
    const place = `services/${index}`;
    const isOfOcpi = ["energy", "time", "event"].includes(sold.service);
    if (!isOfOcpi || (sold.direction ?? "none") !== "none") {
      throw notExpressible(place, "OCPI prices energy, time and events.");
    }
    if (sold.zones !== undefined) throw notExpressible(`${place}/zones`, "OCPI has no zones.");
    if (sold.bandsAt === "increment-start") {
      throw notExpressible(
        `${place}/bandsAt`,
        "Import reads OCPI's times at the start of each record.",
      );
    }
  }
  const elements = ocpiElements(document);
  const start = instant(document.validFrom, document.timeZone);
  const { validTo, name, currency } = document;
  const tariff = {
    country_code: party.countryCode,
    party_id: party.partyId,
    id: name.replace(/[^!-~]+/g, "-").slice(0, 36),
    currency,
    ...boundsOf(document),
    elements,
    ...(isTaxIncluded(document) ? { tax_included: "YES" } : {}),
    start_date_time: start,
    ...(validTo === undefined ? {} : { end_date_time: instant(validTo, document.timeZone) }),
    last_updated: start,
  };
  return { tariff, notes: notesOf(document) };
}

function notesOf({ rounding, timeZone, services }: TariffDocument): ExportNote[] {
  const unsold = (["energy", "time"] as const).filter(
    (one) => !services.some(({ service }) => service === one),
  );
  return [
    ...(rounding.mode === "half-up" && rounding.scale === 9
      ? []
      : [
          note(
            "export.rounding",
            "rounding",
            "OCPI leaves rounding to contracts; put it into yours.",
          ),
        ]),
    ...(unsold.length === 0
      ? []
      : [
          note(
            "export.free-there",
            "services",
            `What has no price (${unsold.join(", ")}) is suspended here and free in OCPI.`,
          ),
        ]),
    note(
      "export.time-zone",
      "timeZone",
      `Times of day are the charge point's; these are of ${timeZone}.`,
    ),
  ];
}

/** One minimum and one maximum of a session: of the only priced dimension, or of the only plan. */
function boundsOf(document: TariffDocument): object {
  const { plans, defaultPlan, services } = document;
  const found = new Set<string>();
  const bounded = services.flatMap(({ prices }, index) =>
    prices.some((one) => one.minimum !== undefined || one.maximum !== undefined) ? [index] : [],
  );
  const [place] = bounded;
  if (place !== undefined) {
    const others = services.some(({ prices }, index) => index !== place && !prices.every(isFree));
    for (const price of services[place]?.prices ?? []) {
      if (price.classes === undefined || !isFree(price)) found.add(JSON.stringify(limits(price)));
    }
    if (bounded.length > 1 || others || found.size > 1) {
      throw notExpressible(
        `services/${place}/prices`,
        "An OCPI tariff has one minimum and one maximum, of the whole session.",
      );
    }
  }
  const [own] = found;
  if (plans === undefined) return JSON.parse(own ?? "{}");
  const [plan, ...others] = plans;
  const [limit, ...more] = plan?.limits ?? [];
  const isOfSession =
    others.length === 0 &&
    plan?.name === defaultPlan &&
    Object.keys(plan ?? {}).length === 2 &&
    more.length === 0 &&
    limit?.per === "session" &&
    limit.uses === undefined;
  if (!isOfSession || own !== undefined) {
    throw notExpressible("plans", "Of plans, OCPI has the limits of a session alone.");
  }
  return limits(limit);
}

function limits({ minimum, maximum }: Pick<TariffPrice, "minimum" | "maximum">): object {
  return {
    ...(minimum === undefined ? {} : { min_price: { excl_vat: exactNumber(minimum, "minimum") } }),
    ...(maximum === undefined ? {} : { max_price: { excl_vat: exactNumber(maximum, "maximum") } }),
  };
}

const isFree = ({ price, setUp = "0" }: TariffPrice): boolean =>
  /^[0.]*$/.test(price?.amount ?? "tiers") && /^[0.]*$/.test(setUp);

function isTaxIncluded({ taxes = [] }: TariffDocument): boolean {
  const included = new Set(taxes.map((tax) => tax.included === true));
  if (included.size > 1) {
    throw notExpressible("taxes", "Taxes are in all prices of an OCPI tariff, or in none.");
  }
  return included.has(true);
}

function instant(text: string, timeZone: string): string {
  const milliseconds = parseTariffInstant(text, timeZone) ?? 0;
  return new Date(milliseconds).toISOString().replace(/\.000Z$/, "Z");
}

const note = (code: string, place: string, message: string): ExportNote => ({
  code,
  place,
  message,
});
