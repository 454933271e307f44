import { type Hex, toHex } from "../../node/core/bytes.ts";
import { buildInclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import { ROUNDING_MODES } from "../../node/core/money/rounding.ts";
import {
  type CalendarRow,
  calendarRowDigest,
  type IntervalRow,
  intervalRowDigest,
  LINEAR_PRICE_KIND,
  NO_MAXIMUM_NANO,
  type PriceRow,
  priceRowDigest,
  TIER_END,
} from "../../node/core/tariff/rows.ts";
import { type TariffHeader, tariffRoot } from "../../node/core/tariff/tariff-tree.ts";
import { bytesOf } from "./named-bytes.ts";

/** 0.10 EUR a started minute to +4917…, at any time, for the books of split 1. */
export const MINUTE_NANO = 100_000_000n;

export interface TariffRows {
  interval: IntervalRow;
  calendar: CalendarRow;
  price: PriceRow;
}

export const PLAIN_ROWS: TariffRows = {
  interval: {
    service: 1,
    direction: 1,
    low: 0x4917_0000_0000_0000n,
    high: 0x4917_ffff_ffff_ffffn,
    zone: 1,
  },
  calendar: { from: 0, to: 2 ** 48, band: 1 },
  price: {
    zone: 1,
    area: 0,
    origin: 0,
    band: 1,
    class: 0,
    kind: LINEAR_PRICE_KIND,
    provable: true,
    priceNano: MINUTE_NANO,
    per: 60_000n,
    setUpNano: 0n,
    first: 60_000n,
    step: 60_000n,
    minimumNano: 0n,
    maximumNano: NO_MAXIMUM_NANO,
    tierFrom: 0n,
    tierTo: TIER_END,
    mode: ROUNDING_MODES[0] as PriceRow["mode"],
    scale: 2,
    split: 1,
  },
};

/** The root to publish, and PriceEvidence of every call that it prices. */
export function plainTariff(): { root: Hex; evidence: object } {
  const { interval, calendar, price } = PLAIN_ROWS;
  const leaves = [intervalRowDigest(interval), calendarRowDigest(calendar), priceRowDigest(price)];
  const { root, evidence } = publishedTariff(leaves, "EUR");
  return { root, evidence: evidence(PLAIN_ROWS, [0, 1, 2]) };
}

/** A tariff of the given rows, and PriceEvidence of three of them by their places in its tree. */
export function publishedTariff(leaves: Uint8Array[], currency: string) {
  const tree = buildInclusionTree(leaves, 0);
  const header: TariffHeader = {
    currency,
    depth: tree.depth,
    count: leaves.length,
    rowsRoot: tree.root,
    documentHash: bytesOf("document"),
  };
  const place = (index: number) => ({ index, siblings: tree.path(index).map(toHex) });
  const evidence = (
    { interval, calendar, price }: TariffRows,
    [intervalAt, calendarAt, priceAt]: [number, number, number],
  ) => ({
    header: {
      currency: toHex(new TextEncoder().encode(currency)),
      depth: header.depth,
      count: header.count,
      rowsRoot: toHex(header.rowsRoot),
      documentHash: toHex(header.documentHash),
    },
    interval,
    intervalPath: place(intervalAt),
    calendar,
    calendarPath: place(calendarAt),
    price: priceTuple(price),
    pricePath: place(priceAt),
    further: [],
  });
  return { root: toHex(tariffRoot(header)), evidence };
}

/** A price row as the contracts take it. */
export const priceTuple = ({
  priceNano,
  setUpNano,
  minimumNano,
  maximumNano,
  ...row
}: PriceRow) => ({
  ...row,
  provable: row.provable ? 1 : 0,
  price: priceNano,
  setUp: setUpNano,
  minimum: minimumNano,
  maximum: maximumNano,
  mode: ROUNDING_MODES.indexOf(row.mode),
});
