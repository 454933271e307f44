import { rowsAt } from "../rating/price-charge.ts";
import { billedQuantity } from "../rating/price-quantity.ts";
import { PRICE_KIND } from "../tariff/rows.ts";
import { leafOfCharge, openedUse, usageOpening } from "./breach-openings.ts";
import { type Bundle, type BundleCharge, isClosed, type OpenedCharge } from "./bundle.ts";
import { repriceCharge } from "./check-price.ts";
import {
  attempt,
  type BundleTariffs,
  type FoundBreach,
  inOrderOfPlaces,
  placeOf,
} from "./found-breach.ts";
import { priceEvidence } from "./mispriced-opening.ts";

/** Kinds of rows whose counter a charge moves by what it is billed for. */
const COUNTING: ReadonlySet<number> = new Set([
  PRICE_KIND.counterTier,
  PRICE_KIND.package,
  PRICE_KIND.volume,
  PRICE_KIND.stairStep,
]);

/** "PLAN", as a scope begins that names a plan. */
const PLAN_SCOPE = "0x504c414e";

type Counter = OpenedCharge["counters"][number];
const counterOf = ({ charge }: BundleCharge): Counter | undefined =>
  isClosed(charge) || /^0x0*$/.test(charge.counters[0]?.scope ?? "0x")
    ? undefined
    : charge.counters[0];

/** Neighbours in one counter of which the later does not begin where the earlier one ended. */
export function* counterSteps(bundle: Bundle, tariffs: BundleTariffs): Generator<FoundBreach> {
  const at = new Map<string, BundleCharge>();
  const keyOf = (charge: BundleCharge, scope: string, sequence: bigint) =>
    `${placeOf(bundle, charge).book} ${scope} ${sequence}`;
  for (const charge of bundle.charges) {
    const counter = counterOf(charge);
    if (counter === undefined) continue;
    at.set(keyOf(charge, counter.scope, BigInt(counter.scopeSequence)), charge);
  }
  for (const charge of bundle.charges) {
    const counter = counterOf(charge);
    if (counter === undefined) continue;
    const sequence = BigInt(counter.scopeSequence);
    const before = sequence === 1n ? charge : at.get(keyOf(charge, counter.scope, sequence - 1n));
    if (before !== undefined) yield* attempt(() => stepOf(bundle, tariffs, charge, before));
  }
}

/** One place of a counter in two charges, in whatever slot; of plans every charge names the same. */
export function* scopesReused(bundle: Bundle): Generator<FoundBreach> {
  const first = new Map<string, { charge: BundleCharge; slot: number }>();
  for (const charge of inOrderOfPlaces(bundle)) {
    if (isClosed(charge.charge)) continue;
    for (const [slot, { scope, scopeSequence }] of charge.charge.counters.entries()) {
      if (/^0x0*$/.test(scope) || scope.startsWith(PLAN_SCOPE)) continue;
      const key = `${placeOf(bundle, charge).book} ${scope} ${scopeSequence}`;
      const before = first.get(key);
      if (before === undefined) first.set(key, { charge, slot });
      else yield* attempt(() => reuseOf(bundle, { charge, slot }, before));
    }
  }
}

interface ScopeAt {
  charge: BundleCharge;
  slot: number;
}

function reuseOf(bundle: Bundle, claimed: ScopeAt, before: ScopeAt): FoundBreach | undefined {
  if (claimed.charge === before.charge) return undefined;
  const { sequence, leafIndex } = placeOf(bundle, before.charge);
  return {
    kind: "scopeReused",
    line: claimed.charge.line,
    ...placeOf(bundle, claimed.charge),
    claimedNano: 0n,
    opened: {
      leaf: leafOfCharge(bundle, claimed.charge),
      salt: openedUse(claimed.charge).salt,
    },
    evidence: {
      claimed: usageOpening(bundle, claimed.charge),
      claimedSlot: claimed.slot,
      beforeSequence: sequence.toString(),
      beforeIndex: leafIndex,
      before: usageOpening(bundle, before.charge),
      beforeSlot: before.slot,
    },
  };
}

function stepOf(
  bundle: Bundle,
  tariffs: BundleTariffs,
  claimed: BundleCharge,
  before: BundleCharge,
): FoundBreach | undefined {
  const use = openedUse(before);
  const { tariff, tree } = tariffs.inForce(use);
  const pricing = repriceCharge(tariff, use);
  const { price } = rowsAt(tariff, pricing.rows);
  if (!COUNTING.has(price.kind)) return undefined;
  const moved = billedQuantity(price, BigInt(use.quantity));
  const expected = claimed === before ? 0n : BigInt(counterOf(before)?.counterBefore ?? 0) + moved;
  if (BigInt(counterOf(claimed)?.counterBefore ?? 0) === expected) return undefined;
  const { sequence, leafIndex } = placeOf(bundle, before);
  return {
    kind: "counterStepWrong",
    line: claimed.line,
    ...placeOf(bundle, claimed),
    claimedNano: 0n,
    opened: { leaf: leafOfCharge(bundle, claimed), salt: openedUse(claimed).salt },
    evidence: {
      claimed: usageOpening(bundle, claimed),
      beforeSequence: sequence.toString(),
      beforeIndex: leafIndex,
      before: usageOpening(bundle, before),
      moved: priceEvidence(tariff, pricing, tree),
    },
  };
}
