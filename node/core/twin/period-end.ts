import { TallystickError } from "../errors.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import type { TariffDocument } from "../tariff/document.ts";

/** What of a tariff only a period's end shows: prices by closing values, and what plans and taxes add. */
function periodEndOf({ services, plans, taxes, billingPeriod, rounding }: TariffDocument): string {
  const atEnd = services.flatMap(({ service, direction, prices }) =>
    prices
      .filter(({ tiers }) => tiers?.kind === "volume" || tiers?.kind === "stair-step")
      .map((price) => ({ service, direction: direction ?? null, price })),
  );
  const ends = (plans ?? []).map((plan) => {
    const { allowances: _, itemDiscounts: __, sponsored: ___, ...rest } = plan;
    return rest;
  });
  const asked = { atEnd, ends, taxes, billingPeriod, rounding };
  // What is not said stands for nothing, and canonical JSON has no word for it.
  return canonicalJson(JSON.parse(JSON.stringify(asked)));
}

/**
 * That a replay shows what a draft changes at a period's end, where it changes something there: fees a
 * hundred times as high change no record.
 * @param period that was closed in the replay
 * @throws TallystickError `approval.period-end-missing`
 */
export function requirePeriodEnd(
  tariff: TariffDocument,
  draft: TariffDocument,
  period: string | undefined,
): void {
  if (period !== undefined || periodEndOf(tariff) === periodEndOf(draft)) return;
  throw new TallystickError(
    "approval.period-end-missing",
    "The draft changes what a period's end comes to (fees, limits, discounts, commitment, taxes, volume tiers or rounding), and this replay ended none; add --close FROM/TO, and --accounts with who has which plan.",
  );
}
