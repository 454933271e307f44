import { TallystickError } from "../errors.ts";
import type { EventColumns } from "./event-columns.ts";

/*
 * Events as bytes, before compression: a version, a dictionary of devices, then one column after the
 * other, each number the difference from the one before it. A lamp that reports once a minute costs a
 * byte or two an event, and less once compressed.
 */

const VERSION = 1;

/** Columns that grow, and the names that they point at. */
export class EventBuffer implements EventColumns {
  count = 0;
  readonly devices: Uint8Array[] = [];
  device: Uint32Array;
  gateway: Uint32Array;
  time: Float64Array;
  sequence: Float64Array;
  quantity: Float64Array;
  readonly #numbers = new Map<string, number>();

  constructor(capacity = 1024) {
    this.device = new Uint32Array(capacity);
    this.gateway = new Uint32Array(capacity);
    this.time = new Float64Array(capacity);
    this.sequence = new Float64Array(capacity);
    this.quantity = new Float64Array(capacity);
  }

  /** The number by which a device or gateway is pointed at. */
  nameNumber(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.devices.push(new TextEncoder().encode(name)) - 1;
    this.#numbers.set(name, number);
    return number;
  }

  push(device: number, gateway: number, time: number, sequence: number, quantity: number): void {
    if (this.count === this.time.length) this.reserve(1);
    this.device[this.count] = device;
    this.gateway[this.count] = gateway;
    this.time[this.count] = time;
    this.sequence[this.count] = sequence;
    this.quantity[this.count] = quantity;
    this.count++;
  }

  /** Empties it; the names are forgotten too, so that memory does not grow with their number. */
  clear(): void {
    this.count = 0;
    this.devices.length = 0;
    this.#numbers.clear();
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

/** @param rows which rows, in which order; all of them unless given */
export function encodeEvents(events: EventBuffer, rows?: Uint32Array): Uint8Array {
  const count = rows?.length ?? events.count;
  const row = (i: number) => (rows === undefined ? i : (rows[i] as number));
  const local = new Map<number, number>();
  const named: number[] = [];
  const localOf = (global: number) => {
    let number = local.get(global);
    if (number === undefined) {
      number = named.push(global) - 1;
      local.set(global, number);
    }
    return number;
  };
  const devices = new Uint32Array(count);
  const gateways = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    devices[i] = localOf(events.device[row(i)] as number);
    gateways[i] = localOf(events.gateway[row(i)] as number);
  }
  const names = named.map((global) => events.devices[global] as Uint8Array);
  const nameBytes = names.reduce((sum, name) => sum + name.length + 10, 0);
  const writer = new VarintWriter(32 + nameBytes + 50 * count);
  writer.unsigned(VERSION);
  writer.unsigned(names.length);
  for (const name of names) writer.bytes(name);
  writer.unsigned(count);
  writer.differences(count, (i) => devices[i] as number);
  writer.differences(count, (i) => gateways[i] as number);
  writer.differences(count, (i) => events.time[row(i)] as number);
  writer.differences(count, (i) => events.sequence[row(i)] as number);
  writer.differences(count, (i) => events.quantity[row(i)] as number);
  return writer.done();
}

/**
 * Appends encoded events to a buffer.
 * @throws TallystickError `events.damaged-block`
 */
export function decodeEvents(bytes: Uint8Array, into: EventBuffer): void {
  const reader = new VarintReader(bytes);
  if (reader.unsigned() !== VERSION) throw damaged();
  const names: number[] = [];
  for (let left = reader.unsigned(); left > 0; left--) {
    names.push(into.nameNumber(new TextDecoder().decode(reader.bytes())));
  }
  const count = reader.unsigned();
  if (count > bytes.length) throw damaged();
  into.reserve(count);
  const first = into.count;
  reader.differences(count, into.device, first);
  reader.differences(count, into.gateway, first);
  for (let row = first; row < first + count; row++) {
    const device = names[into.device[row] as number];
    const gateway = names[into.gateway[row] as number];
    if (device === undefined || gateway === undefined) throw damaged();
    into.device[row] = device;
    into.gateway[row] = gateway;
  }
  reader.differences(count, into.time, first);
  reader.differences(count, into.sequence, first);
  reader.differences(count, into.quantity, first);
  into.count += count;
  if (!reader.isAtEnd) throw damaged();
}

const damaged = () =>
  new TallystickError("events.damaged-block", "A block of events is damaged: it can not be read.");

const LOW_7 = 128;

/** Seven bits a byte, the lowest first; differences of numbers of 15 digits, doubled for the sign, are below 2^53. */
class VarintWriter {
  /** Used again by every writer: there is one at a time, and memory is slow to be given back. */
  static #scratch = new Uint8Array(65_536);
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(bytesMax: number) {
    if (VarintWriter.#scratch.length < bytesMax) {
      VarintWriter.#scratch = new Uint8Array(2 * bytesMax);
    }
    this.#bytes = VarintWriter.#scratch;
  }

  unsigned(value: number): void {
    let rest = value;
    while (rest >= 2 ** 31) {
      this.#bytes[this.#length++] = (rest % LOW_7) | 0x80;
      rest = Math.floor(rest / LOW_7);
    }
    while (rest >= LOW_7) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.unsigned(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  differences(count: number, at: (i: number) => number): void {
    let before = 0;
    for (let i = 0; i < count; i++) {
      const value = at(i);
      const difference = value - before;
      this.unsigned(difference < 0 ? -2 * difference - 1 : 2 * difference);
      before = value;
    }
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  unsigned(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 57; factor *= LOW_7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw damaged();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw damaged();
  }

  bytes(): Uint8Array {
    const length = this.unsigned();
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    if (value.length !== length) throw damaged();
    this.#at += length;
    return value;
  }

  differences(count: number, into: Uint32Array | Float64Array, first: number): void {
    let before = 0;
    for (let row = first; row < first + count; row++) {
      const coded = this.unsigned();
      before += coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2;
      if (!Number.isSafeInteger(before) || before < 0) throw damaged();
      into[row] = before;
    }
  }
}
