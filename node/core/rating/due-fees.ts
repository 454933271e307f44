import { parseDecimalNano } from "../money/decimal.ts";
import { fraction } from "../money/fraction.ts";

import { overlaps } from "./allowances.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import type { ExactPart } from "./period-lines.ts";
import type { PlanAssignment, RatedAccount } from "./rated-account.ts";
import type { StateKey } from "./rating-state.ts";
import { recurringPart } from "./recurring-fee.ts";

/** What is due for a period itself: a fee of a plan, with a part for whoever has it. */
export interface DueFee {
  kind: "recurring" | "one-off";
  name: string;
  parts: ExactPart[];
}

/** Local days on which something was used. */
interface DaysUsed {
  ofAll: Set<string>;
  byDevice: Map<string, Set<string>>;
}

/** Fees of all plans that an account has in a period. @param seen quantities of kind "seen" */
export function* dueFees(
  account: RatedAccount,
  period: BillingPeriod,
  periods: BillingPeriods,
  seen: readonly [StateKey, bigint][],
): Generator<DueFee> {
  const days = periods.daysBetween(period.from, period.to);
  const used = daysByDevice(seen);
  for (const assignment of account.assignments) {
    if (!overlaps(assignment, period)) continue;
    const holders = (per: "account" | "device") => holdersOf(account, assignment, period, per);
    for (const fee of assignment.plan.recurring ?? []) {
      const parts = holders(fee.per)
        .filter(({ from, to }) => from < to)
        .map(({ id, from, to }) => {
          const daysOf = fee.per === "account" ? used.ofAll : used.byDevice.get(id);
          return recurringPart(fee, id, {
            days,
            daysHeld: periods.daysBetween(from, to),
            daysUsed: daysWithin(daysOf, periods.dayAt(from), periods.dayAt(to - 1)),
          });
        })
        .filter((part) => part !== undefined);
      if (parts.length > 0) yield { kind: "recurring", name: fee.name, parts };
    }
    for (const { name, amount, per } of assignment.plan.oneOff ?? []) {
      const parts = holders(per)
        .filter(({ begins, from, to }) => begins >= period.from && from < to)
        .map(({ id }) => ({ because: `for ${id}`, exact: fraction(parseDecimalNano(amount)) }));
      if (parts.length > 0) yield { kind: "one-off", name, parts };
    }
  }
}

/** Whoever a fee is for, from when to when of the period, and when it began. */
function holdersOf(
  account: RatedAccount,
  { plan: _, ...assigned }: PlanAssignment,
  period: BillingPeriod,
  per: "account" | "device",
) {
  const all = per === "account" ? [{ id: account.id, ...assigned }] : account.devices;
  return all.map(({ id, from, to }) => ({
    id,
    begins: Math.max(from, assigned.from),
    from: Math.max(from, assigned.from, period.from),
    to: Math.min(to, assigned.to, period.to),
  }));
}

function daysByDevice(seen: readonly [StateKey, bigint][]): DaysUsed {
  const ofAll = new Set<string>();
  const byDevice = new Map<string, Set<string>>();
  for (const [[, , device = "", day = ""]] of seen) {
    ofAll.add(day);
    const days = byDevice.get(device) ?? new Set();
    byDevice.set(device, days.add(day));
  }
  return { ofAll, byDevice };
}

/** How many of the days lie from the first to the last. */
function daysWithin(days: Iterable<string> | undefined, first: string, last: string): number {
  let count = 0;
  for (const day of days ?? []) if (day >= first && day <= last) count += 1;
  return count;
}
