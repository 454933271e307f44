import type { ChargingAnswer } from "./charging-session.ts";
import { type SessionUse, statedQuantity, usualQuota } from "./session-use.ts";

/** 3GPP TS 22.101, section 10: 112 and 911 everywhere; a node's configuration adds national ones. */
export const EMERGENCY_NUMBERS = ["112", "911"];

const VALIDITY_SECONDS = 3600;
/** An emergency call is granted for as long as anyone may talk. */
const QUOTAS = 288n;

/** Whether a use is an emergency call: it needs no account, no balance, no tariff. */
export function isEmergency(
  use: Pick<SessionUse, "service" | "direction" | "bParty"> | undefined,
  numbers: ReadonlySet<string>,
): boolean {
  return (
    use?.service === "voice" &&
    use.direction === "outgoing" &&
    use.bParty !== undefined &&
    numbers.has(use.bParty)
  );
}

/** The same for every emergency call: nothing of it is reserved, charged or kept. */
export function emergencyAnswer(
  session: string,
  request: number,
  result: "granted" | "committed",
): ChargingAnswer {
  return {
    session,
    request,
    result,
    ...(result === "granted"
      ? {
          granted: statedQuantity("voice", QUOTAS * usualQuota("voice")),
          validitySeconds: VALIDITY_SECONDS,
        }
      : {}),
    chargedNano: "0",
    reservedNano: "0",
    balanceNano: "0",
  };
}
