import { decodeEvents, EventBuffer, encodeEvents } from "../core/aggregation/event-block.ts";
import {
  type EventGroup,
  type GroupPlace,
  groupEvents,
  groupName,
  recordOfGroup,
} from "../core/aggregation/event-group.ts";
import { EventsHasher } from "../core/aggregation/events-hasher.ts";
import type { AggregatorOptions, ClosingReport } from "./aggregate-events.ts";

const KEY_BYTES = 32;

/**
 * Writes the charges of one window, part by part: what is in memory is one part's events. The
 * randomness is new in each try, and only the try that ends is ever seen.
 */
export function closeWindow(
  { folder, policy, partitions, random }: AggregatorOptions,
  name: string,
  place: GroupPlace,
): ClosingReport {
  const writer = folder.close(name);
  const hasher = new EventsHasher();
  const report = { name, charges: 0, events: 0, duplicates: 0 };
  // The same memory for every part: a new one each would lie about until it is collected.
  const events = new EventBuffer();
  for (let part = 0; part < partitions; part++) {
    events.clear();
    for (const frame of folder.readFrames(name, part)) decodeEvents(frame, events);
    if (events.count === 0) continue;
    const groups = groupEvents(policy, events);
    const charged = place.supplement === 0 ? undefined : chargedBefore(folder, groups, place);
    for (const group of groups) {
      const rows = charged === undefined ? group.rows : notIn(charged, events, group.rows);
      report.duplicates += group.rows.length - rows.length;
      if (rows.length === 0) continue;
      const key = random(KEY_BYTES);
      const { header, duplicates } = hasher.hash(events, rows, key);
      const record = recordOfGroup(policy, group, place, header);
      const kept = {
        record: record.id,
        group: groupName(group),
        key: toBase64(key),
        events: Number(header.count),
      };
      writer.add(kept, encodeEvents(events, rows), JSON.stringify(record));
      report.charges++;
      report.events += Number(header.count);
      report.duplicates += duplicates;
    }
  }
  return { ...report, ...writer.finish() };
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/** Names of the events that earlier closings of this window charged in the groups at hand. */
function chargedBefore(
  folder: AggregatorOptions["folder"],
  groups: EventGroup[],
  { window, supplement }: GroupPlace,
): Set<string> {
  const charged = new Set<string>();
  const names = new Set(groups.map(groupName));
  for (let before = 0; before < supplement; before++) {
    const closed = folder.readClosed(`${window}-${before}`, ({ group }) => names.has(group));
    for (const { data } of closed) {
      const old = new EventBuffer();
      decodeEvents(data, old);
      for (let row = 0; row < old.count; row++) charged.add(nameOf(old, row));
    }
  }
  return charged;
}

function notIn(charged: Set<string>, events: EventBuffer, rows: Uint32Array): Uint32Array {
  return rows.filter((row) => !charged.has(nameOf(events, row)));
}

const decoder = new TextDecoder();
const nameOf = ({ devices, device, time, sequence }: EventBuffer, row: number): string =>
  `${time[row]}/${sequence[row]}/${decoder.decode(devices[device[row] as number])}`;
