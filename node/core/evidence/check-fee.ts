import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { BillingPeriods } from "../rating/billing-period.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffPlan } from "../tariff/document.ts";
import type { OpenedCharge } from "./bundle.ts";
import { type Check, pass, unknown } from "./check.ts";

type Fee = NonNullable<TariffPlan["recurring"]>[number];

const NAME = "priced";

const WHY: Partial<Record<number, string>> = {
  [CHARGE_KIND.recurring]:
    "A recurring fee hangs on days and devices of the account, which are not shown here.",
  [CHARGE_KIND.oneOff]: "When a one-off fee fell due is not shown here.",
  [CHARGE_KIND.thirdParty]: "It is for another account's use, which that account's bill shows.",
  [CHARGE_KIND.periodEnd]: "It follows from the period's sums, of which this bill is one part.",
  [CHARGE_KIND.tax]: "A tax is on the period's sums; the check of the invoice adds them up.",
};

/**
 * Charges that no row prices. A fee that the plan asks once of each account, whole and whatever the use,
 * is found in the published plan that this bill's charges name; of others it is said why they are not.
 */
export class FeeCheck {
  /** By billing period, fees of the plans that charges of it named; each is due once. */
  readonly #due = new Map<number, { plan: string; fee: Fee }[]>();
  readonly #named = new Set<string>();
  readonly #periods = new Map<CompiledTariff, BillingPeriods>();

  #periodAt(tariff: CompiledTariff, milliseconds: number): number {
    const known = this.#periods.get(tariff) ?? new BillingPeriods(tariff.document);
    this.#periods.set(tariff, known);
    return known.at(milliseconds).from;
  }

  /** A charge was priced by the plan of this name. */
  name(tariff: CompiledTariff, name: string, startMilliseconds: number): void {
    const plan = tariff.document.plans?.find((one) => one.name === name);
    if (plan === undefined) return;
    const period = this.#periodAt(tariff, startMilliseconds);
    const key = JSON.stringify([period, plan.name]);
    if (this.#named.has(key)) return;
    this.#named.add(key);
    const fees = (plan.recurring ?? []).filter(
      ({ per, proration, every = "period" }) =>
        per === "account" && proration === "none" && every === "period",
    );
    const due = this.#due.get(period) ?? [];
    due.push(...fees.map((fee) => ({ plan: plan.name, fee })));
    this.#due.set(period, due);
  }

  check(
    tariff: CompiledTariff | undefined,
    { kind, start }: OpenedCharge,
    amountNano: bigint,
  ): { check: Check; expectedNano?: bigint } {
    const why = WHY[kind] ?? "No tariff row prices this kind of charge.";
    if (tariff === undefined || kind !== CHARGE_KIND.recurring) {
      return { check: unknown(NAME, why) };
    }
    const period = this.#periodAt(tariff, Number(start));
    const due = this.#due.get(period) ?? [];
    const at = due.findIndex(({ fee }) => parseDecimalNano(fee.amount) === amountNano);
    const found = due[at];
    if (found === undefined) {
      const fees = due.map(({ fee }) => `"${fee.name}" of ${fee.amount}`).join(", ");
      const whole =
        fees === "" ? "" : ` Fees that are due whole and once, and not yet asked: ${fees}.`;
      return { check: unknown(NAME, `${why}${whole}`) };
    }
    due.splice(at, 1);
    const { plan, fee } = found;
    const amount = formatNano(amountNano, 2);
    return {
      expectedNano: amountNano,
      check: pass(
        NAME,
        `The published plan "${plan}", which this bill's charges name, has the fee "${fee.name}" of ${amount}; it is due once a period.`,
      ),
    };
  }
}
