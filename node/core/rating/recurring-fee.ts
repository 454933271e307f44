import { parseDecimalNano } from "../money/decimal.ts";
import { fraction } from "../money/fraction.ts";
import type { TariffPlan } from "../tariff/document.ts";
import type { ExactPart } from "./period-lines.ts";

export type RecurringFee = NonNullable<TariffPlan["recurring"]>[number];

/** Days of a billing period, and for how many of them someone had, and used, what the fee is for. */
export interface FeeDays {
  days: number;
  daysHeld: number;
  daysUsed: number;
}

/** What a fee comes to for an account or device; undefined where nothing is due. */
export function recurringPart(
  { amount, proration, every = "period", due = "held" }: RecurringFee,
  id: string,
  { days, daysHeld, daysUsed }: FeeDays,
): ExactPart | undefined {
  if (due === "used" && daysUsed === 0) return undefined;
  const whole = parseDecimalNano(amount);
  if (every === "day") {
    const [count, what] = due === "used" ? [daysUsed, " of use"] : [daysHeld, ""];
    const because = `for ${id}, ${count} days${what}`;
    return { because, exact: fraction(whole * BigInt(count)) };
  }
  if (proration === "none" || daysHeld === days) {
    return { because: `for ${id}`, exact: fraction(whole) };
  }
  return {
    because: `for ${id}, ${daysHeld} of ${days} days`,
    exact: fraction(whole * BigInt(daysHeld), BigInt(days)),
  };
}
