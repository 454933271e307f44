import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { formatNano } from "../money/decimal.ts";
import { type Check, fail, pass, unknown } from "./check.ts";
import type { ClosedLine } from "./period-replay.ts";

const NAME = "priced";

const WHY: Partial<Record<number, string>> = {
  [CHARGE_KIND.recurring]:
    "A recurring fee hangs on days and devices of the account, which are not shown here.",
  [CHARGE_KIND.oneOff]: "When a one-off fee fell due is not shown here.",
  [CHARGE_KIND.thirdParty]: "It is for another account's use, which that account's bill shows.",
  [CHARGE_KIND.periodEnd]: "It follows from the period's sums, of which this bill is one part.",
  [CHARGE_KIND.tax]: "A tax is on the period's sums; the check of the invoice adds them up.",
};

/** Charges that no row prices: what a period's end adds, as the lines of the bill yield it. */
export function checkPeriodEnd(
  kind: number,
  amountNano: bigint,
  currency: string,
  closed: ClosedLine | undefined,
): { check: Check; expectedNano?: bigint } {
  if (closed === undefined) {
    return { check: unknown(NAME, WHY[kind] ?? "No tariff row prices this kind of charge.") };
  }
  const { expectedNano, because, wrong, told } = closed;
  const asked = formatNano(amountNano, 2);
  if (wrong) {
    const due = expectedNano === undefined ? "" : ` ${formatNano(expectedNano, 2)} ${currency}`;
    const check = fail(NAME, `The period's end yields${due}: ${because}; the bill asks ${asked}.`);
    return { check, ...(expectedNano === undefined ? {} : { expectedNano }) };
  }
  const yields = `The period's end yields ${asked} ${currency}: ${because}`;
  if (told.length > 0) {
    const words = told.join("; ");
    return { check: unknown(NAME, `${yields}, if the operator's word is true on: ${words}.`) };
  }
  return {
    expectedNano: amountNano,
    check: pass(NAME, `${yields}, counted from the lines of this bill.`),
  };
}
