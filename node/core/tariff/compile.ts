import { DIRECTION_CODE, SERVICE_CODE } from "../commitment/charge-groups.ts";
import { findLastIndex } from "./binary-search.ts";
import { bandNames, bandsAfterCalendar, compileCalendar } from "./calendar.ts";
import { parseTariff } from "./check.ts";
import {
  ANY_CELL,
  type CompiledConditions,
  compileConditions,
  type Dimensions,
  dimensionsOf,
  type PriceCell,
} from "./conditions.ts";
import { NO_DIGITS } from "./digits.ts";
import type { TariffDocument, TariffPrice, TariffService } from "./document.ts";
import type { TierKind } from "./document-tiers.ts";
import { type Validity, validityOf } from "./instants.ts";
import { intervalsOfPrefixes, type PrefixEntry } from "./intervals.ts";
import { type PlacedUse, planReduces } from "./plan-uses.ts";
import { isOfPackages, priceRowsOf, tierFeeNano } from "./price-rows.ts";
import {
  type CalendarRow,
  type IntervalRow,
  PLAN_REDUCES,
  PRICE_KIND,
  type PriceRow,
} from "./rows.ts";
import { unitSize } from "./units.ts";

/** What a row is called in the document, for explanations. */
export interface ZoneLabel {
  service: TariffService;
  /** Absent where the number does not matter. */
  name?: string;
  /** What its prices ask for beside zone and band. */
  by: Dimensions;
}

/** The document's price that a row was made of. */
export interface PriceSource {
  price: TariffPrice;
  /** Absent where the price of a charge depends on no counter of tiers. */
  counter?: CounterUse;
  /** Whether the account's plan, counters or earlier use decide what a charge comes to. */
  needsAccount: boolean;
  /** Whether more than a counter of tiers decides it: the plan, or earlier use that is counted with it. */
  needsPlan: boolean;
  /** Due with the first unit of the row's tier. */
  feeNano?: bigint;
  /** How the units of the row's tier are paid, where its own price does not say so. */
  unitsPaid?: "in-packages" | "by-fee";
}

/** The running quantity that a price's tiers stand over. */
export interface CounterUse {
  kind: TierKind;
  scope: "device" | "account" | "pool";
  name: string;
  /** Where it begins anew within a billing period. */
  windowMilliseconds?: number;
}

