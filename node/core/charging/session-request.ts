import { TallystickError } from "../errors.ts";
import type { ChargingAccount } from "./charging-account.ts";
import type { ChargingAnswer, ChargingSession } from "./charging-session.ts";
import type { ChargingState } from "./charging-state.ts";
import { accountUnknown } from "./pay.ts";
import type { SessionUse, StatedQuantity } from "./session-use.ts";

export type StatedUse = Omit<SessionUse, "start"> & { start?: string };

/**
 * A request of credit control, in the words of RFC 8506 (Gy and Ro of 3GPP TS 32.299 use the same):
 * - `reserve`: INITIAL_REQUEST, opens a session and reserves for it;
 * - `update`: UPDATE_REQUEST, debits what was used and reserves anew;
 * - `commit`: TERMINATION_REQUEST, debits the rest and gives back what was not used;
 * - `debit`: EVENT_REQUEST with DIRECT_DEBITING, all of it at once or nothing.
 */
export interface SessionRequest {
  kind: "reserve" | "update" | "commit" | "debit";
  session: string;
  /** CC-Request-Number: rises with each request; the same number again is a repetition. */
  request: number;
  /** With `reserve` and `debit`. */
  account?: string;
  /** A start that is not said is the moment of the first request. */
  use?: StatedUse;
  /**
   * All that was used since the session began, where Used-Service-Unit is what was used since the
   * last request: so a request that is lost takes no use with it. A session whose use was never
   * stated did not take place and costs nothing.
   */
  used?: StatedQuantity;
  /** Requested-Service-Unit, beside what is used. */
  requested?: StatedQuantity;
}

/** @throws TallystickError `charging.request-differs`, `charging.request-too-old` */
export function answerAgain(
  session: ChargingSession,
  number: number,
  asked: string,
): ChargingAnswer | undefined {
  if (number > session.lastRequest) return undefined;
  const before = session.answers.find(({ request }) => request === number);
  if (before === undefined) {
    throw new TallystickError(
      "charging.request-too-old",
      `Request ${number} comes after request ${session.lastRequest}; its answer is not known any more.`,
    );
  }
  if (before.asked === asked) return before.answer;
  throw new TallystickError(
    "charging.request-differs",
    `Request ${number} was another one; give a new request the next number.`,
  );
}

/** A session that was refused for want of credit can be asked for again, under the next number. */
export function requireNew(known: ChargingSession | undefined): void {
  if (known === undefined || known.state === "refused") return;
  throw new TallystickError(
    "charging.session-exists",
    "There is a session of this name already; update it, or choose another name.",
  );
}

export function requireGoingOn(known: ChargingSession | undefined): void {
  if (known !== undefined && (known.state === "open" || known.state === "expired")) return;
  throw known === undefined
    ? new TallystickError("charging.session-unknown", "There is no such session; reserve first.")
    : new TallystickError("charging.session-closed", "The session has ended; reserve a new one.");
}

export function requireUse({ use }: SessionRequest, at: number): SessionUse {
  if (use !== undefined) return { ...use, start: use.start ?? new Date(at).toISOString() };
  throw new TallystickError("charging.no-use", "Say what the session is about.", { field: "use" });
}

export function requireAccount(state: ChargingState, id: string): ChargingAccount {
  const account = state.accounts.get(id);
  if (account !== undefined) return account;
  throw accountUnknown();
}
