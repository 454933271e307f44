import { PackedBytes } from "../bytes.ts";
import { assert } from "../errors.ts";
import { hash } from "../hash.ts";
import { PROTOCOL_VERSION, TAG } from "./tags.ts";

/*
 * The three field groups of a charge (docs/PROTOCOL.md, section 4). Each has a salt of its own, so
 * that a reader can be shown some and not others. No fact stands in two groups.
 */

export const CHARGE_KIND = {
  usage: 1,
  recurring: 2,
  oneOff: 3,
  thirdParty: 4,
  periodEnd: 5,
  tax: 6,
  rounding: 7,
  /** Says which plan an account has; asks nothing. */
  assignment: 8,
} as const;

export const SERVICE_CODE = {
  voice: 1,
  sms: 2,
  mms: 3,
  data: 4,
  energy: 5,
  time: 6,
  content: 7,
  event: 8,
} as const;

export const DIRECTION_CODE = { none: 0, outgoing: 1, incoming: 2, forwarded: 3 } as const;

export const CHARGE_FLAG = { directionMask: 0b11, late: 0b100, wholeNumber: 0b1000 } as const;

export const PARTY_TYPE = { none: 0, international: 1, national: 2, text: 3 } as const;

export const CREDIT_REASON = {
  claimConceded: 1,
  breachProven: 2,
  goodwill: 3,
  correction: 4,
} as const;

/** Sixteen filler nibbles: no digits at all. */
export const NO_DIGITS = 0xffff_ffff_ffff_ffffn;
export const NO_NETWORK = 0xffffff;

export interface AccountGroup {
  salt: Uint8Array;
  pseudonym: Uint8Array;
  /** Counts from 1 without gaps within the pseudonym and book. */
  chargeNumber: bigint;
  /** Nano-units: the sum of the pseudonym's amounts up to and with this one. */
  runningTotalNano: bigint;
  sourceTag: Uint8Array;
  deviceTag: Uint8Array;
}

export interface PartyGroup {
  salt: Uint8Array;
  /** What follows the deciding digits, or the text identity; 8 bytes as an integer. */
  restDigits: bigint;
  type: number;
  cell: bigint;
  /** First 16 bytes of the source file's SHA-256. */
  file: Uint8Array;
  offset: bigint;
  length: number;
  /** Root of the aggregated events, or 32 zero bytes. */
  eventsRoot: Uint8Array;
}

export interface CounterMove {
  scope: Uint8Array;
  scopeSequence: bigint;
  counterBefore: bigint;
}

export interface ChargeGroup {
  salt: Uint8Array;
  kind: number;
  service: number;
  flags: number;
  /** Milliseconds since 1970 UTC. */
  start: bigint;
  sessionMinutes: number;
  quantity: bigint;
  secondQuantity: bigint;
  decidingDigits: bigint;
  originDigits: bigint;
  visitedNetwork: number;
  class: number;
  tariffVersion: number;
  /** At most two. */
  counters: CounterMove[];
}

/**
 * What a charge says that stands for no use of its own: a fee, a sponsor's share.
 * @param start milliseconds since 1970 UTC
 */
export const chargeWithoutUse = (
  kind: number,
  start: number,
  tariffVersion: number,
): Omit<ChargeGroup, "salt"> => ({
  kind,
  service: 0,
  flags: 0,
  start: BigInt(start),
  sessionMinutes: 0,
  quantity: 0n,
  secondQuantity: 0n,
  decidingDigits: NO_DIGITS,
  originDigits: NO_DIGITS,
  visitedNetwork: NO_NETWORK,
  class: 0,
  tariffVersion,
  counters: [],
});

export interface CreditGroup {
  salt: Uint8Array;
  targetDomain: Uint8Array;
  targetSequence: bigint;
  targetIndex: number;
  reason: number;
  /** The claim's id on the ledger, or 32 zero bytes. */
  claim: Uint8Array;
}

function start(tag: number): PackedBytes {
  return new PackedBytes().unsigned(tag, 1).unsigned(PROTOCOL_VERSION, 1);
}

