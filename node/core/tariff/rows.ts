import { PackedBytes } from "../bytes.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { hash } from "../hash.ts";
import { ROUNDING_MODES, type RoundingMode } from "../money/rounding.ts";

/*
 * The rows of a tariff: what is published, and what the ledger prices a charge by. Their bytes are
 * those of docs/PROTOCOL.md, section 8; a row's digest is its leaf in the tariff's tree.
 */

/** Digits from `low` to `high`, both included, lead to `zone`. */
export interface IntervalRow {
  service: number;
  direction: number;
  low: bigint;
  high: bigint;
  zone: number;
}

/** Milliseconds since 1970 UTC, `from` ≤ t < `to`. */
export interface CalendarRow {
  from: number;
  to: number;
  band: number;
}

export const LINEAR_PRICE_KIND = 1;

/** The kinds of price rows (docs/PROTOCOL.md, section 8). */
export const PRICE_KIND = {
  linear: LINEAR_PRICE_KIND,
  /** Linear, with the band looked up at each increment's start. */
  byIncrementBand: 2,
  /** A tier of the record's own quantity. */
  sessionTier: 3,
  /** A tier of a counter. */
  counterTier: 4,
  package: 5,
  volume: 6,
  stairStep: 7,
} as const;

/** Set in a row's kind where the account's plan, or the document beside it, changes what it yields. */
export const PLAN_REDUCES = 0x10;

/** Whether two price rows are tiers of one price. */
export function isSameCell(a: PriceRow, b: PriceRow): boolean {
  return (
    a.zone === b.zone &&
    a.band === b.band &&
    a.area === b.area &&
    a.origin === b.origin &&
    a.class === b.class
  );
}

export const NO_MAXIMUM_NANO = 2n ** 128n - 1n;
export const TIER_END = 2n ** 64n - 1n;

/** Prices in nano-units; per, first and step in units of the service's quantity. */
export interface PriceRow {
  zone: number;
  /** 0 means any; so do `origin` and `class`. */
  area: number;
  origin: number;
  band: number;
  class: number;
  kind: number;
  /** Whether the ledger can price the charge again; else only an arbiter can. */
  provable: boolean;
  priceNano: bigint;
  per: bigint;
  setUpNano: bigint;
  first: bigint;
  step: bigint;
  minimumNano: bigint;
  maximumNano: bigint;
  tierFrom: bigint;
  tierTo: bigint;
  mode: RoundingMode;
  scale: number;
  split: number;
}

function start(tag: number): PackedBytes {
  return new PackedBytes().unsigned(tag, 1).unsigned(PROTOCOL_VERSION, 1);
}

export function encodeIntervalRow(row: IntervalRow): Uint8Array {
  return start(TAG.intervalRow)
    .unsigned(row.service, 1)
    .unsigned(row.direction, 1)
    .unsigned(row.low, 8)
    .unsigned(row.high, 8)
    .unsigned(row.zone, 4)
    .done();
}

export function encodeCalendarRow(row: CalendarRow): Uint8Array {
  return start(TAG.calendarRow)
    .unsigned(row.from, 8)
    .unsigned(row.to, 8)
    .unsigned(row.band, 2)
    .done();
}

export function encodePriceRow(row: PriceRow): Uint8Array {
  return start(TAG.priceRow)
    .unsigned(row.zone, 4)
    .unsigned(row.area, 2)
    .unsigned(row.origin, 2)
    .unsigned(row.band, 2)
    .unsigned(row.class, 1)
    .unsigned(row.kind, 1)
    .unsigned(row.provable ? 1 : 0, 1)
    .unsigned(row.priceNano, 16)
    .unsigned(row.per, 8)
    .unsigned(row.setUpNano, 16)
    .unsigned(row.first, 4)
    .unsigned(row.step, 4)
    .unsigned(row.minimumNano, 16)
    .unsigned(row.maximumNano, 16)
    .unsigned(row.tierFrom, 8)
    .unsigned(row.tierTo, 8)
    .unsigned(ROUNDING_MODES.indexOf(row.mode), 1)
    .unsigned(row.scale, 1)
    .unsigned(row.split, 4)
    .done();
}

export const intervalRowDigest = (row: IntervalRow): Uint8Array => hash(encodeIntervalRow(row));
export const calendarRowDigest = (row: CalendarRow): Uint8Array => hash(encodeCalendarRow(row));
export const priceRowDigest = (row: PriceRow): Uint8Array => hash(encodePriceRow(row));

/** Kinds that the ledger prices again, by the charge alone and the counter that it carries. */
const LEDGER_KINDS: ReadonlySet<number> = new Set([
  PRICE_KIND.linear,
  PRICE_KIND.sessionTier,
  PRICE_KIND.counterTier,
  PRICE_KIND.package,
]);

/** The ledger prices rows that ask for nothing but what a charge group holds. */
export function isLedgerProvable(row: Omit<PriceRow, "provable">): boolean {
  return LEDGER_KINDS.has(row.kind) && row.area === 0 && row.origin === 0;
}
