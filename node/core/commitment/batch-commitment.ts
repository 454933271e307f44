import { PackedBytes } from "../bytes.ts";
import { hash } from "../hash.ts";
import { BATCH_DEPTH_MIN, buildInclusionTree, type InclusionTree } from "./inclusion-tree.ts";
import type { BatchRoots } from "./join-runs.ts";
import { bookSalts } from "./secrets.ts";
import { sumTreeRoot } from "./sum-tree.ts";
import { PROTOCOL_VERSION, TAG } from "./tags.ts";

/** What T hides: the totals of one batch (docs/PROTOCOL.md, section 6). */
export interface BatchTotals {
  salt: Uint8Array;
  sumRoot: Uint8Array;
  sumNano: bigint;
  count: bigint;
  /** Earliest and latest start in milliseconds; both 0 when the batch is empty. */
  from: bigint;
  to: bigint;
  suspended: bigint;
  oldestSuspended: bigint;
}

/** What C hides: sum and count of the book up to and with this batch. */
export interface RunningTotals {
  salt: Uint8Array;
  sumNano: bigint;
  count: bigint;
}

/** What every reader of a proof sees of a batch: T and C stay opaque. */
export interface CommitmentParts {
  domain: Uint8Array;
  sequence: bigint;
  depth: number;
  root: Uint8Array;
  totals: Uint8Array;
  runningTotals: Uint8Array;
}

export function totalsDigest(totals: BatchTotals): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.totals, 1)
      .raw(totals.salt, 32)
      .raw(totals.sumRoot, 32)
      .unsigned(totals.sumNano, 16)
      .unsigned(totals.count, 8)
      .unsigned(totals.from, 8)
      .unsigned(totals.to, 8)
      .unsigned(totals.suspended, 8)
      .unsigned(totals.oldestSuspended, 8),
  );
}

export function runningTotalsDigest(totals: RunningTotals): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.runningTotals, 1)
      .raw(totals.salt, 32)
      .unsigned(totals.sumNano, 16)
      .unsigned(totals.count, 8),
  );
}

export function commitmentOf(parts: CommitmentParts): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.commitment, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(parts.domain, 20)
      .unsigned(parts.sequence, 8)
      .unsigned(parts.depth, 1)
      .raw(parts.root, 32)
      .raw(parts.totals, 32)
      .raw(parts.runningTotals, 32),
  );
}

/** The one word that the ledger keeps of a batch. `blockTimeSeconds` is the block's timestamp. */
export function sealOf(commitment: Uint8Array, blockTimeSeconds: bigint): Uint8Array {
  return hash(
    new PackedBytes().unsigned(TAG.seal, 1).raw(commitment, 32).unsigned(blockTimeSeconds, 8),
  );
}

export interface BatchLeaf {
  leaf: Uint8Array;
  amountNano: bigint;
  /** Milliseconds; what `from` and `to` of the totals range over. */
  start: bigint;
}

/** What a batch's place and book give to its commitment, whatever its leaves are. */
export interface BatchFrame {
  domain: Uint8Array;
  bookKey: Uint8Array;
  sequence: bigint;
  /** Running totals of the book before this batch. */
  before: { sumNano: bigint; count: bigint };
  suspended: bigint;
  oldestSuspended: bigint;
}

export interface BatchInput extends BatchFrame {
  leaves: BatchLeaf[];
}

/** R and S of a batch, and the earliest and latest start in it (both 0 when it is empty). */
interface BatchContent {
  depth: number;
  root: Uint8Array;
  sumRoot: Uint8Array;
  sumNano: bigint;
  count: bigint;
  from: bigint;
  to: bigint;
}

/** A commitment with all that opens it but the paths. */
export interface CommittedTotals {
  parts: CommitmentParts;
  commitment: Uint8Array;
  totals: BatchTotals;
  runningTotals: RunningTotals;
}

export interface CommittedBatch extends CommittedTotals {
  tree: InclusionTree;
}

/** From an ordered run of leaves to the commitment, with all that opens it. */
export function commitBatch(input: BatchInput): CommittedBatch {
  const { leaves } = input;
  const tree = buildInclusionTree(
    leaves.map((entry) => entry.leaf),
    BATCH_DEPTH_MIN,
  );
  const sum = sumTreeRoot(
    leaves.map((entry) => entry.amountNano),
    tree.depth,
  );
  const starts = leaves.map((entry) => entry.start);
  const committed = commitContent(input, {
    depth: tree.depth,
    root: tree.root,
    sumRoot: sum.digest,
    sumNano: sum.sumNano,
    count: BigInt(leaves.length),
    from: starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? 0n),
    to: starts.reduce((most, start) => (start > most ? start : most), 0n),
  });
  return { ...committed, tree };
}

/**
 * The same from built trees, and the earliest and latest start of their leaves.
 * @param range 0 and 0 for an empty batch
 */
export function commitTrees(
  frame: BatchFrame,
  { depth, root, sumRoot, sumNano, count }: Omit<BatchRoots, "upper">,
  range: { from: bigint; to: bigint },
): CommittedTotals {
  return commitContent(frame, { depth, root, sumRoot, sumNano, count: BigInt(count), ...range });
}

function commitContent(frame: BatchFrame, content: BatchContent): CommittedTotals {
  const { sequence, domain, before, suspended, oldestSuspended } = frame;
  const { depth, root, sumRoot, sumNano, count, from, to } = content;
  const salts = bookSalts(frame.bookKey, sequence);
  const totals: BatchTotals = {
    salt: salts.totals,
    sumRoot,
    sumNano,
    count,
    from,
    to,
    suspended,
    oldestSuspended,
  };
  const runningTotals: RunningTotals = {
    salt: salts.runningTotals,
    sumNano: before.sumNano + sumNano,
    count: before.count + count,
  };
  const parts: CommitmentParts = {
    domain,
    sequence,
    depth,
    root,
    totals: totalsDigest(totals),
    runningTotals: runningTotalsDigest(runningTotals),
  };
  return { parts, commitment: commitmentOf(parts), totals, runningTotals };
}
