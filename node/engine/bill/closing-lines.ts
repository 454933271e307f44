import { CHARGE_KIND, chargeWithoutUse } from "../../core/commitment/charge-groups.ts";
import type { BillingPeriod } from "../../core/rating/billing-period.ts";
import type { PeriodLine } from "../../core/rating/period-lines.ts";
import { noParty } from "../number/no-party.ts";
import type { UnnumberedCharge } from "../number/number-charge.ts";

const KIND_OF_LINE = {
  recurring: CHARGE_KIND.recurring,
  "one-off": CHARGE_KIND.oneOff,
  "period-charge": CHARGE_KIND.periodEnd,
  tax: CHARGE_KIND.tax,
  rounding: CHARGE_KIND.rounding,
} as const;

/** What is to be taken off an account's charges. */
export interface ClosingCredits {
  account: string;
  period: BillingPeriod;
  lines: { name: string; amountNano: string }[];
}

/** What a period's end made due of one account. */
export interface DueLines {
  /** Charges with their place among all lines, which their ids name. */
  charges: { at: number; line: PeriodLine }[];
  credits: ClosingCredits["lines"];
  /** Of the charges. */
  taxNano: bigint;
}

export function dueLines(lines: readonly PeriodLine[]): DueLines {
  const due: DueLines = { charges: [], credits: [], taxNano: 0n };
  for (const [at, line] of lines.entries()) {
    const { name, amountNano } = line;
    if (line.kind === "credit") due.credits.push({ name, amountNano: amountNano.toString() });
    // An included tax is said, not added: the prices hold it.
    if (line.isIncluded || line.kind === "credit") continue;
    if (line.kind === "tax") due.taxNano += amountNano;
    due.charges.push({ at, line });
  }
  return due;
}

/** When what a period's end makes due counts as used: the period's last moment. */
export const dueStart = (period: BillingPeriod): number => period.to - 1;

export const kindOfLine = ({ kind }: PeriodLine): number =>
  KIND_OF_LINE[kind as keyof typeof KIND_OF_LINE];

/** The account is in the id, so that no two are the same. */
export const closingId = (account: string, { from }: BillingPeriod, name: string | number) =>
  `closing:${account}:${from}:${name}`;

export const componentsOf = (line: PeriodLine) =>
  line.parts.map(({ because, amountNano }) => ({
    kind: line.kind,
    name: because,
    amountNano: amountNano.toString(),
  }));

export interface ClosingOf {
  account: string;
  epoch: string;
  period: BillingPeriod;
}

/** A line as a charge of its own. @param version of the tariff */
export function chargeOfLine(
  of: ClosingOf,
  version: number,
  { at, line }: DueLines["charges"][number],
): UnnumberedCharge {
  return {
    ...closingEntry(of, at),
    // What an invoice says of whose use a line is; here, what it is for.
    device: line.name,
    amountNano: line.amountNano,
    third: {
      kind: "charge",
      group: chargeWithoutUse(kindOfLine(line), dueStart(of.period), version),
    },
    components: componentsOf(line),
    moves: [],
  };
}

/** Of an entry that no record stands behind. */
export function closingEntry({ account, epoch, period }: ClosingOf, name: string | number) {
  return {
    recordId: closingId(account, period, name),
    revision: 0,
    account,
    epoch,
    startMilliseconds: dueStart(period),
    party: noParty,
  };
}
