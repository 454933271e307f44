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

const interval: IntervalRow = {
  service: 1,
  direction: 1,
  low: 0x4917_0000_0000_0000n,
  high: 0x4917_ffff_ffff_ffffn,
  zone: 1,
};
const calendar: CalendarRow = { from: 0, to: 2 ** 48, band: 1 };
const price: PriceRow = {
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
};

/** The root to publish, and PriceEvidence of every call that it prices. */
export function plainTariff(): { root: Hex; evidence: object } {
  const leaves = [intervalRowDigest(interval), calendarRowDigest(calendar), priceRowDigest(price)];
  const tree = buildInclusionTree(leaves, 0);
  const header: TariffHeader = {
    currency: "EUR",
    depth: tree.depth,
    count: leaves.length,
    rowsRoot: tree.root,
    documentHash: bytesOf("document"),
  };
  const place = (index: number) => ({ index, siblings: tree.path(index).map(toHex) });
  const { priceNano, setUpNano, minimumNano, maximumNano, ...rest } = price;
  return {
    root: toHex(tariffRoot(header)),
    evidence: {
      header: {
        currency: toHex(new TextEncoder().encode("EUR")),
        depth: header.depth,
        count: header.count,
        rowsRoot: toHex(header.rowsRoot),
        documentHash: toHex(header.documentHash),
      },
      interval,
      intervalPath: place(0),
      calendar,
      calendarPath: place(1),
      price: {
        ...rest,
        provable: 1,
        price: priceNano,
        setUp: setUpNano,
        minimum: minimumNano,
        maximum: maximumNano,
        mode: ROUNDING_MODES.indexOf(price.mode),
      },
      pricePath: place(2),
      further: [],
    },
  };
}
