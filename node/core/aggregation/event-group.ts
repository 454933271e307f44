import { toHex } from "../bytes.ts";
import { formatDecimalScaled } from "../money/decimal.ts";
import { recordId } from "../records/record-id.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { EventBuffer } from "./event-block.ts";
import { type EventsHeader, eventsRoot } from "./event-digests.ts";
import { EVENTS_OF_CHARGE_MAX } from "./events-hasher.ts";
import type { AggregationPolicy } from "./policy.ts";
import { eachOnce, sortRows } from "./sort-rows.ts";

/** Events that become one charge: rows of a buffer, by device and time. */
export interface EventGroup {
  /** Absent where the policy does not group by it. */
  device?: string;
  gateway?: string;
  slab: number;
  /** Counts from 1: a group beyond what one charge may hold goes on in the next part. */
  part: number;
  rows: Uint32Array;
  /** Rows left out: they name an event that is among `rows` already. */
  duplicates: number;
}

/** Which part of a window is at hand, of how many. */
export interface WindowPart {
  part: number;
  parts: number;
}

const SLABS_MAX = 32;
const decoder = new TextDecoder();

/**
 * The rows of one part of a window as the policy puts them together, in the order of their first event.
 * Where the policy groups by neither device nor gateway, a group lies in every part and becomes a charge
 * in each: the numbers of these charges are kept apart.
 */
export function groupEvents(
  policy: AggregationPolicy,
  events: EventBuffer,
  { part, parts }: WindowPart = { part: 0, parts: 1 },
): EventGroup[] {
  const { groupOfRow, groups } = numberGroups(policy, events);
  const isWhole = policy.byDevice || policy.byGateway;
  return [...rowsOfGroups(groupOfRow, groups)].flatMap((all) => {
    sortRows(events, all);
    const rows = eachOnce(events, all);
    const first = rows[0] as number;
    const name = (number: number) => decoder.decode(events.devices[number]);
    const named = {
      ...(policy.byDevice ? { device: name(events.device[first] as number) } : {}),
      ...(policy.byGateway ? { gateway: name(events.gateway[first] as number) } : {}),
      slab: policy.slabOf(events.time[first] as number),
    };
    const charges = Math.ceil(rows.length / EVENTS_OF_CHARGE_MAX);
    return Array.from({ length: charges }, (_, charge) => ({
      ...named,
      part: isWhole ? charge + 1 : charge * parts + part + 1,
      rows: rows.subarray(charge * EVENTS_OF_CHARGE_MAX, (charge + 1) * EVENTS_OF_CHARGE_MAX),
      duplicates: charge === 0 ? all.length - rows.length : 0,
    }));
  });
}

/** Which group each row is of; groups are counted from 0. */
function numberGroups(policy: AggregationPolicy, events: EventBuffer) {
  const groupOfRow = new Uint32Array(events.count);
  const numbers = new Map<number, number>();
  const names = events.names.size;
  let [lastKey, lastNumber] = [-1, 0];
  for (let row = 0; row < events.count; row++) {
    const device = policy.byDevice ? (events.device[row] as number) : 0;
    const gateway = policy.byGateway ? (events.gateway[row] as number) : 0;
    const slab = policy.hasSlabs ? policy.slabOf(events.time[row] as number) : 0;
    const key = (device * names + gateway) * SLABS_MAX + slab;
    if (key !== lastKey) {
      lastKey = key;
      lastNumber = numbers.get(key) ?? numbers.size;
      if (lastNumber === numbers.size) numbers.set(key, lastNumber);
    }
    groupOfRow[row] = lastNumber;
  }
  return { groupOfRow, groups: numbers.size };
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
