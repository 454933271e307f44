import { type EventProof, parseEventHeader, parseEventProof } from "../aggregation/event-proof.ts";
import type { OwnEvent } from "../aggregation/read-own-events.ts";
import { TallystickError } from "../errors.ts";
import type { Bundle, BundleCharge } from "./bundle.ts";
import { bindsHeader, type ComparedEvent, compareEvent } from "./compare-events.ts";

/** Events that are asked for in one call: half of what a node answers at once. */
const ASKED_AT_A_TIME = 500;

/** What the operator's node answers about a line's events, as it came; nothing in it is believed. */
export type AskEvents = (
  events: Omit<OwnEvent, "quantity">[],
) => Promise<{ header?: unknown; proofs?: unknown }>;

/** A device's own log beside the events that a line stands for. */
export interface EventLogComparison {
  line: string;
  /** What the line binds of all its events. */
  header: EventProof["header"];
  /** Events of the log in the line's time, of devices of which the line has any. */
  compared: ComparedEvent[];
  counts: EventCounts;
}

export interface EventCounts {
  inLog: number;
  inCharge: number;
  otherQuantity: number;
  notInCharge: number;
  notShown: number;
  charged: number;
  /** Charged, and not in the log. */
  chargedOnly: number;
}

/** Whether every event in the line's time is in the charge as the device has it, and no other is. */
export const agrees = ({ inLog, inCharge, otherQuantity, chargedOnly }: EventCounts): boolean =>
  inLog === inCharge && otherQuantity === 0 && chargedOnly === 0;

/**
 * Compares a log with a line's events: the node shows of each whether it is among them.
 * @throws TallystickError `events.bad-proof` where its answer is not what the line binds
 */
export async function compareEventLog(
  bundle: Bundle,
  charge: BundleCharge,
  log: readonly OwnEvent[],
  ask: AskEvents,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<EventLogComparison> {
  const { line } = charge;
  const header = parseEventHeader((await ask([])).header);
  if (!bindsHeader(charge, header)) {
    throw new TallystickError(
      "events.bad-proof",
      "What the node says of the line's events is not what the line binds.",
    );
  }
  const own = log.filter((event) => isInTime(event, header));
  const all: ComparedEvent[] = [];
  for (let from = 0; from < own.length; from += ASKED_AT_A_TIME) {
    onProgress(from, own.length);
    const events = own.slice(from, from + ASKED_AT_A_TIME);
    const asked = events.map(({ device, time, sequence }) => ({ device, time, sequence }));
    const { proofs } = await ask(asked);
    const shown = (Array.isArray(proofs) ? proofs : []).map((proof) =>
      parseEventProof(JSON.stringify(proof)),
    );
    all.push(...events.map((event, at) => compareEvent(bundle, line, event, shown[at])));
  }
  const compared = ofTheLine(all);
  return { line, header, compared, counts: countsOf(compared, header) };
}

function countsOf(
  compared: readonly ComparedEvent[],
  { count }: EventProof["header"],
): EventCounts {
  const of = (outcome: ComparedEvent["outcome"]) =>
    compared.filter((one) => one.outcome === outcome).length;
  const otherQuantity = of("other-quantity");
  const inCharge = of("in-charge") + otherQuantity;
  return {
    inLog: compared.length,
    inCharge,
    otherQuantity,
    notInCharge: of("not-in-charge"),
    notShown: of("not-shown"),
    charged: Number(count),
    chargedOnly: Number(count) - inCharge,
  };
}

/**
 * A log of many devices has events of other lines in it: those of devices of which the line has nothing.
 * Where it has nothing of any device, all of them are told.
 */
function ofTheLine(compared: ComparedEvent[]): ComparedEvent[] {
  const isShown = ({ outcome }: ComparedEvent) =>
    outcome === "in-charge" || outcome === "other-quantity";
  const devices = new Set(compared.filter(isShown).map(({ device }) => device));
  return devices.size === 0 ? compared : compared.filter(({ device }) => devices.has(device));
}

function isInTime({ time }: OwnEvent, header: EventProof["header"]): boolean {
  const at = BigInt(time);
  return at >= BigInt(header.from) && at <= BigInt(header.to);
}