/** A tariff as rows, in the order of its tree: interval rows, calendar rows, price rows. */
export interface CompiledTariff extends Validity {
  document: TariffDocument;
  /** Its number in the registry, from 1. */
  version: number;
  currency: string;
  intervalRows: IntervalRow[];
  calendarRows: CalendarRow[];
  /** What follows those for increments of a session that runs past them; no rows of the tree. */
  laterBands: CalendarRow[];
  priceRows: PriceRow[];
  /** Where each price row comes from; as many as there are price rows. */
  priceSources: PriceSource[];
  /** Zone z of the rows is `zones[z - 1]`. */
  zones: ZoneLabel[];
  /** Band b of the rows is `bands[b - 1]`. */
  bands: string[];
  conditions: CompiledConditions;
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
  const conditions = compileConditions(document);
  const zones: ZoneLabel[] = [];
  const intervalRows: IntervalRow[] = [];
  const priced: PricedRow[] = [];
  const prefixesOf = new Map(document.zones?.map((zone) => [zone.name, zone.prefixes]));
  for (const service of document.services) {
    const entries: PrefixEntry[] = [];
    const by = dimensionsOf(document, service);
    for (const name of service.zones ?? [undefined]) {
      zones.push(name === undefined ? { service, by } : { service, name, by });
      const zone = zones.length;
      const prefixes = name === undefined ? [] : (prefixesOf.get(name) ?? []);
      for (const prefix of prefixes) entries.push({ prefix, zone });
      priced.push(...pricesOfZone(zones[zone - 1] as ZoneLabel, zone, bands, conditions, document));
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
    laterBands: bandsAfterCalendar(document),
    priceRows: priced.map(({ row }) => row),
    priceSources: priced.map(({ source }) => source),
    zones,
    bands,
    conditions,
  };
}

interface PricedRow {
  row: PriceRow;
  source: PriceSource;
}

/** In the order of (area, origin, band, class), which is that of the rows. */
function pricesOfZone(
  { service, name, by }: ZoneLabel,
  zone: number,
  bands: string[],
  { areas, origins, classes }: CompiledConditions,
  document: TariffDocument,
): PricedRow[] {
  const priced: PricedRow[] = [];
  for (const [area, areaName] of placesOf(areas, by.area)) {
    for (const [origin, originName] of placesOf(origins, by.origin)) {
      for (const [band, bandName] of placesOf(bands, true)) {
        for (const [kind, className] of placesOf(classes, by.class)) {
          for (const [place, price] of service.prices.entries()) {
            const isMeant =
              holds(price.zones, name) &&
              holds(price.bands, bandName) &&
              holds(price.areas, areaName) &&
              holds(price.origins, originName) &&
              holds(price.classes, className);
            if (!isMeant) continue;
            const use = { service, zone: name, band: bandName, area: areaName, class: className };
            const cell = { zone, band, area, origin, class: kind };
            priced.push(...rowsOf(price, place, service, cell, use, document));
          }
        }
      }
    }
  }
  return priced;
}

/** Numbered from 1; one place 0 without a name where the dimension does not matter. */
function placesOf(names: readonly string[], matters: boolean): [number, string | undefined][] {
  return matters ? names.map((name, index) => [index + 1, name]) : [[0, undefined]];
}

const holds = (names: readonly string[] | undefined, name: string | undefined): boolean =>
  names === undefined || name === undefined || names.includes(name);

function rowsOf(
  price: TariffPrice,
  place: number,
  service: TariffService,
  cell: PriceCell & { zone: number; band: number },
  use: PlacedUse,
  document: TariffDocument,
): PricedRow[] {
  const isReduced = planReduces(document, use);
  const isCountedAlone = (price.counted ?? "record") === "record";
  const isRoundedByParts = document.rounding.of === "component" && price.rounding === undefined;
  const isMixed = price.tiers?.steps.some(
    (step) => step.package !== undefined || (step.fee && price.tiers?.kind === "graduated"),
  );
  const isChanged =
    isMixed || isReduced || price.chargedFrom !== undefined || !isCountedAlone || isRoundedByParts;
  const kind = kindOf(price, service) | (isChanged ? PLAN_REDUCES : 0);
  const counter = counterOf(price, service, place);
  const needsPlan = isReduced || !isCountedAlone;
  const needsAccount = needsPlan || counter.counter !== undefined;
  const source = { price, ...counter, needsAccount, needsPlan };
  return priceRowsOf(price, { ...cell, kind }, document).map((row, step) => {
    const feeNano = tierFeeNano(price, step, document);
    const unitsPaid = unitsPaidOf(price, step);
    return {
      row,
      source: {
        ...source,
        ...(feeNano === 0n ? {} : { feeNano }),
        ...(unitsPaid === undefined ? {} : { unitsPaid }),
      },
    };
  });
}

function unitsPaidOf(price: TariffPrice, step: number): PriceSource["unitsPaid"] {
  const tier = price.tiers?.steps[step];
  if (isOfPackages(price, tier)) return "in-packages";
  return tier !== undefined && tier.price === undefined ? "by-fee" : undefined;
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
  const { kind, over: scope, window } = tiers;
  if (window === undefined) return { counter: { kind, scope, name } };
  const windowMilliseconds = window.quantity * Number(unitSize(window.unit));
  return { counter: { kind, scope, name, windowMilliseconds } };
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

/** Index of the price row of a cell, the first where it has tiers; or undefined. */
export function findPriceRow(
  { priceRows }: CompiledTariff,
  zone: number,
  band: number,
  cell: PriceCell = ANY_CELL,
): number | undefined {
  const order = (row: PriceRow): number =>
    row.zone - zone ||
    row.area - cell.area ||
    row.origin - cell.origin ||
    row.band - band ||
    row.class - cell.class;
  const before = findLastIndex(priceRows.length, (i) => order(priceRows[i] as PriceRow) < 0);
  const row = priceRows[before + 1];
  return row !== undefined && order(row) === 0 ? before + 1 : undefined;
}
