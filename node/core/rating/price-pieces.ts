import { TallystickError } from "../errors.ts";
import { type Fraction, fraction } from "../money/fraction.ts";
import { type CompiledTariff, findCalendarRow, findPriceRow } from "../tariff/compile.ts";
import { ANY_CELL, type PriceCell } from "../tariff/conditions.ts";
import {
  type CalendarRow,
  isSameCell,
  PLAN_REDUCES,
  PRICE_KIND,
  type PriceRow,
} from "../tariff/rows.ts";
import { billedQuantity } from "./price-quantity.ts";

/** Billed units that one row prices, exact. */
export interface Piece {
  /** Index among the price rows. */
  price: number;
  /** How much of the use lies in it, and how much is billed for that. */
  quantity: bigint;
  billed: bigint;
  exact: Fraction;
  /** Charged at the period's end, by the counter's closing value. */
  isCounted?: true;
  counterBefore?: bigint;
  /** Due because the first unit of the row's tier is among them. */
  feeNano?: bigint;
}

/** The billed units of a charge from `from` to before `to`, counted from its start. */
export interface BilledUnits {
  startMilliseconds: number;
  quantity: bigint;
  from: bigint;
  to: bigint;
  /** Of the price's counter, where it has one. */
  counterBefore?: bigint;
}

/** Place of the first price row among all rows of the tariff's tree. */
export function firstPricePlace({ intervalRows, calendarRows }: CompiledTariff): number {
  return intervalRows.length + calendarRows.length;
}

/** @throws TallystickError `rating.no-price` */
export function requirePriceRow(
  tariff: CompiledTariff,
  zone: number,
  band: number,
  cell: PriceCell = ANY_CELL,
): number {
  const price = findPriceRow(tariff, zone, band, cell);
  if (price !== undefined) return price;
  throw new TallystickError(
    "rating.no-price",
    `The tariff has no price for zone ${zone} in band ${band}.`,
  );
}

/** What is billed of a quantity: by the row's increments, or by those of its session tiers. */
export function billedOf(tariff: CompiledTariff, price: number, quantity: bigint): bigint {
  const row = tariff.priceRows[price] as PriceRow;
  if ((row.kind & ~PLAN_REDUCES) !== PRICE_KIND.sessionTier) return billedQuantity(row, quantity);
  // Tiers hold whole increments, so the last tier that is reached alone decides.
  const last = tiersOf(tariff, price).findLast(([, { tierFrom }]) => tierFrom < quantity);
  if (last === undefined) return 0n;
  return last[1].tierFrom + billedQuantity(last[1], quantity - last[1].tierFrom);
}

/**
 * Splits billed units by the rows that price them. One step for each band or tier that they cross,
 * never one for each increment.
 * @throws TallystickError `rating.calendar-ended`, `rating.no-price`
 */
export function piecesOf(tariff: CompiledTariff, price: number, units: BilledUnits): Piece[] {
  const row = tariff.priceRows[price] as PriceRow;
  const { quantity, from, to, counterBefore = 0n } = units;
  const all = { price, quantity: overlap(0n, quantity, from, to), billed: to - from };
  switch (row.kind & ~PLAN_REDUCES) {
    case PRICE_KIND.byIncrementBand:
      return piecesByBand(tariff, row, units);
    case PRICE_KIND.sessionTier:
      return piecesByTier(tariff, price, units, 0n);
    case PRICE_KIND.counterTier:
      return piecesByTier(tariff, price, units, counterBefore - from);
    case PRICE_KIND.package: {
      const packages = packagesBegun(row, counterBefore, counterBefore + all.billed);
      return [{ ...all, exact: fraction(row.priceNano * packages), counterBefore }];
    }
    case PRICE_KIND.volume:
    case PRICE_KIND.stairStep:
      return [{ ...all, exact: fraction(0n), isCounted: true, counterBefore }];
    default:
      return [{ ...all, exact: fraction(row.priceNano * all.billed, row.per) }];
  }
}

