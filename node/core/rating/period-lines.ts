import {
  addFractions,
  type Fraction,
  fraction,
  roundFractionToMultiple,
} from "../money/fraction.ts";
import { divideDown } from "../money/rounding.ts";
import type { TariffDocument } from "../tariff/document.ts";
import type { BillingPeriod } from "./billing-period.ts";

/** One part of an amount of a period's end, with the sentence that says why. */
export interface PeriodPart {
  because: string;
  amountNano: bigint;
}

/** What a period's end adds to an account. Amounts are never negative; a credit takes away. */
export interface PeriodLine {
  kind: "recurring" | "one-off" | "period-charge" | "credit" | "tax" | "rounding";
  account: string;
  name: string;
  period: BillingPeriod;
  amountNano: bigint;
  parts: PeriodPart[];
  /** A tax that the prices hold already: said, not added. */
  isIncluded?: true;
}

/** One part before rounding. */
export interface ExactPart {
  because: string;
  exact: Fraction;
}

/** Exact parts, rounded once in their sum as the tariff rounds; what rounding does is shown. */
export function roundParts(
  parts: readonly ExactPart[],
  { rounding: { mode, scale, of } }: Pick<TariffDocument, "rounding">,
): { amountNano: bigint; parts: PeriodPart[] } {
  let exact = fraction(0n);
  let sum = 0n;
  const rounded: PeriodPart[] = parts.map(({ because, exact: part }) => {
    const amountNano = divideDown(part.numerator, part.denominator);
    exact = addFractions(exact, part);
    sum += amountNano;
    return { because, amountNano };
  });
  const decimals = of === "invoice" ? 9 : scale;
  const amountNano = roundFractionToMultiple(exact, 10n ** BigInt(9 - decimals), mode);
  if (sum !== amountNano) {
    rounded.push({
      because: `rounded ${mode.replace("-", " ")} to ${decimals} decimals`,
      amountNano: amountNano - sum,
    });
  }
  return { amountNano, parts: rounded };
}
