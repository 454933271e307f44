import { assert } from "../errors.ts";
import { BATCH_DEPTH_MIN, fillDigests, inclusionNode, treeDepth } from "./inclusion-tree.ts";
import { nodesOver } from "./kernel/batch-layout.ts";
import { upperLevels } from "./kernel/chunk-proofs.ts";
import { DIGEST_BYTES } from "./kernel/kernel.ts";
import type { RunTrees } from "./kernel/run-trees.ts";
import { chunkSum, type SumNode, sumNode } from "./sum-tree.ts";

/** What is left of a run of leaves once its trees are built. */
export interface RunTop {
  count: number;
  depth: number;
  root: Uint8Array;
  /** The levels from 5 up to below the root, one after the other, each without its fill. */
  upper: Uint8Array;
  sumRoot: Uint8Array;
  sumNano: bigint;
}

/** R and S of a whole batch, as far as they are kept. */
export type BatchRoots = RunTop;

/** A copy: the trees' memory may be used again. */
export const topOf = (trees: RunTrees): RunTop => ({
  count: trees.count,
  depth: trees.depth,
  root: trees.root.slice(),
  upper: upperLevels(trees),
  sumRoot: trees.sumRoot,
  sumNano: trees.sumNano,
});

/** How deep the runs of a batch are, when a run has at most 2^depthMax leaves. */
export const runDepth = (count: number, depthMax: number): number =>
  Math.min(depthMax, treeDepth(count, BATCH_DEPTH_MIN));

/** Bytes of the levels that are kept of a run or a batch. */
export function upperBytes(count: number, depth: number): number {
  let nodes = 0;
  for (let level = BATCH_DEPTH_MIN; level < depth; level++) nodes += nodesOver(count, level);
  return nodes * DIGEST_BYTES;
}

/**
 * R and S of a batch whose leaves are built run by run: aligned runs of 2^depth leaves, where only the last one
 * may have fewer, or one run that is the whole batch. An empty batch is one run of no leaves.
 * @throws TallystickError `commitment.sum-overflow` when the sum does not fit 128 bits
 */
export function joinRuns(runs: readonly RunTop[]): BatchRoots {
  const [first] = runs;
  assert(first !== undefined, "an empty batch is one run");
  if (runs.length === 1) return first;
  const count = runs.reduce((sum, run) => sum + run.count, 0);
  const depth = treeDepth(count, BATCH_DEPTH_MIN);
  requireAligned(runs, first.depth);
  const upper = new Uint8Array(upperBytes(count, depth));
  let at = 0;
  const put = (digests: Uint8Array) => {
    upper.set(digests, at);
    at += digests.length;
  };
  for (let level = BATCH_DEPTH_MIN; level < first.depth; level++) {
    for (const run of runs) put(levelOf(run, level));
  }
  const fills = fillDigests(depth);
  let nodes = runs.map(({ root }) => root);
  for (let level = first.depth; level < depth; level++) {
    for (const node of nodes) put(node);
    nodes = halved(nodes, inclusionNode, fills[level] as Uint8Array);
  }
  const sum = joinSums(runs, first.depth, depth);
  const [root] = nodes as [Uint8Array];
  return { count, depth, root, upper, sumRoot: sum.digest, sumNano: sum.sumNano };
}

/** S has a node over each chunk that the batch has room for, leaves or not. */
function joinSums(runs: readonly RunTop[], from: number, depth: number): SumNode {
  let empty = chunkSum(0n, 0);
  for (let level = BATCH_DEPTH_MIN; level < from; level++) empty = sumNode(empty, empty);
  let nodes: SumNode[] = runs.map(({ sumRoot, sumNano }) => ({ digest: sumRoot, sumNano }));
  for (let level = from; level < depth; level++) {
    nodes = halved(nodes, sumNode, empty);
    empty = sumNode(empty, empty);
  }
  return nodes[0] as SumNode;
}

/** The level above; what a last, left node has for a sibling is `missing`. */
function halved<T>(nodes: readonly T[], node: (left: T, right: T) => T, missing: T): T[] {
  const above: T[] = [];
  for (let i = 0; i < nodes.length; i += 2) {
    above.push(node(nodes[i] as T, nodes[i + 1] ?? missing));
  }
  return above;
}

function levelOf({ count, upper }: RunTop, level: number): Uint8Array {
  const from = upperBytes(count, level);
  return upper.subarray(from, from + nodesOver(count, level) * DIGEST_BYTES);
}

function requireAligned(runs: readonly RunTop[], depth: number): void {
  for (const [at, { count, depth: own, upper }] of runs.entries()) {
    const isWhole = count === 2 ** depth || (at === runs.length - 1 && count > 0);
    assert(isWhole && own === depth, `run ${at} is aligned`);
    assert(upper.length === upperBytes(count, depth), `run ${at} has its levels`);
  }
}
