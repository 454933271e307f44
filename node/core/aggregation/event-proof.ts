import { z } from "zod";
import { equalBytes, fromHex, type Hex, toHex } from "../bytes.ts";
import { rootFromPath } from "../commitment/inclusion-tree.ts";
import { TallystickError } from "../errors.ts";
import type { OpenedCharge } from "../evidence/bundle.ts";
import { type Check, fail, pass } from "../evidence/check.ts";
import { firstShapeProblem } from "../json/shape-words.ts";
import {
  compareBytes,
  type EventIdentity,
  type EventsHeader,
  type EventsTree,
  eventBody,
  eventLeaf,
  eventOrderKey,
  eventSecrets,
  eventsRoot,
} from "./event-digests.ts";

/*
 * Shows of one event that it is, or is not, among those that a charge stands for, and of no other
 * event anything (docs/PROTOCOL.md, section 14). Integers are decimal strings, bytes "0x…".
 */

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`))
    .transform((text) => text as Hex);
const unsigned = (bytes: number) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,38})$/)
    .refine((text) => BigInt(text) < 1n << BigInt(8 * bytes), `does not fit ${bytes} bytes`);
const index = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const path = z.array(hex(32)).max(32);
const neighbour = z.strictObject({ index, orderKey: hex(32), body: hex(32), path });

const proofSchema = z.strictObject({
  format: z.literal("tallystick-event-proof"),
  version: z.literal(1),
  /** Id of the record that the charge was made from, for people. */
  record: z.string().max(98),
  header: z.strictObject({
    depth: z.int().min(0).max(32),
    count: unsigned(8),
    root: hex(32),
    sum: unsigned(16),
    minimum: unsigned(8),
    maximum: unsigned(8),
    last: unsigned(8),
    from: unsigned(8),
    to: unsigned(8),
  }),
  orderSecret: hex(32),
  event: z.strictObject({
    device: z.string().min(1).max(64),
    time: unsigned(8).refine((text) => text.length < 16, "no date can hold this instant"),
    sequence: unsigned(8),
  }),
  /** Where the event stands; absent when it does not. */
  present: z.strictObject({ index, salt: hex(16), quantity: unsigned(8), path }).optional(),
  /** The leaves between which it would stand; one is missing at either end. */
  absent: z.strictObject({ before: neighbour.optional(), after: neighbour.optional() }).optional(),
});

export type EventProof = z.infer<typeof proofSchema>;
type Neighbour = z.infer<typeof neighbour>;

/** @throws TallystickError `events.bad-proof` */
export function parseEventProof(text: string): EventProof {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TallystickError("events.bad-proof", "This is no proof of an event: it is not JSON.");
  }
  const result = proofSchema.safeParse(value);
  if (result.success) return result.data;
  const { field, says } = firstShapeProblem(result.error, value);
  throw new TallystickError(
    "events.bad-proof",
    `This is no proof of an event of version 1: ${field === "" ? "" : `${field}: `}${says}.`,
    { field },
  );
}

/** What a charge binds of all its events, as it is sent. @throws TallystickError `events.bad-proof` */
export function parseEventHeader(value: unknown): EventProof["header"] {
  const result = proofSchema.shape.header.safeParse(value);
  if (result.success) return result.data;
  throw new TallystickError("events.bad-proof", "This is no header of a charge's events.");
}

export const headerOfTree = ({ header }: EventsTree): EventProof["header"] => ({
  depth: header.depth,
  root: toHex(header.root),
  count: `${header.count}`,
  sum: `${header.sum}`,
  minimum: `${header.minimum}`,
  maximum: `${header.maximum}`,
  last: `${header.last}`,
  from: `${header.from}`,
  to: `${header.to}`,
});

/** What the charge's own events say of one event. @param key the events key of the charge */
export function proveEvent(
  record: string,
  key: Uint8Array,
  whole: EventsTree,
  event: EventIdentity,
): EventProof {
  const { events, tree } = whole;
  const { order } = eventSecrets(key);
  const wanted = eventOrderKey(order, event);
  const at = events.findIndex(({ orderKey }) => compareBytes(orderKey, wanted) >= 0);
  const found = at >= 0 ? events[at] : undefined;
  const pathOf = (leaf: number) => tree.path(leaf).map(toHex);
  const neighbourAt = (leaf: number): Neighbour | undefined => {
    const one = events[leaf];
    if (one === undefined) return undefined;
    const { orderKey, body } = one;
    return { index: leaf, orderKey: toHex(orderKey), body: toHex(body), path: pathOf(leaf) };
  };
  const isThere = found !== undefined && equalBytes(found.orderKey, wanted);
  const next = at < 0 ? events.length : at;
  const [before, after] = [neighbourAt(next - 1), neighbourAt(next)];
  return {
    format: "tallystick-event-proof",
    version: 1,
    record,
    header: headerOfTree(whole),
    orderSecret: toHex(order),
    event: { device: event.device, time: `${event.time}`, sequence: `${event.sequence}` },
    ...(isThere
      ? {
          present: {
            index: at,
            salt: toHex(found.salt),
            quantity: `${found.quantity}`,
            path: pathOf(at),
          },
        }
      : {
          absent: {
            ...(before === undefined ? {} : { before }),
            ...(after === undefined ? {} : { after }),
          },
        }),
  };
}

/** The events root that this proof speaks of: it has to stand in the charge's party group. */
export function rootOfProof({ header }: Pick<EventProof, "header">): Hex {
  return toHex(eventsRoot(headerOf(header)));
}

/**
 * Whether the proof shows what it says of the event. That its root is the charge's is for the caller
 * to compare; `rootOfProof` yields it.
 */
export function checkEventProof(proof: EventProof): Check {
  const name = proof.present === undefined ? "event-absent" : "event-present";
  try {
    return proof.present === undefined ? checkAbsent(proof) : checkPresent(proof, proof.present);
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return fail(name, error.message);
  }
}

/** Whether the charge's quantity follows from its events. */
export function checkEventsQuantity(proof: EventProof, charge: OpenedCharge): Check {
  const name = "events-quantity";
  const { count, sum, minimum, maximum, last } = proof.header;
  const found = Object.entries({ sum, count, maximum, last, minimum }).find(
    ([, value]) => value === charge.quantity,
  );
  return found === undefined
    ? fail(name, "The charge's quantity is none of its events' count, sum, minimum, maximum, last.")
    : pass(name, `The charge's quantity is the ${found[0]} of its ${count} events.`);
}

