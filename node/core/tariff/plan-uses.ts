import type { TariffDocument, TariffPlan, TariffService } from "./document.ts";

/** What a plan's `uses` are compared with, in the document's words. */
export interface PlacedUse {
  service: Pick<TariffService, "service" | "direction" | "measure">;
  zone: string | undefined;
  band: string | undefined;
  area: string | undefined;
  class: string | undefined;
  /** Whether the other side is on the account's list; undefined where that is not known yet. */
  isFriend?: boolean;
}

type PlanUse = NonNullable<NonNullable<TariffPlan["limits"]>[number]["uses"]>[number];

/** Whether a plan's `uses` mean a use; without a list, every use is meant. */
export function isMeant(uses: readonly PlanUse[] | undefined, use: PlacedUse): boolean {
  if (uses === undefined) return true;
  const { service, direction = "none" } = use.service;
  return uses.some(
    (one) =>
      one.service === service &&
      (one.direction === undefined || one.direction === direction) &&
      isNamed(one.zones, use.zone) &&
      isNamed(one.bands, use.band) &&
      isNamed(one.areas, use.area) &&
      isNamed(one.classes, use.class) &&
      (one.friends === undefined || use.isFriend !== false),
  );
}

const isNamed = (names: readonly string[] | undefined, name: string | undefined): boolean =>
  names === undefined || (name !== undefined && names.includes(name));

/** Whether any plan can change what a single charge of this use comes to. */
export function planReduces({ plans }: TariffDocument, use: PlacedUse): boolean {
  return (plans ?? []).some(
    ({ allowances, itemDiscounts, limits, sponsored }) =>
      (sponsored ?? []).some(({ uses }) => isMeant(uses, use)) ||
      (allowances ?? []).some(({ uses }) => isMeant(uses, use)) ||
      (itemDiscounts ?? []).some(({ uses }) => isMeant(uses, use)) ||
      (limits ?? []).some(
        ({ uses, per, maximum }) => per !== "period" && maximum !== undefined && isMeant(uses, use),
      ),
  );
}