/** How many packages have their first unit from `from` to before `to`. */
export function packagesBegun({ per }: PriceRow, from: bigint, to: bigint): bigint {
  const begun = (position: bigint): bigint => (position + per - 1n) / per;
  return begun(to) - begun(from);
}

/** The price of each increment is that of the band in which it starts; increments run on. */
function piecesByBand(tariff: CompiledTariff, own: PriceRow, units: BilledUnits): Piece[] {
  const { startMilliseconds, quantity, from, to } = units;
  const { calendarRows, laterBands } = tariff;
  const pieces: Piece[] = [];
  const isIn = ({ from, to }: CalendarRow) => from <= startMilliseconds && startMilliseconds < to;
  const later = laterBands.findIndex(isIn);
  let at =
    findCalendarRow(tariff, startMilliseconds) ??
    (later < 0 ? undefined : calendarRows.length + later);
  for (let begin = from; begin < to || pieces.length === 0; at++) {
    const calendar =
      at === undefined ? undefined : (calendarRows[at] ?? laterBands[at - calendarRows.length]);
    if (at === undefined || calendar === undefined) throw calendarEnded();
    const price = requirePriceRow(tariff, own.zone, (calendar as CalendarRow).band, own);
    const row = tariff.priceRows[price] as PriceRow;
    // The first increment that starts at or after the band's end, as units from the start.
    const next = billedQuantity(row, BigInt(calendar.to - startMilliseconds));
    if (next <= begin && begin < to) continue;
    const end = next < to ? next : to;
    // Where the calendar ended within a band, the band goes on.
    const first = pieces.at(-1)?.price === price ? begin - (pieces.pop() as Piece).billed : begin;
    const billed = end - first;
    pieces.push({
      price,
      quantity: overlap(0n, quantity, first, end),
      billed,
      exact: fraction(row.priceNano * billed, row.per),
    });
    begin = end;
  }
  return pieces;
}

/** @param offset what to add to a unit's place in the charge for its place among the tiers */
function piecesByTier(
  tariff: CompiledTariff,
  price: number,
  { quantity, from, to }: BilledUnits,
  offset: bigint,
): Piece[] {
  const pieces: Piece[] = [];
  for (const [index, row] of tiersOf(tariff, price)) {
    const begin = larger(row.tierFrom - offset, from);
    const end = smaller(row.tierTo - offset, to);
    const isEmpty = from === to && pieces.length === 0 && offset + from < row.tierTo;
    if (begin >= end && !isEmpty) continue;
    const billed = isEmpty ? 0n : end - begin;
    const { feeNano: fee, unitsPaid } = tariff.priceSources[index] ?? {};
    const isEntered = fee !== undefined && billed > 0n && offset + begin === row.tierFrom;
    // Packages are counted from the beginning of their tier.
    const inTier = offset + begin - row.tierFrom;
    const exact =
      unitsPaid === "in-packages"
        ? fraction(row.priceNano * packagesBegun(row, inTier, inTier + billed))
        : fraction(row.priceNano * billed, row.per);
    pieces.push({
      ...(isEntered ? { feeNano: fee } : {}),
      price: index,
      quantity: isEmpty ? 0n : overlap(0n, quantity, begin, end),
      billed,
      exact,
      ...(offset === 0n ? {} : { counterBefore: offset + begin }),
    });
  }
  return pieces;
}

function tiersOf({ priceRows }: CompiledTariff, price: number): [number, PriceRow][] {
  const first = priceRows[price] as PriceRow;
  const tiers: [number, PriceRow][] = [];
  for (let i = price; i < priceRows.length; i++) {
    const row = priceRows[i] as PriceRow;
    if (!isSameCell(first, row)) break;
    tiers.push([i, row]);
  }
  return tiers;
}

/** How much of a..b lies in c..d. */
function overlap(a: bigint, b: bigint, c: bigint, d: bigint): bigint {
  const length = smaller(b, d) - larger(a, c);
  return length > 0n ? length : 0n;
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

export function calendarEnded(): TallystickError {
  return new TallystickError(
    "rating.calendar-ended",
    "The tariff's calendar does not reach this time; publish a version whose calendar does.",
  );
}
