import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import type { CalendarTime, TariffDocument, TariffPrice } from "./document.ts";
import { type ExportNote, notExpressible, requireExportable } from "./fits-export.ts";
import { parseTariffInstant } from "./instants.ts";
import { unitSize } from "./units.ts";

/*
 * A tariff document as a tariff of the Open Charge Point Interface 2.2.1 (mod_tariffs), the reverse
 * of import-ocpi.ts: one metered dimension with a flat fee, by weekday and time of day.
 */

const DIMENSION = { energy: "ENERGY", time: "TIME", event: "FLAT" } as const;

/** What OCPI's prices and steps are for: a kilowatt-hour in watt-hours, an hour in seconds. */
const METERED = {
  ENERGY: { price: unitSize("kWh"), step: unitSize("Wh") },
  TIME: { price: unitSize("h"), step: unitSize("s") },
  FLAT: { price: 1n, step: 1n },
} as const;
type Dimension = keyof typeof METERED;

export interface OcpiParty {
  /** ISO 3166, and the party's own code. */
  countryCode: string;
  partyId: string;
}

/**
 * @param document one that `parseTariff` gave
 * @throws TallystickError `export.not-expressible` with the place of what does not fit
 */
export function exportOcpi(
  document: TariffDocument,
  party: OcpiParty,
): { tariff: object; notes: ExportNote[] } {
  requireExportable(document, "OCPI");
  const [service, ...others] = document.services;
  if (service === undefined || others.length > 0) {
    throw notExpressible("services", "An OCPI tariff prices one dimension beside its flat fee.");
  }
  const dimension = DIMENSION[service.service as keyof typeof DIMENSION];
  if (dimension === undefined || (service.direction ?? "none") !== "none") {
    throw notExpressible("services/0", "OCPI prices energy, time and events.");
  }
  if (service.zones !== undefined) throw notExpressible("services/0/zones", "OCPI has no zones.");
  if (service.bandsAt === "increment-start") {
    throw notExpressible("services/0/bandsAt", "Import reads OCPI's times at the session's start.");
  }
  const { vat, isIncluded } = taxOf(document);
  const { elements, bounds } = elementsOf(document, service.prices, dimension, vat);
  const start = instant(document.validFrom, document.timeZone);
  const { validTo, name, currency, rounding } = document;
  const notes: ExportNote[] = [
    ...(rounding.mode === "half-up" && rounding.scale === 9
      ? []
      : [
          note(
            "export.rounding",
            "rounding",
            "OCPI leaves rounding to contracts; put it into yours.",
          ),
        ]),
    note(
      "export.time-zone",
      "timeZone",
      `Times of day are the charge point's; these are of ${document.timeZone}.`,
    ),
  ];
  const tariff = {
    country_code: party.countryCode,
    party_id: party.partyId,
    id: name.replace(/[^!-~]+/g, "-").slice(0, 36),
    currency,
    ...bounds,
    elements,
    ...(isIncluded ? { tax_included: "YES" } : {}),
    start_date_time: start,
    ...(validTo === undefined ? {} : { end_date_time: instant(validTo, document.timeZone) }),
    last_updated: start,
  };
  return { tariff, notes };
}

function elementsOf(
  { calendar }: TariffDocument,
  prices: readonly TariffPrice[],
  dimension: Dimension,
  vat: number | undefined,
): { elements: object[]; bounds: object } {
  const bands = [
    ...(calendar?.bands ?? []).flatMap(({ name, when }, band) =>
      when.map((time, index) => ({ name, time, place: `calendar/bands/${band}/when/${index}` })),
    ),
    { name: calendar?.otherwise ?? "any time", time: undefined, place: "calendar/otherwise" },
  ];
  const bounds = new Set<string>();
  // What an element does not price is looked for in later ones, so all say the same dimensions.
  const hasFlat = prices.some(({ setUp }) => !isZero(setUp ?? "0"));
  const elements = bands.map(({ name, time, place }) => {
    const index = prices.findIndex((one) => one.bands?.includes(name) ?? true);
    const price = prices[index] as TariffPrice;
    bounds.add(JSON.stringify(boundsOf(price)));
    return {
      price_components: componentsOf(
        price,
        { dimension, hasFlat, vat },
        `services/0/prices/${index}`,
      ),
      ...(time === undefined ? {} : { restrictions: restrictionsOf(time, place) }),
    };
  });
  if (bounds.size > 1) {
    throw notExpressible("services/0/prices", "An OCPI tariff has one minimum and one maximum.");
  }
  return { elements, bounds: JSON.parse([...bounds][0] ?? "{}") };
}

