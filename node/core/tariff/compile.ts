import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { parseDecimalNano } from "../money/decimal.ts";
import { findLastIndex } from "./binary-search.ts";
import { bandNames, compileCalendar } from "./calendar.ts";
import { parseTariff } from "./check.ts";
import { NO_DIGITS } from "./digits.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import { type Validity, validityOf } from "./instants.ts";
import { intervalsOfPrefixes, type PrefixEntry } from "./intervals.ts";
import {
  type CalendarRow,
  type IntervalRow,
  isLedgerProvable,
  LINEAR_PRICE_KIND,
  NO_MAXIMUM_NANO,
  type PriceRow,
  TIER_END,
} from "./rows.ts";
import { unitSize } from "./units.ts";

/** What a row is called in the document, for explanations. */
export interface ZoneLabel {
  service: TariffService;
  /** Absent where the number does not matter. */
  name?: string;
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
  const priceRows: PriceRow[] = [];
  const prefixesOf = new Map(document.zones?.map((zone) => [zone.name, zone.prefixes]));
  for (const service of document.services) {
    const entries: PrefixEntry[] = [];
    for (const name of service.zones ?? [undefined]) {
      zones.push(name === undefined ? { service } : { service, name });
      const zone = zones.length;
      const prefixes = name === undefined ? [] : (prefixesOf.get(name) ?? []);
      for (const prefix of prefixes) entries.push({ prefix, zone });
      priceRows.push(...pricesOfZone(service, name, zone, bands, document));
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
    priceRows,
    zones,
    bands,
  };
}

/** By band, so that price rows stand in the order of zone and band as they are made. */
function pricesOfZone(
  service: TariffService,
  zoneName: string | undefined,
  zone: number,
  bands: string[],
  document: TariffDocument,
): PriceRow[] {
  return bands.flatMap((bandName, index) =>
    service.prices
      .filter(
        (price) =>
          (price.bands?.includes(bandName) ?? true) &&
          (zoneName === undefined || (price.zones?.includes(zoneName) ?? true)),
      )
      .map((price) => priceRow(price, zone, index + 1, document)),
  );
}

function priceRow(
  price: TariffPrice,
  zone: number,
  band: number,
  document: TariffDocument,
): PriceRow {
  const { mode, scale } = price.rounding ?? document.rounding;
  const increments = price.increments ?? { first: 1, further: 1, unit: "unit" as const };
  const row: Omit<PriceRow, "provable"> = {
    zone,
    area: 0,
    origin: 0,
    band,
    class: 0,
    kind: LINEAR_PRICE_KIND,
    priceNano: parseDecimalNano(price.price.amount),
    per: BigInt(price.price.per) * unitSize(price.price.unit),
    setUpNano: parseDecimalNano(price.setUp ?? "0"),
    first: BigInt(increments.first) * unitSize(increments.unit),
    step: BigInt(increments.further) * unitSize(increments.unit),
    minimumNano: parseDecimalNano(price.minimum ?? "0"),
    maximumNano: price.maximum === undefined ? NO_MAXIMUM_NANO : parseDecimalNano(price.maximum),
    tierFrom: 0n,
    tierTo: TIER_END,
    mode,
    scale,
    split: price.split ?? 1,
  };
  return { ...row, provable: isLedgerProvable(row) };
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

/** Index of the price row of a zone and band, or undefined. */
export function findPriceRow(
  { priceRows }: CompiledTariff,
  zone: number,
  band: number,
): number | undefined {
  const index = findLastIndex(priceRows.length, (i) => {
    const row = priceRows[i] as PriceRow;
    return row.zone < zone || (row.zone === zone && row.band <= band);
  });
  const row = priceRows[index];
  return row?.zone === zone && row.band === band ? index : undefined;
}
