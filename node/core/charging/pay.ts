import { TallystickError } from "../errors.ts";
import type { PaymentAnswer } from "./charging-account.ts";
import type { ChargingState } from "./charging-state.ts";
import type { Entry } from "./entry.ts";

/** Money into an account (top-up, payment of a bill), or out of it when negative. */
export interface Payment {
  account: string;
  /** Names the payment: the same reference again is answered as before, and pays nothing. */
  reference: string;
  amountNano: bigint;
}

const AMOUNT_NANO_MAX = 2n ** 96n;

/**
 * A payment that brings a locked account to its `unlockAtNano` opens it ("unlock on pay").
 * @throws TallystickError `charging.payment-differs`, `charging.amount-unusable`,
 *   `charging.account-unknown`, `charging.balance-too-low`
 */
export function decidePayment(
  state: ChargingState,
  { account: id, reference, amountNano }: Payment,
  at: number,
): { answer?: PaymentAnswer; entry?: Entry } {
  const account = state.accounts.get(id);
  const asked = amountNano.toString();
  const before = account?.payments.get(reference);
  if (before !== undefined) {
    if (before.asked === asked) return { answer: before.answer };
    throw new TallystickError(
      "charging.payment-differs",
      "There was another payment of this reference; give this one a reference of its own.",
    );
  }
  if (amountNano === 0n || amountNano > AMOUNT_NANO_MAX || amountNano < -AMOUNT_NANO_MAX) {
    throw new TallystickError("charging.amount-unusable", "A payment is of some amount.", {
      field: "amount",
    });
  }
  if (amountNano < 0n && account === undefined) throw accountUnknown();
  if (amountNano < 0n && (account?.balanceNano ?? 0n) < -amountNano) {
    throw new TallystickError(
      "charging.balance-too-low",
      "Only what is neither spent nor reserved can be paid out.",
    );
  }
  const lock = account?.lock;
  const balanceAfter = (account?.balanceNano ?? 0n) + amountNano;
  const unlocked = lock?.unlockAtNano !== undefined && balanceAfter >= BigInt(lock.unlockAtNano);
  return {
    entry: { type: "paid", at, account: id, reference, asked, amountNano: asked, unlocked },
  };
}

/** RFC 8506, section 9: DIAMETER_USER_UNKNOWN (5030). */
export function accountUnknown(): TallystickError {
  return new TallystickError(
    "charging.account-unknown",
    "There is no such account here; set it up, or pay something into it.",
    { field: "account" },
  );
}