function accountGroupPacked(group: AccountGroup): PackedBytes {
  return start(TAG.accountGroup)
    .raw(group.salt, 32)
    .raw(group.pseudonym, 32)
    .unsigned(group.chargeNumber, 8)
    .unsigned(group.runningTotalNano, 16)
    .raw(group.sourceTag, 24)
    .raw(group.deviceTag, 16);
}

function partyGroupPacked(group: PartyGroup): PackedBytes {
  return start(TAG.partyGroup)
    .raw(group.salt, 32)
    .unsigned(group.restDigits, 8)
    .unsigned(group.type, 1)
    .unsigned(group.cell, 8)
    .raw(group.file, 16)
    .unsigned(group.offset, 8)
    .unsigned(group.length, 4)
    .raw(group.eventsRoot, 32);
}

function chargeGroupPacked(group: ChargeGroup): PackedBytes {
  assert(group.counters.length <= 2, "a charge moves at most two counters");
  const packed = start(TAG.chargeGroup)
    .raw(group.salt, 32)
    .unsigned(group.kind, 1)
    .unsigned(group.service, 1)
    .unsigned(group.flags, 1)
    .unsigned(group.start, 8)
    .unsigned(group.sessionMinutes, 2)
    .unsigned(group.quantity, 8)
    .unsigned(group.secondQuantity, 8)
    .unsigned(group.decidingDigits, 8)
    .unsigned(group.originDigits, 8)
    .unsigned(group.visitedNetwork, 3)
    .unsigned(group.class, 1)
    .unsigned(group.tariffVersion, 4);
  for (let slot = 0; slot < 2; slot++) {
    const move = group.counters[slot];
    if (move === undefined) packed.unsigned(0n, 24);
    else {
      packed.raw(move.scope, 8).unsigned(move.scopeSequence, 8).unsigned(move.counterBefore, 8);
    }
  }
  return packed;
}

function creditGroupPacked(group: CreditGroup): PackedBytes {
  return start(TAG.creditGroup)
    .raw(group.salt, 32)
    .raw(group.targetDomain, 20)
    .unsigned(group.targetSequence, 8)
    .unsigned(group.targetIndex, 4)
    .unsigned(group.reason, 1)
    .raw(group.claim, 32);
}

export const accountGroupDigest = (group: AccountGroup): Uint8Array =>
  hash(accountGroupPacked(group));
export const partyGroupDigest = (group: PartyGroup): Uint8Array => hash(partyGroupPacked(group));
export const chargeGroupDigest = (group: ChargeGroup): Uint8Array => hash(chargeGroupPacked(group));
export const creditGroupDigest = (group: CreditGroup): Uint8Array => hash(creditGroupPacked(group));

/* The pre-images themselves: tag, version, fields. */
export const accountGroupBytes = (group: AccountGroup): Uint8Array =>
  accountGroupPacked(group).done();
export const partyGroupBytes = (group: PartyGroup): Uint8Array => partyGroupPacked(group).done();
export const chargeGroupBytes = (group: ChargeGroup): Uint8Array => chargeGroupPacked(group).done();
export const creditGroupBytes = (group: CreditGroup): Uint8Array => creditGroupPacked(group).done();

/** When a charge falls due, in milliseconds: the end of the use (section 4, "due"). */
export function chargeDueMilliseconds(group: ChargeGroup): bigint {
  if (group.kind !== CHARGE_KIND.usage) return group.start;
  return dueMilliseconds(group.service, group.start, group.quantity, group.secondQuantity);
}

/** The same of a use, by the code of its service. */
export function dueMilliseconds(
  service: number,
  start: bigint,
  quantity: bigint,
  secondQuantity: bigint,
): bigint {
  switch (service) {
    case SERVICE_CODE.voice:
    case SERVICE_CODE.time:
      return start + quantity;
    case SERVICE_CODE.data:
    case SERVICE_CODE.energy:
      return start + secondQuantity;
    default:
      return start;
  }
}
