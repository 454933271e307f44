import {
  buildEventsTree,
  eventsRoot,
  type MeasuredEvent,
} from "../../node/core/aggregation/event-digests.ts";
import { headerOfTree, proveEvent } from "../../node/core/aggregation/event-proof.ts";
import { key } from "./sample-books.ts";

/** The line of the sample month that stands for events, where it stands for any. */
export const EVENTS_LINE = "7";
const DEVICE = "meter-7";
const COUNT = 320;
const FROM = Date.parse("2026-10-07T05:10:00Z");
/** Of 41,280,000 octets. */
const OCTETS_EACH = 129_000n;
const EVENTS_KEY = key("events");

const EVENTS: MeasuredEvent[] = Array.from({ length: COUNT }, (_, at) => ({
  device: DEVICE,
  time: BigInt(FROM + 240_000 * at),
  sequence: 0n,
  quantity: OCTETS_EACH,
}));
const TREE = buildEventsTree(EVENTS_KEY, EVENTS);

export const sampleEventsRoot = (): Uint8Array => eventsRoot(TREE.header);

/** What the node answers of the line's events. */
export function showSampleEvents(asked: { device: string; time: string; sequence: string }[]) {
  return {
    header: headerOfTree(TREE),
    proofs: asked.map(({ device, time, sequence }) =>
      proveEvent("sample:7", EVENTS_KEY, TREE, {
        device,
        time: BigInt(time),
        sequence: BigInt(sequence),
      }),
    ),
  };
}

/** The device's own log; of the events that differ one is missing, one is another, one is not charged. */
export function sampleEventLog({ differs = false } = {}): string {
  const rows = EVENTS.map(({ device, time, quantity }) => `${device},${time},${quantity}`);
  if (differs) {
    rows[9] = `${DEVICE},${FROM + 240_000 * 9},100000`;
    rows[20] = `${DEVICE},${FROM + 240_000 * 20 + 1},129000`;
  }
  return `device,time,quantity\n${rows.join("\n")}\n`;
}
