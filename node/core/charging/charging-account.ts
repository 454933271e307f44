import type { Lock } from "./entry.ts";

/**
 * What happens when the last units that the balance pays for are used: RFC 8506, section 8.35
 * (Final-Unit-Action TERMINATE, REDIRECT, RESTRICT_ACCESS).
 */
export type FinalUnit =
  | { action: "end" }
  /** Where the user is sent to pay. */
  | { action: "redirect"; to: string }
  /** The name of the filter that stays open. */
  | { action: "restrict"; to: string };

/** How an account is charged. Prepaid and postpaid differ here and nowhere else. */
export interface AccountPolicy {
  /**
   * How far below zero a grant may bring the balance, in nano-units: "0" is prepaid, "unlimited"
   * plain postpaid, anything between a credit limit. JSON, so a decimal string.
   */
  overspendNano: string | "unlimited";
  /** The most that a billing period's sessions may come to; nothing is granted beyond. */
  spendLimitNano?: string;
  finalUnit: FinalUnit;
  /** Validity-Time of a grant (RFC 8506, section 8.33). */
  validitySeconds: number;
}

export const PREPAID: AccountPolicy = {
  overspendNano: "0",
  finalUnit: { action: "end" },
  validitySeconds: 600,
};

/**
 * One account's money, in nano-units. What is conserved, always:
 * balance + reserved + spent = topped up − paid out.
 */
export interface ChargingAccount {
  readonly id: string;
  policy: AccountPolicy;
  /** Neither reserved nor spent; below zero after an overspend. */
  balanceNano: bigint;
  reservedNano: bigint;
  /** Net of what was refunded. */
  spentNano: bigint;
  toppedUpNano: bigint;
  paidOutNano: bigint;
  lock?: Lock;
  /** Billing period (its beginning) of `periodSpentNano`. */
  period: number;
  periodSpentNano: bigint;
  /** Answers to payments by their reference, the oldest first. */
  payments: Map<string, { asked: string; answer: PaymentAnswer }>;
  /** Thresholds that were raised in the period, each once. */
  raised: Set<string>;
  sessions: Set<string>;
}

export interface PaymentAnswer {
  account: string;
  reference: string;
  balanceNano: string;
  unlocked: boolean;
}

export function openAccount(id: string, policy: AccountPolicy): ChargingAccount {
  return {
    id,
    policy,
    balanceNano: 0n,
    reservedNano: 0n,
    spentNano: 0n,
    toppedUpNano: 0n,
    paidOutNano: 0n,
    period: 0,
    periodSpentNano: 0n,
    payments: new Map(),
    raised: new Set(),
    sessions: new Set(),
  };
}

/** What must be nought: the difference of the conserved sum. */
export function imbalanceNano(account: ChargingAccount): bigint {
  const { balanceNano, reservedNano, spentNano, toppedUpNano, paidOutNano } = account;
  return balanceNano + reservedNano + spentNano - (toppedUpNano - paidOutNano);
}

/**
 * What a session may still reserve, its own reservation being counted as free; undefined is
 * without limit. At most what the balance and the overspend allow, and what the period's limit does.
 */
export function spendableNano(
  account: ChargingAccount,
  ownReservedNano: bigint,
  period: number,
): bigint | undefined {
  const { policy, balanceNano, reservedNano } = account;
  const byBalance =
    policy.overspendNano === "unlimited"
      ? undefined
      : balanceNano + ownReservedNano + BigInt(policy.overspendNano);
  if (policy.spendLimitNano === undefined) return byBalance;
  const spent = account.period === period ? account.periodSpentNano : 0n;
  const byLimit = BigInt(policy.spendLimitNano) - spent - (reservedNano - ownReservedNano);
  return byBalance === undefined || byLimit < byBalance ? byLimit : byBalance;
}
