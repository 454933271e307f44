import type { Lot } from "./allowances.ts";

/**
 * The order in which lots pay for a use: by priority; what was carried over after the rest where its
 * allowance says so; then what expires soonest; then as listed. (Whoever prices takes those first
 * that burn what was used.)
 */
export function inOrderOfUse(lots: readonly Lot[]): Lot[] {
  return lots
    .map((lot, index) => ({ lot, index }))
    .sort(
      (a, b) =>
        (a.lot.allowance.priority ?? 0) - (b.lot.allowance.priority ?? 0) ||
        heldBack(a.lot) - heldBack(b.lot) ||
        a.lot.expires - b.lot.expires ||
        a.index - b.index,
    )
    .map(({ lot }) => lot);
}

const heldBack = ({ age, allowance }: Lot): number =>
  age > 0 && allowance.rollover?.used === "last" ? 1 : 0;
