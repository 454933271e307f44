import { fillDigests, treeDepth } from "../commitment/inclusion-tree.ts";
import { HashArena, type HashTile } from "../commitment/kernel/hash-arena.ts";
import { BLOCK_BYTES } from "../commitment/kernel/kernel.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { assert } from "../errors.ts";
import type { EventColumns } from "./event-columns.ts";
import {
  compareBytes,
  EVENT_DEVICE_BYTES_MAX,
  EVENT_SALT_BYTES,
  EVENT_SALTS_A_BLOCK,
  type EventsHeader,
  eventSecrets,
} from "./event-digests.ts";

const TILE = 264; // a multiple of the salts of one block
const DIGEST = 32;
/** Rows of one charge; what the order of 32 bits of a key and a row's number fits in a float. */
export const EVENTS_OF_CHARGE_MAX = 2 ** 20;
const FILLS = fillDigests(20);
const TWO_32 = 2 ** 32;
/** Where time, sequence and device begin in the pre-images of order key and body. */
const KEY_EVENT_AT = 33;
const BODY_EVENT_AT = 26;

export interface HashedEvents {
  header: EventsHeader;
  /** Rows that named an event that was there already. */
  duplicates: number;
}

/**
 * The header over the events of one charge, from columns: the same as buildEventsTree, without an
 * object for each event. Four hashes and a sixth an event. Memory is reserved for the largest charge
 * so far and used again.
 */
export class EventsHasher {
  #arena = new HashArena(0);
  #capacity = 0;
  #keys: Uint8Array = new Uint8Array();
  #leaves: Uint8Array = new Uint8Array();
  #order = new Float64Array();
  #keyTile!: HashTile;
  #bodyTile!: HashTile;
  readonly #keyLengths = new Uint8Array(TILE);
  readonly #bodyLengths = new Uint8Array(TILE);
  #leafTile!: HashTile;
  #saltTile!: HashTile;
  #leafKeys: Uint8Array = new Uint8Array();

  /** @param rows of `columns` that belong to the charge; at least one */
  hash(columns: EventColumns, rows: Uint32Array, key: Uint8Array): HashedEvents {
    assert(rows.length > 0 && rows.length <= EVENTS_OF_CHARGE_MAX, "a charge has events");
    this.#reserve(rows.length);
    const secrets = eventSecrets(key);
    this.#hashKeys(columns, rows, secrets.order);
    const count = this.#sort(rows.length);
    this.#hashLeaves(columns, rows, count, secrets.salts);
    this.#arena.reduceToRoot(this.#leaves, count, FILLS);
    return {
      duplicates: rows.length - count,
      header: {
        depth: treeDepth(count, 0),
        count: BigInt(count),
        root: this.#leaves.slice(0, DIGEST),
        ...this.#measure(columns, rows, count),
      },
    };
  }

  #reserve(events: number): void {
    if (events <= this.#capacity) return;
    const capacity = Math.min(EVENTS_OF_CHARGE_MAX, Math.max(2 * this.#capacity, events, 4096));
    const tiles = 4 * TILE * (BLOCK_BYTES + 96) + TILE * DIGEST + 4096;
    this.#arena = new HashArena((capacity + 1) * DIGEST + tiles);
    this.#leaves = this.#arena.bytes((capacity + 1) * DIGEST);
    this.#keys = new Uint8Array(capacity * DIGEST);
    this.#order = new Float64Array(capacity);
    this.#capacity = capacity;
    this.#keyLengths.fill(0);
    this.#bodyLengths.fill(0);
    this.#keyTile = this.#arena.tile(TILE, "keccak");
    this.#bodyTile = this.#arena.tile(TILE, "keccak");
    this.#bodyTile.placeEverywhere(0, Uint8Array.of(TAG.eventBody, PROTOCOL_VERSION));
    this.#leafTile = this.#arena.tile(TILE, "keccak");
    this.#leafTile.placeEverywhere(0, Uint8Array.of(TAG.eventLeaf, PROTOCOL_VERSION));
    this.#leafTile.setLength(2 + 2 * DIGEST);
    this.#leafKeys = this.#arena.bytes(TILE * DIGEST);
    this.#saltTile = this.#arena.tile(TILE / EVENT_SALTS_A_BLOCK, "shake");
    this.#saltTile.placeEverywhere(0, Uint8Array.of(TAG.eventSalts));
    this.#saltTile.setLength(1 + DIGEST + 8);
  }

  #hashKeys(columns: EventColumns, rows: Uint32Array, secret: Uint8Array): void {
    this.#keyTile.placeEverywhere(0, Uint8Array.of(TAG.eventOrderKey, ...secret));
    for (let first = 0; first < rows.length; first += TILE) {
      const count = Math.min(TILE, rows.length - first);
      for (let i = 0; i < count; i++) {
        writeEvent(
          this.#keyTile,
          this.#keyLengths,
          i,
          KEY_EVENT_AT,
          columns,
          rows[first + i] as number,
        );
      }
      this.#keyTile.hash(count);
      this.#keys.set(this.#keyTile.output.subarray(0, count * DIGEST), first * DIGEST);
    }
  }

  /** Puts the places of `rows` into #order, by key, each event once. Answers how many there are. */
  #sort(count: number): number {
    const order = this.#order.subarray(0, count);
    const keys = this.#keys;
    for (let i = 0; i < count; i++) {
      const at = i * DIGEST;
      const high = ((keys[at] as number) << 16) | ((keys[at + 1] as number) << 8);
      const prefix = (high | (keys[at + 2] as number)) * 256 + (keys[at + 3] as number);
      order[i] = prefix * EVENTS_OF_CHARGE_MAX + i;
    }
    order.sort();
    let before = -1;
    let hasTies = false;
    for (let i = 0; i < count; i++) {
      const prefix = Math.floor((order[i] as number) / EVENTS_OF_CHARGE_MAX);
      order[i] = (order[i] as number) - prefix * EVENTS_OF_CHARGE_MAX;
      hasTies ||= prefix === before;
      before = prefix;
    }
    if (!hasTies) return count;
    this.#orderFully(order);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const place = order[i] as number;
      if (kept > 0 && compareBytes(this.#key(place), this.#key(order[kept - 1] as number)) === 0) {
        continue;
      }
      order[kept++] = place;
    }
    return kept;
  }

