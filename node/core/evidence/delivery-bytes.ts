import { ByteReader } from "../byte-reader.ts";
import { PackedBytes } from "../bytes.ts";
import { type CommitmentParts, commitmentOf, sealOf } from "../commitment/batch-commitment.ts";
import {
  type AccountGroup,
  accountGroupBytes,
  type ChargeGroup,
  type CreditGroup,
  chargeGroupBytes,
  creditGroupBytes,
  type PartyGroup,
  partyGroupBytes,
} from "../commitment/charge-groups.ts";
import {
  BATCH_DEPTH_MAX,
  FILL_LEAF,
  inclusionNode,
  rootFromPath,
} from "../commitment/inclusion-tree.ts";
import { chargeLeaf } from "../commitment/leaf.ts";
import { assert } from "../errors.ts";
import { hash } from "../hash.ts";
import { readAccount, readCharge, readCredit, readParty } from "./group-bytes.ts";

/*
 * What is delivered on a demand, before it is encrypted (docs/PROTOCOL.md, section 12): every group
 * with its salt and the way to the seal, so that a delivery proves itself and lacks nothing.
 */

/** A leaf with all its groups. */
export interface FullLeaf {
  account: AccountGroup;
  party: PartyGroup;
  third: ChargeGroup | CreditGroup;
  amountNano: bigint;
}

/** What leads from an inclusion root to a seal. Block time in seconds. */
export interface DeliveredBatch {
  depth: number;
  totals: Uint8Array;
  runningTotals: Uint8Array;
  blockTime: bigint;
}

export interface DeliveredCharge {
  leaf: FullLeaf;
  sequence: bigint;
  leafIndex: number;
  batch: DeliveredBatch;
  path: Uint8Array[];
}

export interface DeliveredChunk {
  leaves: FullLeaf[];
  batch: DeliveredBatch;
  /** From the chunk's node upward. */
  path: Uint8Array[];
}

export const CHUNK_LEAVES = 32;
const CHUNK_DEPTH = 5;
/** Bytes of a group's pre-image before its fields: tag and version. */
const HEAD = 2;
const OPENING_OF_CHARGE = 386;
const OPENING_OF_CREDIT = 350;

export function encodeCharge(charge: DeliveredCharge): Uint8Array {
  const { leaf, sequence, leafIndex, batch, path } = charge;
  assert(path.length === batch.depth, "a path has as many siblings as the tree is deep");
  const place = new PackedBytes().unsigned(sequence, 8).unsigned(leafIndex, 4).done();
  return joined([openingBytes(leaf), place, batchBytes(batch), ...path]);
}

export function encodeChunk({ leaves, batch, path }: DeliveredChunk, ofCredits: boolean) {
  assert(leaves.length <= CHUNK_LEAVES, "a chunk has at most 32 leaves");
  assert(path.length === batch.depth - CHUNK_DEPTH, "a chunk's path begins above its node");
  const size = ofCredits ? OPENING_OF_CREDIT : OPENING_OF_CHARGE;
  // Always as long as 32 leaves: the length tells nothing of the batch's count.
  const missing = new Uint8Array((CHUNK_LEAVES - leaves.length) * size);
  const count = Uint8Array.of(leaves.length);
  return joined([batchBytes(batch), count, ...path, ...leaves.map(openingBytes), missing]);
}

/**
 * @throws TallystickError `bytes.too-short`; whether it is what was asked for, `sealOfCharge` shows
 */
export function decodeCharge(plain: Uint8Array): DeliveredCharge {
  const reader = new ByteReader(plain);
  const leaf = readLeaf(reader, false);
  const sequence = reader.unsigned(8);
  const leafIndex = reader.small(4);
  const batch = readBatch(reader);
  return { leaf, sequence, leafIndex, batch, path: readPath(reader, batch.depth) };
}

/** @throws TallystickError `bytes.too-short` */
export function decodeChunk(plain: Uint8Array, ofCredits: boolean): DeliveredChunk {
  const reader = new ByteReader(plain);
  const batch = readBatch(reader);
  const count = Math.min(reader.small(1), CHUNK_LEAVES);
  const path = readPath(reader, batch.depth - CHUNK_DEPTH);
  const leaves = Array.from({ length: count }, () => readLeaf(reader, ofCredits));
  return { leaves, batch, path };
}

/** The root of R that a delivered charge leads to. @throws as `rootFromPath` */
export function rootOfCharge(domain: Uint8Array, { leaf, leafIndex, path }: DeliveredCharge) {
  return rootFromPath(leafDigest(domain, leaf), leafIndex, path);
}

export function rootOfChunk(domain: Uint8Array, chunk: number, { leaves, path }: DeliveredChunk) {
  let level = Array.from({ length: CHUNK_LEAVES }, (_, i) => {
    const leaf = leaves[i];
    return leaf === undefined ? FILL_LEAF : leafDigest(domain, leaf);
  });
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      inclusionNode(level[2 * i] as Uint8Array, level[2 * i + 1] as Uint8Array),
    );
  }
  return rootFromPath(level[0] as Uint8Array, chunk, path);
}

/** The seal that the ledger keeps when the delivery is genuine. */
export function sealOfDelivery(
  domain: Uint8Array,
  sequence: bigint,
  root: Uint8Array,
  { depth, totals, runningTotals, blockTime }: DeliveredBatch,
): Uint8Array {
  const parts: CommitmentParts = { domain, sequence, depth, root, totals, runningTotals };
  return sealOf(commitmentOf(parts), blockTime);
}

const isCredit = (third: ChargeGroup | CreditGroup): third is CreditGroup => "reason" in third;

const thirdBytes = (third: ChargeGroup | CreditGroup): Uint8Array =>
  isCredit(third) ? creditGroupBytes(third) : chargeGroupBytes(third);

function leafDigest(domain: Uint8Array, leaf: FullLeaf): Uint8Array {
  const digests = {
    account: hash(accountGroupBytes(leaf.account)),
    party: hash(partyGroupBytes(leaf.party)),
    charge: hash(thirdBytes(leaf.third)),
  };
  return chargeLeaf(domain, digests, leaf.amountNano);
}

function openingBytes({ account, party, third, amountNano }: FullLeaf): Uint8Array {
  return joined([
    accountGroupBytes(account).subarray(HEAD),
    partyGroupBytes(party).subarray(HEAD),
    thirdBytes(third).subarray(HEAD),
    new PackedBytes().unsigned(amountNano, 16).done(),
  ]);
}

const batchBytes = ({ depth, totals, runningTotals, blockTime }: DeliveredBatch): Uint8Array =>
  new PackedBytes()
    .unsigned(depth, 1)
    .raw(totals, 32)
    .raw(runningTotals, 32)
    .unsigned(blockTime, 8)
    .done();

function readLeaf(reader: ByteReader, ofCredits: boolean): FullLeaf {
  const account = readAccount(reader);
  const party = readParty(reader);
  const third = ofCredits ? readCredit(reader) : readCharge(reader);
  return { account, party, third, amountNano: reader.unsigned(16) };
}

const readBatch = (reader: ByteReader): DeliveredBatch => ({
  depth: reader.small(1),
  totals: reader.raw(32),
  runningTotals: reader.raw(32),
  blockTime: reader.unsigned(8),
});

/** A depth that no batch has yields no path, and so no seal that the ledger keeps. */
function readPath(reader: ByteReader, length: number): Uint8Array[] {
  const known = length >= 0 && length <= BATCH_DEPTH_MAX ? length : 0;
  return Array.from({ length: known }, () => reader.raw(32));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
