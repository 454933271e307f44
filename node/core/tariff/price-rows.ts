import { parseDecimalNano } from "../money/decimal.ts";
import type { TariffDocument, TariffPrice } from "./document.ts";
import { isLedgerProvable, NO_MAXIMUM_NANO, type PriceRow, TIER_END } from "./rows.ts";
import { unitSize } from "./units.ts";

type Increments = NonNullable<TariffPrice["increments"]>;

/** The rows of one price in one zone and band: one for each tier, in ascending order. */
export function priceRowsOf(
  price: TariffPrice,
  cell: Pick<PriceRow, "zone" | "band" | "kind">,
  document: TariffDocument,
): PriceRow[] {
  const { mode, scale } = price.rounding ?? document.rounding;
  const increments = price.increments ?? { first: 1, further: 1, unit: "unit" as const };
  const base = {
    ...cell,
    area: 0,
    origin: 0,
    class: 0,
    minimumNano: parseDecimalNano(price.minimum ?? "0"),
    maximumNano: price.maximum === undefined ? NO_MAXIMUM_NANO : parseDecimalNano(price.maximum),
    mode,
    scale,
    split: price.split ?? 1,
  };
  const setUpNano = parseDecimalNano(price.setUp ?? "0");
  const rows = tiersOf(price, setUpNano, increments).map((tier) => ({ ...base, ...tier }));
  return rows.map((row) => ({ ...row, provable: isLedgerProvable(row) }));
}

type Tier = Pick<
  PriceRow,
  "priceNano" | "per" | "setUpNano" | "first" | "step" | "tierFrom" | "tierTo"
>;

function tiersOf(price: TariffPrice, setUpNano: bigint, increments: Increments): Tier[] {
  const { tiers } = price;
  if (tiers === undefined) {
    return [
      {
        ...unitPrice(price.price),
        setUpNano,
        ...sizes(increments),
        tierFrom: 0n,
        tierTo: TIER_END,
      },
    ];
  }
  let tierFrom = 0n;
  let counted = increments;
  return tiers.steps.map((step, index) => {
    if (step.increments !== undefined) counted = step.increments;
    // After the first tier the first increment is over, unless a tier brings its own.
    else if (index > 0) counted = { ...counted, first: counted.further };
    const tierTo = step.upTo === undefined ? TIER_END : BigInt(step.upTo) * unitSize(tiers.unit);
    const tier = {
      ...unitPrice(step.price),
      setUpNano: step.fee === undefined ? setUpNano : parseDecimalNano(step.fee),
      ...sizes(counted),
      tierFrom,
      tierTo,
    };
    tierFrom = tierTo;
    return tier;
  });
}

/** A tier with a fee alone has no price for its units. */
function unitPrice(price: TariffPrice["price"]): Pick<PriceRow, "priceNano" | "per"> {
  if (price === undefined) return { priceNano: 0n, per: 1n };
  return {
    priceNano: parseDecimalNano(price.amount),
    per: BigInt(price.per) * unitSize(price.unit),
  };
}

function sizes({ first, further, unit }: Increments): Pick<PriceRow, "first" | "step"> {
  return { first: BigInt(first) * unitSize(unit), step: BigInt(further) * unitSize(unit) };
}
