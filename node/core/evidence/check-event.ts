import {
  checkEventProof,
  checkEventsQuantity,
  type EventProof,
  rootOfProof,
} from "../aggregation/event-proof.ts";
import { type Bundle, isClosed } from "./bundle.ts";
import { type Check, fail, pass, unknown } from "./check.ts";

export interface EventReport {
  /** The line that stands for the events; absent when the bundle has none such. */
  line?: string;
  /** What the proof says: that the event is one of the charge's, or is none of them. */
  present: boolean;
  checks: Check[];
}

/**
 * Whether an event is, or is not, among those that a line of the bundle stands for. The line itself
 * is checked by `verifyBundle`: only together they say something.
 */
export function checkEvent(bundle: Bundle, proof: EventProof): EventReport {
  const root = rootOfProof(proof);
  const line = bundle.charges.find(({ party }) => !isClosed(party) && party.eventsRoot === root);
  const present = proof.present !== undefined;
  if (line === undefined) {
    const because = "No line whose party is shown stands for these events.";
    return { present, checks: [fail("event-charge", because), checkEventProof(proof)] };
  }
  const quantity = isClosed(line.charge)
    ? unknown("events-quantity", "The use is not shown to this reader.")
    : checkEventsQuantity(proof, line.charge);
  return {
    line: line.line,
    present,
    checks: [
      pass("event-charge", `Line ${line.line} stands for the events that this proof speaks of.`),
      checkEventProof(proof),
      quantity,
    ],
  };
}
