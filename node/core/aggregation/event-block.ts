import { assert } from "../errors.ts";
import type { EventColumns } from "./event-columns.ts";
import type { MeasuredEvent } from "./event-digests.ts";
import { NameTable } from "./name-table.ts";
import { damagedBlock, VarintReader, VarintWriter } from "./varints.ts";

/*
 * Events as bytes, before compression: a version, a dictionary of names, then one column after the
 * other, each number the difference from the one before it. A lamp that reports once a minute costs a
 * byte or two an event, and less once compressed.
 */

const VERSION = 1;
const encoder = new TextEncoder();

/** Columns that grow, and the names that they point at. */
export class EventBuffer implements EventColumns {
  count = 0;
  readonly names: NameTable;
  device: Uint32Array;
  gateway: Uint32Array;
  time: Float64Array;
  sequence: Float64Array;
  quantity: Float64Array;

  /** @param nameKey secret, as in NameTable */
  constructor(nameKey: Uint32Array, capacity = 1024) {
    this.names = new NameTable(nameKey);
    this.device = new Uint32Array(capacity);
    this.gateway = new Uint32Array(capacity);
    this.time = new Float64Array(capacity);
    this.sequence = new Float64Array(capacity);
    this.quantity = new Float64Array(capacity);
  }

  get devices(): Uint8Array[] {
    return this.names.names;
  }

  /** The number by which a device or gateway is pointed at. */
  nameNumber(name: string): number {
    const bytes = encoder.encode(name);
    const number = this.names.find(bytes, 0, bytes.length);
    assert(number >= 0, "a name was checked where it was read");
    return number;
  }

  push(device: number, gateway: number, time: number, sequence: number, quantity: number): void {
    const at = this.count;
    if (at === this.time.length) this.reserve(1);
    this.device[at] = device;
    this.gateway[at] = gateway;
    this.time[at] = time;
    this.sequence[at] = sequence;
    this.quantity[at] = quantity;
    this.count = at + 1;
  }

  /** Empties it; the names are forgotten too, so that memory does not grow with their number. */
  clear(): void {
    this.count = 0;
    this.names.clear();
  }

  /** Room for so many more; what is there stays. */
  reserve(more: number): void {
    if (this.count + more <= this.time.length) return;
    const capacity = Math.max(2 * this.time.length, this.count + more);
    const grown = <T extends Uint32Array | Float64Array>(old: T): T => {
      const next = new (old.constructor as new (length: number) => T)(capacity);
      next.set(old);
      return next;
    };
    this.device = grown(this.device);
    this.gateway = grown(this.gateway);
    this.time = grown(this.time);
    this.sequence = grown(this.sequence);
    this.quantity = grown(this.quantity);
  }
}

/**
 * @param rows which rows, in which order; all of them unless given
 * @returns bytes that are good until the next call: they are compressed or copied at once
 */
export function encodeEvents(events: EventBuffer, rows: Uint32Array = allRows(events)): Uint8Array {
  const { length: count } = rows;
  const named = nameLocally(events, rows);
  const nameBytes = named.reduce((sum, name) => sum + name.length + 10, 0);
  const writer = new VarintWriter(32 + nameBytes + 50 * count);
  writer.unsigned(VERSION);
  writer.unsigned(named.length);
  for (const name of named) writer.bytes(name);
  writer.unsigned(count);
  writer.differences(events.device, rows, localNumbers);
  writer.differences(events.gateway, rows, localNumbers);
  writer.differences(events.time, rows);
  writer.differences(events.sequence, rows);
  writer.differences(events.quantity, rows);
  return writer.done();
}

const allRows = ({ count }: EventBuffer) => Uint32Array.from({ length: count }, (_, i) => i);

/** Number of a name within the block, by its number in the buffer; one block is written at a time. */
let localNumbers = new Int32Array(1024);

/** Numbers the names of these rows in the order in which they come. */
function nameLocally({ names, device, gateway }: EventBuffer, rows: Uint32Array): Uint8Array[] {
  if (localNumbers.length < names.size) localNumbers = new Int32Array(2 * names.size);
  localNumbers.fill(-1, 0, names.size);
  const named: Uint8Array[] = [];
  for (const column of [device, gateway]) {
    for (let i = 0; i < rows.length; i++) {
      const number = column[rows[i] as number] as number;
      if ((localNumbers[number] as number) >= 0) continue;
      localNumbers[number] = named.push(names.names[number] as Uint8Array) - 1;
    }
  }
  return named;
}

/**
 * Appends encoded events to a buffer.
 * @throws TallystickError `events.damaged-block`
 */
export function decodeEvents(bytes: Uint8Array, into: EventBuffer): void {
  const reader = new VarintReader(bytes);
  if (reader.unsigned() !== VERSION) throw damagedBlock();
  const names: number[] = [];
  for (let left = reader.unsigned(); left > 0; left--) {
    const name = reader.bytes();
    names.push(into.names.find(name, 0, name.length));
  }
  const count = reader.unsigned();
  if (count > bytes.length) throw damagedBlock();
  into.reserve(count);
  const first = into.count;
  for (const column of [into.device, into.gateway]) {
    reader.differences(count, column, first);
    for (let row = first; row < first + count; row++) {
      const number = names[column[row] as number];
      if (number === undefined || number < 0) throw damagedBlock();
      column[row] = number;
    }
  }
  reader.differences(count, into.time, first);
  reader.differences(count, into.sequence, first);
  reader.differences(count, into.quantity, first);
  into.count += count;
  if (!reader.isAtEnd) throw damagedBlock();
}

/**
 * Encoded events, one by one: what proofs are taken from.
 * @param nameKey secret, as in NameTable
 * @throws TallystickError `events.damaged-block`
 */
export function measuredEvents(bytes: Uint8Array, nameKey: Uint32Array): MeasuredEvent[] {
  const buffer = new EventBuffer(nameKey);
  decodeEvents(bytes, buffer);
  const decoder = new TextDecoder();
  const names = buffer.devices.map((name) => decoder.decode(name));
  return Array.from({ length: buffer.count }, (_, row) => ({
    device: names[buffer.device[row] as number] as string,
    time: BigInt(buffer.time[row] as number),
    sequence: BigInt(buffer.sequence[row] as number),
    quantity: BigInt(buffer.quantity[row] as number),
  }));
}
