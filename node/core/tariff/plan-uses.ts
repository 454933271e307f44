import type { TariffDocument, TariffPlan, TariffService } from "./document.ts";

/** What a plan's `uses` are compared with, in the document's words. */
export interface PlacedUse {
  service: Pick<TariffService, "service" | "direction">;
  zone: string | undefined;
  band: string | undefined;
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
      (one.zones === undefined || (use.zone !== undefined && one.zones.includes(use.zone))) &&
      (one.bands === undefined || (use.band !== undefined && one.bands.includes(use.band))),
  );
}

/** Whether any plan can change what a single charge of this use comes to. */
export function planReduces({ plans }: TariffDocument, use: PlacedUse): boolean {
  return (plans ?? []).some(
    ({ allowances, itemDiscounts, limits }) =>
      (allowances ?? []).some(({ uses }) => isMeant(uses, use)) ||
      (itemDiscounts ?? []).some(({ uses }) => isMeant(uses, use)) ||
      (limits ?? []).some(
        ({ uses, per, maximum }) => per !== "period" && maximum !== undefined && isMeant(uses, use),
      ),
  );
}
