import { type EventProof, rootOfProof } from "../aggregation/event-proof.ts";
import type { OwnEvent } from "../aggregation/read-own-events.ts";
import type { Bundle, BundleCharge } from "./bundle.ts";
import { isClosed } from "./bundle.ts";
import type { Check } from "./check.ts";
import { checkEvent } from "./check-event.ts";

/** "not-shown": the proof is of something else, or does not hold. */
export type EventOutcome = "in-charge" | "other-quantity" | "not-in-charge" | "not-shown";

export interface ComparedEvent extends OwnEvent {
  outcome: EventOutcome;
  /** What the charge counts for it. */
  chargedQuantity?: string;
  checks: Check[];
}

/** Whether the header is what the line binds: then its count and times are the operator's word for good. */
export function bindsHeader({ party }: BundleCharge, header: EventProof["header"]): boolean {
  return !isClosed(party) && party.eventsRoot === rootOfProof({ header });
}

/** Whether an event of one's own is in a line's charge, by a proof that anybody may have made. */
export function compareEvent(
  bundle: Bundle,
  line: string,
  own: OwnEvent,
  proof: EventProof | undefined,
): ComparedEvent {
  if (proof === undefined || !isOf(proof, own)) return { ...own, outcome: "not-shown", checks: [] };
  const { line: shown, present, checks } = checkEvent(bundle, proof);
  if (shown !== line || checks.some(({ ok }) => ok !== true)) {
    return { ...own, outcome: "not-shown", checks };
  }
  if (!present) return { ...own, outcome: "not-in-charge", checks };
  const chargedQuantity = proof.present?.quantity as string;
  const isSame = own.quantity === undefined || own.quantity === chargedQuantity;
  return { ...own, outcome: isSame ? "in-charge" : "other-quantity", chargedQuantity, checks };
}

const isOf = ({ event }: EventProof, own: OwnEvent): boolean =>
  event.device === own.device && event.time === own.time && event.sequence === own.sequence;