function boundsOf({ minimum, maximum }: TariffPrice): object {
  return {
    ...(minimum === undefined ? {} : { min_price: { excl_vat: number(minimum, "minimum") } }),
    ...(maximum === undefined ? {} : { max_price: { excl_vat: number(maximum, "maximum") } }),
  };
}

const isZero = (amount: string): boolean => /^[0.]*$/.test(amount);

function componentsOf(
  price: TariffPrice,
  { dimension, hasFlat, vat }: { dimension: Dimension; hasFlat: boolean; vat: number | undefined },
  place: string,
): object[] {
  if (price.price === undefined) {
    throw notExpressible(`${place}/tiers`, "OCPI's prices have no tiers that a document has.");
  }
  const { amount, per, unit } = price.price;
  const size = METERED[dimension];
  const whole = parseDecimalNano(amount) * size.price;
  const divisor = BigInt(per) * unitSize(unit);
  if (whole % divisor !== 0n) {
    throw notExpressible(
      `${place}/price`,
      "The price of a whole kWh or hour has no end of decimals.",
    );
  }
  const {
    first,
    further,
    unit: counted,
  } = price.increments ?? { first: 1, further: 1, unit: "unit" };
  const step = BigInt(further) * unitSize(counted);
  if (first !== further || step % size.step !== 0n) {
    throw notExpressible(
      `${place}/increments`,
      "An OCPI step is one, in whole watt-hours or seconds.",
    );
  }
  const tax = vat === undefined ? {} : { vat };
  const setUp = price.setUp ?? "0";
  const isFlat = dimension === "FLAT";
  if (isFlat && hasFlat) {
    throw notExpressible(`${place}/setUp`, "A flat fee is one fee.");
  }
  return [
    ...(isFlat || !hasFlat
      ? []
      : [{ type: "FLAT", price: number(setUp, `${place}/setUp`), ...tax, step_size: 1 }]),
    {
      type: dimension,
      price: number(formatNano(whole / divisor), `${place}/price`),
      ...tax,
      step_size: Number(step / size.step),
    },
  ];
}

function restrictionsOf(time: CalendarTime, place: string): object {
  if (time.dates !== undefined || time.holidays !== undefined) {
    throw notExpressible(place, "OCPI has no holidays and no dates of every year.");
  }
  const { days, from = "00:00", to = "24:00" } = time;
  const isWholeDay = from === "00:00" && to === "24:00";
  return {
    ...(isWholeDay ? {} : { start_time: from, end_time: to === "24:00" ? "00:00" : to }),
    ...(days === undefined ? {} : { day_of_week: days.map((day) => day.toUpperCase()) }),
  };
}

function taxOf({ taxes }: TariffDocument): { vat: number | undefined; isIncluded: boolean } {
  const [tax, ...others] = taxes ?? [];
  if (tax === undefined) return { vat: undefined, isIncluded: false };
  if (others.length > 0 || tax.of !== undefined) {
    throw notExpressible("taxes", "An OCPI tariff has one rate of tax, on everything.");
  }
  return { vat: number(tax.percent, "taxes/0/percent"), isIncluded: tax.included === true };
}

/** A JSON number whose text is the same amount: nothing is lost on its way. */
function number(text: string, place: string): number {
  const value = Number(text);
  if (
    /^\d+(\.\d+)?$/.test(String(value)) &&
    parseDecimalNano(String(value)) === parseDecimalNano(text)
  ) {
    return value;
  }
  throw notExpressible(place, `${text} is no JSON number of the same amount.`);
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
