import { CHARGE_KIND } from "../commitment/charge-groups.ts";
import { AccountClosing, type ClosedAccount } from "../rating/account-closing.ts";
import type { BillingPeriods } from "../rating/billing-period.ts";
import { isAtEnd } from "../rating/counter-charges.ts";
import type { DueFee } from "../rating/due-fees.ts";
import type { PeriodLine } from "../rating/period-lines.ts";
import type { RatedAccount } from "../rating/rated-account.ts";
import type { StateKey } from "../rating/rating-state.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffPlan } from "../tariff/document.ts";
import type { BundleCharge, OpenedCharge } from "./bundle.ts";
import type { PeriodUse } from "./period-use.ts";
import { ALWAYS, OWN } from "./told-quantities.ts";

export const FEE_KINDS: Partial<Record<number, DueFee["kind"]>> = {
  [CHARGE_KIND.recurring]: "recurring",
  [CHARGE_KIND.oneOff]: "one-off",
};

export const LINE_KINDS: Partial<Record<number, PeriodLine["kind"]>> = {
  [CHARGE_KIND.periodEnd]: "period-charge",
  [CHARGE_KIND.tax]: "tax",
  [CHARGE_KIND.rounding]: "rounding",
};

/** A line of the bill that a period's end made. */
export interface AskedLine {
  line: BundleCharge;
  charge: OpenedCharge;
  askedNano: bigint;
}

export interface AskedFee extends AskedLine {
  fee: DueFee;
}

/** Lines of one period's end under one plan. */
export interface Closing {
  plan: TariffPlan | undefined;
  closed: ClosedAccount;
  /** The asked lines with what they are found in; undefined where in nothing. */
  found: Map<AskedLine, PeriodLine | undefined>;
  /** Lines that nothing asks for. */
  left: PeriodLine[];
}

export interface PeriodToClose {
  tariff: CompiledTariff;
  periods: BillingPeriods;
  use: PeriodUse;
  held: readonly [StateKey, bigint][];
  /** As they are asked: each is judged by itself. */
  fees: readonly AskedFee[];
  ends: readonly AskedLine[];
}

/** Closes the period as the operator does, and finds each asked line in what comes out. */
export function closeAgain(
  { tariff, periods, use, held, fees, ends }: PeriodToClose,
  plan: TariffPlan | undefined,
): Closing {
  const closing = new AccountClosing(tariff, periods, accountWith(plan, ends), use.period);
  const closed = closing.close(
    held,
    fees.map(({ fee }) => fee),
  );
  const left = closed.lines.filter(({ isIncluded }) => isIncluded !== true);
  const found = new Map<AskedLine, PeriodLine | undefined>();
  for (const one of ends) {
    const at = left.findIndex(
      ({ kind, amountNano }) =>
        kind === LINE_KINDS[one.charge.kind] && amountNano === one.askedNano,
    );
    found.set(one, at < 0 ? undefined : left.splice(at, 1)[0]);
  }
  return { plan, closed, found, left };
}

/** Whether it yields all that is asked. */
export const isFound = ({ found }: Closing): boolean =>
  [...found.values()].every((line) => line !== undefined);

/** Whether it yields that and no more. */
export const isFoundAlone = (closing: Closing): boolean =>
  isFound(closing) && closing.left.every(({ kind }) => !Object.values(LINE_KINDS).includes(kind));

/** Whoever the bill is for, as far as it matters: exempt where no tax is asked. */
function accountWith(plan: TariffPlan | undefined, ends: readonly AskedLine[]): RatedAccount {
  return {
    id: OWN,
    pool: OWN,
    assignments: plan === undefined ? [] : [{ plan, ...ALWAYS }],
    devices: [],
    devicesById: new Map(),
    groups: [],
    friends: new Set(),
    sponsors: [],
    taxExempt: ends.every(({ charge }) => charge.kind !== CHARGE_KIND.tax),
    planless: [],
  };
}

/** The parts' sentences; the account has no name here, and devices have tags. */
export function reasonOf({ name, parts }: PeriodLine): string {
  const sentences = parts.map(({ because }) =>
    because.replace(`${OWN}: `, "").replace(/^0x[0-9a-f]{32}: /, "for a device, "),
  );
  return `"${name}": ${sentences.join("; ")}`;
}

/** What the end of a period depends on and a bill does not show. */
export function doubtsOf({ priceSources, document }: CompiledTariff, use: PeriodUse): string[] {
  const doubts: string[] = [];
  if (priceSources.some((source) => isAtEnd(source) && source.counter?.scope === "pool")) {
    doubts.push("what others used of the pool");
  }
  const { taxes = [], plans = [] } = document;
  const isOfSome =
    taxes.some(({ of }) => of !== undefined) ||
    plans.some(({ periodDiscounts = [] }) =>
      periodDiscounts.some(({ services, of }) => services !== undefined || of !== undefined),
    );
  if (use.hasShared && isOfSome) doubts.push("for which services it pays of others' use");
  const limits = plans.flatMap((plan) => plan.limits ?? []);
  const isByDevice =
    limits.some(({ scope }) => scope === "device") ||
    priceSources.some((source) => isAtEnd(source) && source.counter?.scope === "device");
  if (isByDevice && !use.knowsDevices) doubts.push("which devices were used");
  if (limits.some(({ per, minimum }) => per === "session" && minimum !== undefined)) {
    doubts.push("which lines are of one session");
  }
  return doubts;
}
