import type { EventColumns } from "../../../node/core/aggregation/event-columns.ts";
import type { MeasuredEvent } from "../../../node/core/aggregation/event-digests.ts";

/** Events as the columns that the hasher reads. */
export function columnsOf(events: readonly MeasuredEvent[]): EventColumns {
  const ids = [...new Set(events.map(({ device }) => device))];
  return {
    count: events.length,
    devices: ids.map((id) => new TextEncoder().encode(id)),
    device: Uint32Array.from(events, ({ device }) => ids.indexOf(device)),
    time: Float64Array.from(events, ({ time }) => Number(time)),
    sequence: Float64Array.from(events, ({ sequence }) => Number(sequence)),
    quantity: Float64Array.from(events, ({ quantity }) => Number(quantity)),
  };
}
