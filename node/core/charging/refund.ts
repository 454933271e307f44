import { TallystickError } from "../errors.ts";
import type { Decided } from "./answer-session.ts";
import type { ChargingAnswer } from "./charging-session.ts";
import type { ChargingState } from "./charging-state.ts";
import type { Entry } from "./entry.ts";
import { answerAgain } from "./session-request.ts";

/** REFUND_ACCOUNT of RFC 8506, section 8.41: gives back what an ended session was charged. */
export interface RefundRequest {
  session: string;
  request: number;
  /** All that is left of the charge when absent. */
  amountNano?: bigint;
}

/**
 * @throws TallystickError `charging.session-unknown`, `charging.session-open`,
 *   `charging.refund-too-large`, `charging.request-differs`, `charging.request-too-old`
 */
export function decideRefund(
  state: ChargingState,
  { session: id, request, amountNano }: RefundRequest,
  at: number,
): Pick<Decided, "answer"> & { entry?: Entry } {
  const session = state.sessions.get(id);
  if (session === undefined) {
    throw new TallystickError(
      "charging.session-unknown",
      "There is no such session, or it was long ago; pay the amount in instead.",
    );
  }
  const asked = JSON.stringify(["refund", amountNano?.toString()]);
  const before = answerAgain(session, request, asked);
  if (before !== undefined) return { answer: before };
  if (session.state !== "closed") {
    throw new TallystickError("charging.session-open", "Commit the session before you refund it.");
  }
  const amount = amountNano ?? session.spentNano;
  if (amount < 0n || amount > session.spentNano) {
    throw new TallystickError(
      "charging.refund-too-large",
      "More than the session's charge can not be given back.",
      { field: "amount" },
    );
  }
  const account = state.accounts.get(session.account);
  const answer: ChargingAnswer = {
    session: id,
    request,
    result: "refunded",
    chargedNano: (session.spentNano - amount).toString(),
    reservedNano: "0",
    balanceNano: ((account?.balanceNano ?? 0n) + amount).toString(),
  };
  const isWhole = amount === session.spentNano && session.sponsored !== undefined;
  return {
    answer,
    entry: {
      type: "refunded",
      at,
      session: id,
      asked,
      amountNano: amount.toString(),
      ...(isWhole ? { sponsors: true as const } : {}),
      answer,
    },
  };
}
