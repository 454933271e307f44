import { decodeEvents, EventBuffer, encodeEvents } from "../../core/aggregation/event-block.ts";
import {
  type EventGroup,
  groupEvents,
  groupName,
  recordOfGroup,
  type WindowPart,
} from "../../core/aggregation/event-group.ts";
import type { EventsHasher } from "../../core/aggregation/events-hasher.ts";
import type { AggregationPolicy } from "../../core/aggregation/policy.ts";
import { type ClosingWriter, type LaneFolder, readWindowName, windowName } from "./event-folder.ts";

const KEY_BYTES = 32;
/** Events in memory: a part that has more is closed in several rounds, each reading all of it. */
const ROUND_EVENTS = 262_144;

export interface ClosingOptions {
  policy: AggregationPolicy;
  folder: LaneFolder;
  random: (bytes: number) => Uint8Array;
  /** Secret, as in NameTable; nothing that is written depends on it. */
  nameKey: Uint32Array;
  /** How many are held in memory at once; 262,144 unless given, which a single thread at the edge has room for. */
  roundEvents?: number;
}

export interface ClosedParts {
  charges: number;
  events: number;
  duplicates: number;
  /** Of the events as they are kept, keys and index included. */
  bytes: number;
}

/**
 * Writes the charges of some parts of a window: what is in memory is one part's events. The
 * randomness is new in each try, and only the try that ends is ever seen.
 */
export class WindowClosing {
  readonly name: string;
  readonly #options: ClosingOptions;
  readonly #hasher: EventsHasher;
  readonly #parts: number;
  readonly #writer: ClosingWriter;
  readonly #report = { charges: 0, events: 0, duplicates: 0 };
  /** The same memory for every part: a new one each would lie about until it is collected. */
  readonly #events: EventBuffer;

  constructor(options: ClosingOptions, hasher: EventsHasher, name: string, parts: number) {
    this.#options = options;
    this.#events = new EventBuffer(options.nameKey);
    this.#hasher = hasher;
    this.name = name;
    this.#parts = parts;
    this.#writer = options.folder.close(name);
  }

  closePart(part: number): void {
    const { folder, roundEvents = ROUND_EVENTS } = this.#options;
    const rounds = Math.ceil(folder.countPart(this.name, part) / roundEvents);
    for (let round = 0; round < rounds; round++) {
      this.#events.clear();
      this.#read(part, round, rounds);
      if (this.#events.count === 0) continue;
      // Of all parts and rounds, no two have the same number.
      const place = { part: round * this.#parts + part, parts: rounds * this.#parts };
      this.#chargeGroups(place);
    }
  }

  finish(): ClosedParts {
    return { ...this.#report, ...this.#writer.finish() };
  }

  #read(part: number, round: number, rounds: number): void {
    const { folder, policy, nameKey } = this.#options;
    const frames = folder.readPart(this.name, part);
    if (rounds === 1) {
      for (const frame of frames) decodeEvents(frame, this.#events);
      return;
    }
    const one = new EventBuffer(nameKey);
    for (const frame of frames) {
      one.clear();
      decodeEvents(frame, one);
      // Only names of this round are looked up: a part of 20 rounds would look each up 20 times.
      const numbers = new Int32Array(one.devices.length).fill(-1);
      const numberOf = (own: number): number => {
        if (numbers[own] !== -1) return numbers[own] as number;
        const name = one.devices[own] as Uint8Array;
        numbers[own] = this.#events.names.find(name, 0, name.length);
        return numbers[own];
      };
      const named = policy.byDevice || !policy.byGateway ? one.device : one.gateway;
      for (let row = 0; row < one.count; row++) {
        const hash = one.names.lastingHashOf(named[row] as number) >>> 0;
        // The part is the hash's rest by their number; the round that of what is left.
        if (Math.floor(hash / this.#parts) % rounds !== round) continue;
        this.#events.push(
          numberOf(one.device[row] as number),
          numberOf(one.gateway[row] as number),
          one.time[row] as number,
          one.sequence[row] as number,
          one.quantity[row] as number,
        );
      }
    }
  }

  #chargeGroups(place: WindowPart): void {
    const { folder, policy, random, nameKey } = this.#options;
    const { window, supplement } = readWindowName(this.name);
    const groups = groupEvents(policy, this.#events, place);
    const charged =
      supplement === 0
        ? undefined
        : chargedBefore(folder, this.#events, groups, this.name, nameKey);
    for (const group of groups) {
      const rows = charged === undefined ? group.rows : notIn(charged, this.#events, group.rows);
      this.#report.duplicates += group.duplicates + group.rows.length - rows.length;
      if (rows.length === 0) continue;
      const key = random(KEY_BYTES);
      const { header } = this.#hasher.hash(this.#events, rows, key);
      const record = recordOfGroup(policy, group, { window, supplement }, header);
      const events = Number(header.count);
      const kept = {
        record: record.id,
        group: groupName(group),
        root: record.eventsRoot as string,
        key: toBase64(key),
        events,
      };
      this.#writer.add(kept, encodeEvents(this.#events, rows), JSON.stringify(record));
      this.#report.charges++;
      this.#report.events += events;
    }
  }
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

/**
 * Names of those of these events that earlier closings of the window charged in the same groups. What
 * is in memory is the late ones' names, however many were charged in time.
 */
function chargedBefore(
  folder: LaneFolder,
  late: EventBuffer,
  groups: EventGroup[],
  name: string,
  nameKey: Uint32Array,
): Set<string> {
  const { window, supplement } = readWindowName(name);
  const lateNames = new Set<string>();
  for (let row = 0; row < late.count; row++) lateNames.add(nameOf(late, row));
  const charged = new Set<string>();
  const groupNames = new Set(groups.map(groupName));
  const old = new EventBuffer(nameKey);
  for (let before = 0; before < supplement; before++) {
    const file = windowName(window, before);
    for (const { data } of folder.readClosed(file, ({ group }) => groupNames.has(group))) {
      old.clear();
      decodeEvents(data, old);
      for (let row = 0; row < old.count; row++) {
        const event = nameOf(old, row);
        if (lateNames.has(event)) charged.add(event);
      }
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
