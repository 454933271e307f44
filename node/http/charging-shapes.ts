import { z } from "zod";
import type { AccountPolicy, ChargingAccount } from "../core/charging/charging-account.ts";
import type { ChargingAnswer, ChargingSession } from "../core/charging/charging-session.ts";
import { statedQuantity } from "../core/charging/session-use.ts";
import type { EdgeSlice } from "../core/charging/slice.ts";
import { minorUnitDigits } from "../core/money/currency.ts";
import { formatNano, parseDecimalNano } from "../core/money/decimal.ts";
import { DIRECTIONS, SERVICES } from "../core/records/usage-record.ts";

/* What goes in and out of the charging routes: money as decimal strings, times as ISO 8601. */

/** Names of the caller's: printable ASCII, and short enough for a record's id. */
export const name = z.string().regex(/^[!-~]{1,98}$/, "expected 1 to 98 printable characters");
const party = z.string().min(1).max(200).optional();
const quantity = z.union([z.number().nonnegative(), z.string().max(40)]);
const stated = z.strictObject({
  durationSeconds: z.number().nonnegative().optional(),
  totalOctets: quantity.optional(),
  energyWattHours: z.string().max(40).optional(),
  units: z.number().nonnegative().optional(),
});
/** Money to nine decimals, as text: nothing is rounded on its way in. */
const money = z.string().regex(/^(0|[1-9]\d{0,17})(\.\d{1,9})?$/, 'expected money such as "12.50"');
const signedMoney = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,17})(\.\d{1,9})?$/, 'expected money such as "12.50"');
const nano = (text: string): string => parseDecimalNano(text).toString();

const use = z.strictObject({
  service: z.enum(SERVICES),
  direction: z.enum(DIRECTIONS).default("none"),
  start: z.iso.datetime({ precision: 3 }).optional(),
  aParty: party,
  bParty: party,
  imsi: party,
  deviceId: party,
  homeNetwork: party,
  visitedNetwork: party,
  application: party,
  quality: party,
});

export const requestSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("reserve"),
    account: name,
    use,
    used: stated.optional(),
    requested: stated.optional(),
  }),
  // What is debited is what is requested: `used` beside it would be passed over.
  z.strictObject({
    kind: z.literal("debit"),
    account: name,
    use,
    requested: stated.optional(),
  }),
  z.strictObject({
    kind: z.enum(["update", "commit"]),
    used: stated.optional(),
    requested: stated.optional(),
  }),
  z.strictObject({ kind: z.literal("refund"), amount: money.optional() }),
]);

const finalUnit = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("end") }),
  z.strictObject({ action: z.literal("redirect"), to: z.string().min(1).max(500) }),
  z.strictObject({ action: z.literal("restrict"), to: z.string().min(1).max(200) }),
]);

export const policySchema = z.strictObject({
  overspend: z.union([z.literal("unlimited"), money]).default("0"),
  spendLimit: money.optional(),
  finalUnit: finalUnit.default({ action: "end" }),
  validitySeconds: z.number().int().min(1).max(86_400).default(600),
});

export const paymentSchema = z.strictObject({ amount: signedMoney });
export const lockSchema = z.strictObject({
  reason: z.string().min(1).max(200),
  unlockAt: signedMoney.optional(),
});

export function policyOf(written: z.infer<typeof policySchema>): AccountPolicy {
  const { overspend, spendLimit, finalUnit: action, validitySeconds } = written;
  return {
    overspendNano: overspend === "unlimited" ? overspend : nano(overspend),
    ...(spendLimit === undefined ? {} : { spendLimitNano: nano(spendLimit) }),
    finalUnit: action,
    validitySeconds,
  };
}

/** A currency's amounts for people: at least as many decimals as its minor unit. */
export class MoneyWords {
  readonly currency: string;
  readonly #digits: number;

  constructor(currency: string) {
    this.currency = currency;
    this.#digits = minorUnitDigits(currency);
  }

  of(amountNano: bigint | string): string {
    return formatNano(BigInt(amountNano), this.#digits);
  }

  answer({ chargedNano, reservedNano, balanceNano, ...rest }: ChargingAnswer): object {
    return {
      ...rest,
      charged: this.of(chargedNano),
      reserved: this.of(reservedNano),
      balance: this.of(balanceNano),
      currency: this.currency,
    };
  }

  account(account: Readonly<ChargingAccount>, slices: EdgeSlice[]): object {
    const { id, policy, lock } = account;
    const { overspendNano, spendLimitNano, finalUnit: action, validitySeconds } = policy;
    return {
      account: id,
      balance: this.of(account.balanceNano),
      reserved: this.of(account.reservedNano),
      spent: this.of(account.spentNano),
      toppedUp: this.of(account.toppedUpNano),
      paidOut: this.of(account.paidOutNano),
      currency: this.currency,
      policy: {
        overspend: overspendNano === "unlimited" ? overspendNano : this.of(overspendNano),
        ...(spendLimitNano === undefined ? {} : { spendLimit: this.of(spendLimitNano) }),
        finalUnit: action,
        validitySeconds,
      },
      spentInPeriod: this.of(account.periodSpentNano),
      sessions: account.sessions.size,
      ...(lock === undefined
        ? {}
        : {
            lock: {
              reason: lock.reason,
              ...(lock.unlockAtNano === undefined ? {} : { unlockAt: this.of(lock.unlockAtNano) }),
            },
          }),
      ...(slices.length === 0
        ? {}
        : {
            edges: slices.map((slice) => ({
              edge: slice.edge,
              granted: this.of(slice.grantedNano),
              spent: this.of(slice.spentNano),
              returned: this.of(slice.returnedNano),
            })),
          }),
    };
  }

  session(session: Readonly<ChargingSession>): object {
    const { service } = session.use;
    return {
      session: session.id,
      account: session.account,
      state: session.state,
      use: session.use,
      used: statedQuantity(service, session.used),
      granted: statedQuantity(service, session.granted),
      charged: this.of(session.spentNano),
      reserved: this.of(session.reservedNano),
      ...(session.sponsored === undefined
        ? {}
        : {
            sponsored: session.sponsored.map(({ account, spentNano, reservedNano }) => ({
              account,
              charged: this.of(spentNano),
              reserved: this.of(reservedNano),
            })),
          }),
      ...(session.refundedNano === 0n ? {} : { refunded: this.of(session.refundedNano) }),
      currency: this.currency,
      lastRequest: session.lastRequest,
      ...(session.state === "open" ? { expires: new Date(session.expiresAt).toISOString() } : {}),
    };
  }
}
