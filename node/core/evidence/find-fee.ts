import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffPlan } from "../tariff/document.ts";
import { fitOneOff, fitRecurring, type ShownHolders } from "./fee-fit.ts";
import type { NamedPlanUse, PeriodUse } from "./period-use.ts";

/** A fee that a line is found in; the same one is not found twice. */
export interface FoundFee {
  key: string;
  name: string;
  plan: string;
  /** As the plan writes it. */
  amount: string;
  told?: string;
}

/** The first fee that comes to the amount: of a plan that the lines name, else of any. */
export function findFee(
  { document }: CompiledTariff,
  use: PeriodUse,
  kind: "recurring" | "one-off",
  askedNano: bigint,
  taken: ReadonlySet<string>,
): FoundFee | undefined {
  const { plans = [] } = document;
  const assignments = use.named.flatMap((named) => {
    const plan = plans.find(({ name }) => name === named.plan);
    return plan === undefined ? [] : [{ plan, shown: use.holdersOf(named), of: named.ordinal }];
  });
  const unseen: NamedPlanUse = { plan: undefined, ordinal: "unseen", first: 0, last: 0 };
  const others = plans.map((plan) => ({ plan, shown: use.holdersOf(unseen), of: "unseen" }));
  const fits = (plan: TariffPlan, shown: ShownHolders) =>
    kind === "recurring"
      ? (plan.recurring ?? []).map((fee) => ({
          ...fee,
          fit: fitRecurring(fee, askedNano, shown, document),
        }))
      : (plan.oneOff ?? []).map((fee) => ({
          ...fee,
          fit: fitOneOff(fee, askedNano, shown, document),
        }));
  for (const { plan, shown, of } of assignments) {
    for (const [at, { name, amount, fit }] of fits(plan, shown).entries()) {
      const key = JSON.stringify([kind, plan.name, of, at]);
      if (fit === undefined || taken.has(key)) continue;
      return { key, name, amount, plan: plan.name, ...fit };
    }
  }
  for (const { plan, shown } of others) {
    const found = fits(plan, { ...shown, knowsDevices: false }).find(
      ({ fit }) => fit !== undefined,
    );
    if (found === undefined) continue;
    const told = `that the account had the plan "${plan.name}", once more or without a line that shows it`;
    const { name, amount } = found;
    return { key: "", name, amount, plan: plan.name, told };
  }
  return undefined;
}
