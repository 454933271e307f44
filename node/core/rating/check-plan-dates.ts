import { TallystickError } from "../errors.ts";
import type { Dates } from "./rated-account.ts";

interface DatedPlan extends Dates {
  plan: string;
}

/**
 * An account has one plan at a time: of two, the order of a list would decide what it pays, and
 * whoever commits both as assignments commits a breach (docs/CONTRACTS.md, kind 16).
 * @throws TallystickError `accounts.plans-overlap`
 */
export function checkPlanDates(account: string, plans: readonly DatedPlan[]): void {
  const sorted = plans.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  for (const [index, next] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || before.to <= next.from) continue;
    throw new TallystickError(
      "accounts.plans-overlap",
      `The account "${account}" has the plans "${before.plan}" and "${next.plan}" at one time; end the first where the second begins.`,
    );
  }
}