  /** Keys that share their first 32 bits stand side by side by now: a few are out of order. */
  #orderFully(order: Float64Array): void {
    for (let i = 1; i < order.length; i++) {
      const place = order[i] as number;
      let at = i;
      while (at > 0 && compareBytes(this.#key(place), this.#key(order[at - 1] as number)) < 0) {
        order[at] = order[at - 1] as number;
        at--;
      }
      order[at] = place;
    }
  }

  #key(place: number): Uint8Array {
    return this.#keys.subarray(place * DIGEST, (place + 1) * DIGEST);
  }

  #hashLeaves(
    columns: EventColumns,
    rows: Uint32Array,
    count: number,
    saltSecret: Uint8Array,
  ): void {
    this.#saltTile.placeEverywhere(1, saltSecret);
    for (let first = 0; first < count; first += TILE) {
      const size = Math.min(TILE, count - first);
      this.#hashSalts(first / EVENT_SALTS_A_BLOCK);
      for (let i = 0; i < size; i++) {
        const place = this.#order[first + i] as number;
        const row = rows[place] as number;
        const at = i * BLOCK_BYTES;
        copy(this.#saltTile.output, i * EVENT_SALT_BYTES, this.#bodyTile.blocks, at + 2, 16);
        writeNumber(this.#bodyTile.blocks, at + 18, columns.quantity[row] as number);
        writeEvent(this.#bodyTile, this.#bodyLengths, i, BODY_EVENT_AT, columns, row);
        copy(this.#keys, place * DIGEST, this.#leafKeys, i * DIGEST, DIGEST);
      }
      this.#bodyTile.hash(size);
      this.#leafTile.placeBytes(2, DIGEST, this.#leafKeys, size);
      this.#leafTile.placeBytes(2 + DIGEST, DIGEST, this.#bodyTile.output, size);
      this.#leafTile.hash(size);
      this.#leaves.set(this.#leafTile.output.subarray(0, size * DIGEST), first * DIGEST);
    }
  }

  /** The salts of one tile lie in the output one after the other: 6 of 16 bytes in each 96. */
  #hashSalts(firstBlock: number): void {
    const { capacity, blocks } = this.#saltTile;
    for (let i = 0; i < capacity; i++) {
      writeNumber(blocks, i * BLOCK_BYTES + 1 + DIGEST, firstBlock + i);
    }
    this.#saltTile.hash(capacity);
  }

  #measure(columns: EventColumns, rows: Uint32Array, count: number) {
    const { quantity, time } = columns;
    let sum = 0n;
    let partial = 0;
    let minimum = Infinity;
    let maximum = 0;
    let first = rows[this.#order[0] as number] as number;
    let last = first;
    for (let i = 0; i < count; i++) {
      const row = rows[this.#order[i] as number] as number;
      const one = quantity[row] as number;
      // Both below 2^53, so their sum is below 2^54 and may be inexact: added apart before that.
      if (partial + one > Number.MAX_SAFE_INTEGER) {
        sum += BigInt(partial);
        partial = 0;
      }
      partial += one;
      if (one < minimum) minimum = one;
      if (one > maximum) maximum = one;
      if (isBefore(columns, row, first)) first = row;
      if (isBefore(columns, last, row)) last = row;
    }
    return {
      sum: sum + BigInt(partial),
      minimum: BigInt(minimum),
      maximum: BigInt(maximum),
      last: BigInt(quantity[last] as number),
      from: BigInt(time[first] as number),
      to: BigInt(time[last] as number),
    };
  }
}

function isBefore({ time, sequence, device, devices }: EventColumns, a: number, b: number) {
  if (time[a] !== time[b]) return (time[a] as number) < (time[b] as number);
  if (sequence[a] !== sequence[b]) return (sequence[a] as number) < (sequence[b] as number);
  if (device[a] === device[b]) return false;
  const [deviceA, deviceB] = [devices[device[a] as number], devices[device[b] as number]];
  return compareBytes(deviceA as Uint8Array, deviceB) < 0;
}

/**
 * Time, sequence and device of a row, and the end of its message where it is not there already.
 * @param lengths of the tile's messages
 */
function writeEvent(
  tile: HashTile,
  lengths: Uint8Array,
  slot: number,
  offset: number,
  { time, sequence, device, devices }: EventColumns,
  row: number,
): void {
  const at = slot * BLOCK_BYTES + offset;
  const id = devices[device[row] as number] as Uint8Array;
  assert(id.length <= EVENT_DEVICE_BYTES_MAX, "a device id has its length");
  writeNumber(tile.blocks, at, time[row] as number);
  writeNumber(tile.blocks, at + 8, sequence[row] as number);
  copy(id, 0, tile.blocks, at + 16, id.length);
  const length = offset + 16 + id.length;
  if (lengths[slot] === length) return;
  tile.setLengthOf(slot, length);
  lengths[slot] = length;
}

/** A whole number below 2^53 in 8 bytes, big-endian. */
function writeNumber(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_32);
  const low = value - high * TWO_32;
  bytes[at] = high >>> 24;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = low >>> 24;
  bytes[at + 5] = low >>> 16;
  bytes[at + 6] = low >>> 8;
  bytes[at + 7] = low;
}

function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i] as number;
}