function checkPresent(proof: EventProof, present: NonNullable<EventProof["present"]>): Check {
  const name = "event-present";
  const event = eventOf(proof);
  const body = eventBody(fromHex(present.salt), BigInt(present.quantity), event);
  const orderKey = eventOrderKey(fromHex(proof.orderSecret), event);
  const place = { index: present.index, orderKey: toHex(orderKey), body: toHex(body) };
  return leads(proof, { ...place, path: present.path })
    ? pass(name, `The event is one of ${proof.header.count}, with quantity ${present.quantity}.`)
    : fail(name, "The event that is shown is not the one that was put in.");
}

function checkAbsent(proof: EventProof): Check {
  const name = "event-absent";
  const { before, after } = proof.absent ?? {};
  const count = BigInt(proof.header.count);
  const wanted = toHex(eventOrderKey(fromHex(proof.orderSecret), eventOf(proof)));
  if (before === undefined && after === undefined) {
    return fail(name, "Nothing is shown of where the event would stand.");
  }
  // Of the same length, hexadecimal digits compare as the bytes do.
  if (before !== undefined && !(before.orderKey < wanted))
    return fail(name, "The leaf before does not stand before the event.");
  if (after !== undefined && !(wanted < after.orderKey))
    return fail(name, "The leaf after does not stand after the event.");
  const next = before === undefined ? 0 : before.index + 1;
  if (after === undefined ? BigInt(next) !== count : after.index !== next)
    return fail(name, "The leaves shown are not neighbours: the event could stand between them.");
  for (const leaf of [before, after]) {
    if (leaf !== undefined && !leads(proof, leaf))
      return fail(name, "A leaf that is shown is not the one that was put in.");
  }
  return pass(name, `The event is none of the ${count} that this charge stands for.`);
}

function leads({ header }: EventProof, leaf: Neighbour): boolean {
  if (leaf.path.length !== header.depth || BigInt(leaf.index) >= BigInt(header.count)) return false;
  const digest = eventLeaf(fromHex(leaf.orderKey), fromHex(leaf.body));
  const root = rootFromPath(
    digest,
    leaf.index,
    leaf.path.map((step) => fromHex(step)),
  );
  return toHex(root) === header.root;
}

const eventOf = ({ event }: EventProof): EventIdentity => ({
  device: event.device,
  time: BigInt(event.time),
  sequence: BigInt(event.sequence),
});

function headerOf(header: EventProof["header"]): EventsHeader {
  return {
    depth: header.depth,
    root: fromHex(header.root),
    count: BigInt(header.count),
    sum: BigInt(header.sum),
    minimum: BigInt(header.minimum),
    maximum: BigInt(header.maximum),
    last: BigInt(header.last),
    from: BigInt(header.from),
    to: BigInt(header.to),
  };
}
