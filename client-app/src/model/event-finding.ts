import {
  agrees,
  type EventCounts,
  type EventLogComparison,
} from "../../../node/core/evidence/compare-event-log.ts";
import type { ComparedEvent } from "../../../node/core/evidence/compare-events.ts";
import { formatCount } from "./money-words.ts";

/** Events that differ which a line shows; of more only their number is told. */
const SHOWN_MAX = 50;

/** A device's own log of events that is at hand. */
export interface EventLog {
  name: string;
  events: number;
}

/** What that log says of a line that stands for events. */
export interface EventFinding {
  /** Milliseconds; the first and last of the line's events. */
  from: number;
  to: number;
  counts: EventCounts;
  /** Those that are not in the charge as the log has them, the first of them. */
  differing: Omit<ComparedEvent, "checks">[];
}

export function eventFinding({ header, compared, counts }: EventLogComparison): EventFinding {
  const differing = compared.filter(({ outcome }) => outcome !== "in-charge");
  return {
    from: Number(header.from),
    to: Number(header.to),
    counts,
    differing: differing.slice(0, SHOWN_MAX).map(({ checks: _, ...event }) => event),
  };
}

/** Null where the node did not show what it would take to say. */
export function findingHolds({ counts }: EventFinding): boolean | null {
  if (agrees(counts)) return true;
  const { notShown, notInCharge, otherQuantity, chargedOnly } = counts;
  return notInCharge + otherQuantity === 0 && chargedOnly <= notShown ? null : false;
}

/** What was found, in sentences. */
export function findingSentences({ counts }: EventFinding, locale: string | undefined): string[] {
  const { inLog, inCharge, otherQuantity, notInCharge, notShown, charged, chargedOnly } = counts;
  const number = (count: number) => formatCount(count, locale);
  const events = (count: number) => (count === 1 ? "1 event" : `${number(count)} events`);
  if (agrees(counts)) {
    return [
      `This line stands for ${events(charged)}. Your log has all of them, and no other in that time.`,
    ];
  }
  return [
    `This line stands for ${events(charged)}; your log has ${events(inLog)} in that time, ${number(inCharge)} of them charged.`,
    ...(otherQuantity === 0 ? [] : [`${events(otherQuantity)} charged with another quantity.`]),
    ...(notInCharge === 0 ? [] : [`${events(notInCharge)} of your log not charged here.`]),
    ...(chargedOnly === 0 ? [] : [`${events(chargedOnly)} charged that your log does not have.`]),
    ...(notShown === 0 ? [] : [`${events(notShown)} that your operator's server did not show.`]),
  ];
}

export function outcomeWords({
  outcome,
  chargedQuantity,
}: Pick<ComparedEvent, "outcome" | "chargedQuantity">): string {
  if (outcome === "other-quantity") return chargedQuantity ?? "";
  return outcome === "not-in-charge" ? "not charged" : "not shown";
}
