import { toHex } from "../bytes.ts";
import { formatDecimalScaled } from "../money/decimal.ts";
import { recordId } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { EventBuffer } from "./event-block.ts";
import { type EventsHeader, eventsRoot } from "./event-digests.ts";
import { EVENTS_OF_CHARGE_MAX } from "./events-hasher.ts";
import type { AggregationPolicy } from "./policy.ts";

/** Events that become one charge: rows of a buffer, by device and time. */
export interface EventGroup {
  /** Absent where the policy does not group by it. */
  device?: string;
  gateway?: string;
  slab: number;
  /** Counts from 1: a group beyond what one charge may hold goes on in the next part. */
  part: number;
  rows: Uint32Array;
}

const SLABS_MAX = 32;
const decoder = new TextDecoder();

/** The rows of one window as the policy puts them together, in the order of their first event. */
export function groupEvents(policy: AggregationPolicy, events: EventBuffer): EventGroup[] {
  const numbers = new Map<number, number>();
  const groupOfRow = new Uint32Array(events.count);
  const names = events.devices.length;
  for (let row = 0; row < events.count; row++) {
    const device = policy.byDevice ? (events.device[row] as number) : 0;
    const gateway = policy.byGateway ? (events.gateway[row] as number) : 0;
    const slab = policy.slabOf(events.time[row] as number);
    const key = (device * names + gateway) * SLABS_MAX + slab;
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    groupOfRow[row] = number;
  }
  return [...rowsOfGroups(groupOfRow, numbers.size)].flatMap((rows) => {
    sortRows(events, rows);
    const first = rows[0] as number;
    const name = (number: number) => decoder.decode(events.devices[number]);
    const named = {
      ...(policy.byDevice ? { device: name(events.device[first] as number) } : {}),
      ...(policy.byGateway ? { gateway: name(events.gateway[first] as number) } : {}),
      slab: policy.slabOf(events.time[first] as number),
    };
    const parts = Math.ceil(rows.length / EVENTS_OF_CHARGE_MAX);
    return Array.from({ length: parts }, (_, part) => ({
      ...named,
      part: part + 1,
      rows: rows.subarray(part * EVENTS_OF_CHARGE_MAX, (part + 1) * EVENTS_OF_CHARGE_MAX),
    }));
  });
}

/** Counting sort: the rows of each group in their order. */
function* rowsOfGroups(groupOfRow: Uint32Array, groups: number): Generator<Uint32Array> {
  const begins = new Uint32Array(groups + 1);
  for (const group of groupOfRow) begins[group + 1] = (begins[group + 1] as number) + 1;
  for (let group = 0; group < groups; group++) {
    begins[group + 1] = (begins[group + 1] as number) + (begins[group] as number);
  }
  const next = begins.slice();
  const sorted = new Uint32Array(groupOfRow.length);
  for (let row = 0; row < groupOfRow.length; row++) {
    const group = groupOfRow[row] as number;
    const at = next[group] as number;
    sorted[at] = row;
    next[group] = at + 1;
  }
  for (let group = 0; group < groups; group++) {
    yield sorted.subarray(begins[group], begins[group + 1]);
  }
}

/** By device, then time: so they are small once compressed. Mostly they stand so already. */
function sortRows({ device, time }: EventBuffer, rows: Uint32Array): void {
  const compare = (a: number, b: number) =>
    (device[a] as number) - (device[b] as number) || (time[a] as number) - (time[b] as number);
  for (let i = 1; i < rows.length; i++) {
    if (compare(rows[i - 1] as number, rows[i] as number) <= 0) continue;
    rows.sort(compare);
    return;
  }
}

/** What the events of a group have in common, whatever part or supplement they are in. */
export const groupName = ({ slab, gateway, device }: EventGroup): string =>
  JSON.stringify([slab, gateway ?? "", device ?? ""]);

/** Where a group stands, for its record's id. */
export interface GroupPlace {
  /** Begin of the window, milliseconds. */
  window: number;
  /** 0 for the charge of the window itself, then one for each that followed for late events. */
  supplement: number;
}

/** The usage record that stands for a group; its id is the same however often it is made. */
export function recordOfGroup(
  policy: AggregationPolicy,
  group: EventGroup,
  place: GroupPlace,
  header: EventsHeader,
): UsageRecord {
  const { name, service, quantity, groupBy } = policy.document;
  const window = new Date(place.window).toISOString().slice(0, 13);
  const id = [
    "events",
    name,
    window,
    ...(groupBy.includes("slab") ? [`s${group.slab}`] : []),
    `${place.supplement}.${group.part}`,
    group.gateway ?? "",
    group.device ?? "",
  ].join(":");
  const measured = header[quantity];
  const lasted = Number(header.to - header.from) / 1000;
  return {
    id: recordId(id),
    service,
    direction: "none",
    start: new Date(Number(header.from)).toISOString(),
    ...quantityFields(service, measured, lasted),
    deviceId: group.device ?? (group.gateway || name),
    ...(groupBy.includes("slab") ? { quality: `slab ${group.slab}` } : {}),
    billable: true,
    eventsRoot: toHex(eventsRoot(header)),
  };
}

/** `measured` in the units of the service's quantity (docs/PROTOCOL.md, section 4). */
function quantityFields(
  service: UsageRecord["service"],
  measured: bigint,
  lastedSeconds: number,
): Partial<UsageRecord> {
  switch (service) {
    case "energy":
      return {
        energyWattHours: formatDecimalScaled(measured, 3),
        durationSeconds: lastedSeconds,
      };
    case "data":
      return { totalOctets: measured.toString(), durationSeconds: lastedSeconds };
    case "time":
      return { durationSeconds: Number(measured) / 1000 };
    default:
      return { units: Number(measured) };
  }
}
