import { CHARGE_KIND, SERVICE_CODE } from "../commitment/charge-groups.ts";
import type { OpenedCharge } from "./bundle.ts";

/*
 * The minute that a price depends on is the one in which the session began (docs/PROTOCOL.md,
 * section 8). The operator alone says how long before the charged use that was, so a reader is told.
 */

const MINUTE = 60_000;
/** Longer than this no telephone rings and no message is sent. */
const USUAL_MINUTES_MAX = 60;
/** No call lasts so long that its next part begins a day after it. */
const CALL_MINUTES_MAX = 24 * 60;

/** Services whose session is over with its use; data, energy and time can run for weeks. */
const SHORT: ReadonlySet<number> = new Set(
  (["voice", "sms", "mms", "content", "event"] as const).map((name) => SERVICE_CODE[name]),
);

export interface SessionStart {
  /** Milliseconds since 1970 UTC: the minute by which it was priced. */
  milliseconds: number;
  /** Longer before the use than is usual for the service. */
  isFar: boolean;
  /** So long before that no such call can be. */
  isImpossible: boolean;
  because: string;
}

export function sessionStart(charge: OpenedCharge): SessionStart {
  const { kind, service, start, sessionMinutes } = charge;
  const milliseconds = (Math.floor(Number(start) / MINUTE) - sessionMinutes) * MINUTE;
  const isUsage = kind === CHARGE_KIND.usage;
  return {
    milliseconds,
    isFar: isUsage && SHORT.has(service) && sessionMinutes > USUAL_MINUTES_MAX,
    isImpossible: isUsage && service === SERVICE_CODE.voice && sessionMinutes > CALL_MINUTES_MAX,
    /** Written when it is asked for: of most lines nobody does. */
    get because() {
      return `It was priced as of ${utcMinute(milliseconds)}, when it says that the session began: ${sessionMinutes} minutes before the use that is charged.`;
    },
  };
}

function utcMinute(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "no possible time" : `${date.toISOString().slice(0, 16)}Z`;
}
