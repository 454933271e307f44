import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { findLastIndex } from "./binary-search.ts";
import { bandNames, compileCalendar } from "./calendar.ts";
import { parseTariff } from "./check.ts";
import { NO_DIGITS } from "./digits.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import type { TierKind } from "./document-tiers.ts";
import { type Validity, validityOf } from "./instants.ts";
import { intervalsOfPrefixes, type PrefixEntry } from "./intervals.ts";
import { planReduces } from "./plan-uses.ts";
import { priceRowsOf } from "./price-rows.ts";
import {
  type CalendarRow,
  type IntervalRow,
  PLAN_REDUCES,
  PRICE_KIND,
  type PriceRow,
} from "./rows.ts";

/** What a row is called in the document, for explanations. */
export interface ZoneLabel {
  service: TariffService;
  /** Absent where the number does not matter. */
  name?: string;
}

/** The document's price that a row was made of. */
export interface PriceSource {
  price: TariffPrice;
  /** Absent where the price of a charge depends on nothing but the charge. */
  counter?: CounterUse;
}

/** The running quantity that a price's tiers stand over. */
export interface CounterUse {
  kind: TierKind;
  scope: "device" | "account" | "pool";
  name: string;
}

/** A tariff as rows, in the order of its tree: interval rows, calendar rows, price rows. */
export interface CompiledTariff extends Validity {
  document: TariffDocument;
  /** Its number in the registry, from 1. */
  version: number;
  currency: string;
  intervalRows: IntervalRow[];
  calendarRows: CalendarRow[];
  priceRows: PriceRow[];
  /** Where each price row comes from; as many as there are price rows. */
  priceSources: PriceSource[];
  /** Zone z of the rows is `zones[z - 1]`. */
  zones: ZoneLabel[];
  /** Band b of the rows is `bands[b - 1]`. */
  bands: string[];
}

/**
 * Checks a tariff document and turns it into rows. Zones are numbered from 1 in the order of the
 * services and of each service's zones; the same document always gives the same rows, as long as
 * the time zone's rules are the same.
 * @throws TallystickError with the code and place of the first thing that is wrong
 */
export function compileTariff(input: unknown, version = 1): CompiledTariff {
  const document = parseTariff(input);
  const bands = bandNames(document);
  const zones: ZoneLabel[] = [];
  const intervalRows: IntervalRow[] = [];
  const priced: PricedRow[] = [];
  const prefixesOf = new Map(document.zones?.map((zone) => [zone.name, zone.prefixes]));
  for (const service of document.services) {
    const entries: PrefixEntry[] = [];
    for (const name of service.zones ?? [undefined]) {
      zones.push(name === undefined ? { service } : { service, name });
      const zone = zones.length;
      const prefixes = name === undefined ? [] : (prefixesOf.get(name) ?? []);
      for (const prefix of prefixes) entries.push({ prefix, zone });
      priced.push(...pricesOfZone(service, name, zone, bands, document));
    }
    const intervals =
      service.zones === undefined
        ? [{ low: 0n, high: NO_DIGITS, zone: zones.length }]
        : intervalsOfPrefixes(entries);
    for (const interval of intervals) {
      intervalRows.push({
        service: SERVICE_CODE[service.service],
        direction: DIRECTION_CODE[service.direction ?? "none"],
        ...interval,
      });
    }
  }
  return {
    ...validityOf(document),
    document,
    version,
    currency: document.currency,
    intervalRows: intervalRows.sort(compareIntervalRows),
    calendarRows: compileCalendar(document),
    priceRows: priced.map(({ row }) => row),
    priceSources: priced.map(({ source }) => source),
    zones,
    bands,
  };
}

interface PricedRow {
  row: PriceRow;
  source: PriceSource;
}

/** By band, so that price rows stand in the order of zone and band as they are made. */
function pricesOfZone(
  service: TariffService,
  zoneName: string | undefined,
  zone: number,
  bands: string[],
  document: TariffDocument,
): PricedRow[] {
  return bands.flatMap((bandName, index) =>
    service.prices.flatMap((price, place) => {
      const isMeant =
        (price.bands?.includes(bandName) ?? true) &&
        (zoneName === undefined || (price.zones?.includes(zoneName) ?? true));
      if (!isMeant) return [];
      const use = { service, zone: zoneName, band: bandName };
      const reduces = planReduces(document, use) ? PLAN_REDUCES : 0;
      const kind = kindOf(price, service) | reduces;
      const source = { price, ...counterOf(price, service, place) };
      return priceRowsOf(price, { zone, band: index + 1, kind }, document).map((row) => ({
        row,
        source,
      }));
    }),
  );
}

function kindOf({ tiers }: TariffPrice, service: TariffService): number {
  if (tiers === undefined) {
    return service.bandsAt === "increment-start" ? PRICE_KIND.byIncrementBand : PRICE_KIND.linear;
  }
  switch (tiers.kind) {
    case "graduated":
      return tiers.over === "session" ? PRICE_KIND.sessionTier : PRICE_KIND.counterTier;
    case "package":
      return PRICE_KIND.package;
    case "volume":
      return PRICE_KIND.volume;
    case "stair-step":
      return PRICE_KIND.stairStep;
  }
}

function counterOf(
  { tiers }: TariffPrice,
  { service, direction }: TariffService,
  place: number,
): Pick<PriceSource, "counter"> {
  if (tiers === undefined || tiers.over === "session") return {};
  const name = tiers.counter ?? `${service} ${direction ?? "none"}/${place}`;
  return { counter: { kind: tiers.kind, scope: tiers.over, name } };
}

function compareIntervalRows(a: IntervalRow, b: IntervalRow): number {
  return a.service - b.service || a.direction - b.direction || (a.low < b.low ? -1 : 1);
}

/** Index of the interval row that holds a packed number, or undefined. */
export function findIntervalRow(
  { intervalRows }: CompiledTariff,
  service: number,
  direction: number,
  packed: bigint,
): number | undefined {
  const index = findLastIndex(intervalRows.length, (i) => {
    const row = intervalRows[i] as IntervalRow;
    if (row.service !== service) return row.service < service;
    if (row.direction !== direction) return row.direction < direction;
    return row.low <= packed;
  });
  const row = intervalRows[index];
  const holds =
    row !== undefined &&
    row.service === service &&
    row.direction === direction &&
    packed <= row.high;
  return holds ? index : undefined;
}

/** Index of the calendar row that holds an instant, or undefined. */
export function findCalendarRow(
  { calendarRows }: CompiledTariff,
  milliseconds: number,
): number | undefined {
  const index = findLastIndex(
    calendarRows.length,
    (i) => (calendarRows[i] as CalendarRow).from <= milliseconds,
  );
  const row = calendarRows[index];
  return row !== undefined && milliseconds < row.to ? index : undefined;
}

/** Index of the price row of a zone and band, the first where it has tiers; or undefined. */
export function findPriceRow(
  { priceRows }: CompiledTariff,
  zone: number,
  band: number,
): number | undefined {
  const before = findLastIndex(priceRows.length, (i) => {
    const row = priceRows[i] as PriceRow;
    return row.zone < zone || (row.zone === zone && row.band < band);
  });
  const row = priceRows[before + 1];
  return row?.zone === zone && row.band === band ? before + 1 : undefined;
}
