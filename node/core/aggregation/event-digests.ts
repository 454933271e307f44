import { PackedBytes } from "../bytes.ts";
import { buildInclusionTree, type InclusionTree } from "../commitment/inclusion-tree.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { TallystickError } from "../errors.ts";
import { expand, hash } from "../hash.ts";

/** Longest device id of an event in UTF-8 (docs/PROTOCOL.md, section 14). */
export const EVENT_DEVICE_BYTES_MAX = 64;
/** Salts of 16 bytes that one extendable output holds. */
export const EVENT_SALTS_A_BLOCK = 6;
export const EVENT_SALT_BYTES = 16;

/** What names an event within its charge; two events of the same identity are one. */
export interface EventIdentity {
  device: string;
  /** Milliseconds since 1970 UTC. */
  time: bigint;
  /** The device's own counter, 0 where it has none. */
  sequence: bigint;
}

/** What the charge binds of its events; `quantity` is in the units of the charge's quantity. */
export interface EventsHeader {
  depth: number;
  count: bigint;
  root: Uint8Array;
  sum: bigint;
  minimum: bigint;
  maximum: bigint;
  /** Quantity of the latest event (by time, then sequence, then device). */
  last: bigint;
  from: bigint;
  to: bigint;
}

export interface EventSecrets {
  /** With it, whoever is shown the events of a charge can tell where an event would stand. */
  order: Uint8Array;
  /** Never shown: the salts of events that a reader does not see follow from it. */
  salts: Uint8Array;
}

/** @param key 32 random bytes, one for each charge that has events */
export function eventSecrets(key: Uint8Array): EventSecrets {
  const packed = new PackedBytes().unsigned(TAG.eventSecrets, 1).raw(key, 32).done();
  const stream = expand(packed, 64);
  return { order: stream.slice(0, 32), salts: stream.slice(32, 64) };
}

/** @throws TallystickError `events.device-length` */
export function deviceBytes(device: string): Uint8Array {
  const bytes = new TextEncoder().encode(device);
  if (bytes.length === 0 || bytes.length > EVENT_DEVICE_BYTES_MAX) {
    throw new TallystickError(
      "events.device-length",
      `A device id has ${bytes.length} bytes; 1 to ${EVENT_DEVICE_BYTES_MAX} are possible.`,
    );
  }
  return bytes;
}

/** Where an event stands among the others of its charge: by this key, strictly increasing. */
export function eventOrderKey(orderSecret: Uint8Array, event: EventIdentity): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.eventOrderKey, 1)
      .raw(orderSecret, 32)
      .unsigned(event.time, 8)
      .unsigned(event.sequence, 8)
      .last(deviceBytes(event.device)),
  );
}

/** Salt of the event at `index` of the sorted events. */
export function eventSalt(saltSecret: Uint8Array, index: number): Uint8Array {
  const block = Math.floor(index / EVENT_SALTS_A_BLOCK);
  const packed = new PackedBytes().unsigned(TAG.eventSalts, 1).raw(saltSecret, 32);
  const stream = expand(packed.unsigned(block, 8).done(), EVENT_SALTS_A_BLOCK * EVENT_SALT_BYTES);
  const at = (index % EVENT_SALTS_A_BLOCK) * EVENT_SALT_BYTES;
  return stream.slice(at, at + EVENT_SALT_BYTES);
}

export function eventBody(salt: Uint8Array, quantity: bigint, event: EventIdentity): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.eventBody, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(salt, EVENT_SALT_BYTES)
      .unsigned(quantity, 8)
      .unsigned(event.time, 8)
      .unsigned(event.sequence, 8)
      .last(deviceBytes(event.device)),
  );
}

export function eventLeaf(orderKey: Uint8Array, body: Uint8Array): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.eventLeaf, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(orderKey, 32)
      .raw(body, 32),
  );
}

/** The 32 bytes that stand in the charge's party group. */
export function eventsRoot(header: EventsHeader): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.eventsRoot, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .unsigned(header.depth, 1)
      .unsigned(header.count, 8)
      .raw(header.root, 32)
      .unsigned(header.sum, 16)
      .unsigned(header.minimum, 8)
      .unsigned(header.maximum, 8)
      .unsigned(header.last, 8)
      .unsigned(header.from, 8)
      .unsigned(header.to, 8),
  );
}

export interface MeasuredEvent extends EventIdentity {
  quantity: bigint;
}

export interface SortedEvent extends MeasuredEvent {
  orderKey: Uint8Array;
  salt: Uint8Array;
  body: Uint8Array;
}

export interface EventsTree {
  header: EventsHeader;
  /** In the order of the tree. */
  events: SortedEvent[];
  tree: InclusionTree;
}

/**
 * The events of one charge, one by one: the plain form of events-hasher.ts, and what proofs are taken
 * from. An event that is there twice counts once.
 * @throws TallystickError `events.none`, `events.device-length`
 */
export function buildEventsTree(key: Uint8Array, events: readonly MeasuredEvent[]): EventsTree {
  if (events.length === 0) {
    throw new TallystickError("events.none", "A charge of events has at least one event.");
  }
  const secrets = eventSecrets(key);
  const keyed = events
    .map((event) => ({ ...event, orderKey: eventOrderKey(secrets.order, event) }))
    .sort((a, b) => compareBytes(a.orderKey, b.orderKey));
  const once = keyed.filter(
    (event, at) => at === 0 || compareBytes(event.orderKey, keyed[at - 1]?.orderKey) !== 0,
  );
  const sorted = once.map((event, index): SortedEvent => {
    const salt = eventSalt(secrets.salts, index);
    return { ...event, salt, body: eventBody(salt, event.quantity, event) };
  });
  const tree = buildInclusionTree(
    sorted.map(({ orderKey, body }) => eventLeaf(orderKey, body)),
    0,
  );
  const quantities = sorted.map(({ quantity }) => quantity);
  const inTime = sorted.toSorted(compareInTime);
  return {
    events: sorted,
    tree,
    header: {
      depth: tree.depth,
      count: BigInt(sorted.length),
      root: tree.root,
      sum: quantities.reduce((sum, quantity) => sum + quantity, 0n),
      minimum: quantities.reduce((least, one) => (one < least ? one : least)),
      maximum: quantities.reduce((most, one) => (one > most ? one : most)),
      last: inTime.at(-1)?.quantity as bigint,
      from: inTime[0]?.time as bigint,
      to: inTime.at(-1)?.time as bigint,
    },
  };
}

function compareInTime(a: EventIdentity, b: EventIdentity): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  if (a.sequence !== b.sequence) return a.sequence < b.sequence ? -1 : 1;
  return compareBytes(deviceBytes(a.device), deviceBytes(b.device));
}

export function compareBytes(a: Uint8Array, b: Uint8Array | undefined): number {
  if (b === undefined) return 1;
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
