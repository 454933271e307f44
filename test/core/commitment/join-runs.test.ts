import assert from "node:assert/strict";
import { toHex } from "../../../node/core/bytes.ts";
import {
  buildInclusionTree,
  fillDigests,
  inclusionNode,
  treeDepth,
} from "../../../node/core/commitment/inclusion-tree.ts";
import { joinRuns, type RunTop, topOf } from "../../../node/core/commitment/join-runs.ts";
import { BatchTrees } from "../../../node/core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../../node/core/commitment/kernel/chunk-proofs.ts";
import { RunTrees } from "../../../node/core/commitment/kernel/run-trees.ts";
import {
  chunkSum,
  type SumNode,
  sumNode,
  sumTreeRoot,
} from "../../../node/core/commitment/sum-tree.ts";
import { Seeded } from "../../../scripts/soak/seeded.ts";

const SIZES = 3_000;
const random = new Seeded(7);
const leaves = Array.from({ length: SIZES }, () => random.bytes(32));
/** Some beyond 64 bits. */
const amounts = leaves.map((leaf, at) => BigInt(toHex(leaf.subarray(0, at % 9 === 0 ? 12 : 6))));

/**
 * The reference by its definition, node by node. What stands over leaves alone is remembered, so sizes are
 * asked for from the smallest to the largest.
 */
class Reference {
  readonly #fills = fillDigests(20);
  readonly #nodes = new Map<string, Uint8Array>();
  readonly #sums = new Map<string, SumNode>();

  node(level: number, index: number, count: number): Uint8Array {
    const from = index * 2 ** level;
    if (from >= count) return this.#fills[level] as Uint8Array;
    if (level === 0) return leaves[index] as Uint8Array;
    const key = `${level}/${index}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = inclusionNode(
      this.node(level - 1, 2 * index, count),
      this.node(level - 1, 2 * index + 1, count),
    );
    if (from + 2 ** level <= count) this.#nodes.set(key, node);
    return node;
  }

  sum(level: number, index: number, count: number): SumNode {
    const from = index * 2 ** level;
    const key = from >= count ? `${level}` : `${level}/${index}`;
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    let sum: SumNode;
    if (level === 5) {
      const own = amounts.slice(from, Math.max(from, Math.min(count, from + 32)));
      sum = chunkSum(
        own.reduce((all, one) => all + one, 0n),
        own.length,
      );
    } else {
      const left = this.sum(level - 1, 2 * index, count);
      sum = sumNode(left, this.sum(level - 1, 2 * index + 1, count));
    }
    if (from >= count || from + 2 ** level <= count) this.#sums.set(key, sum);
    return sum;
  }
}

/** Runs of 2^depth leaves of the first `count`, one after the other in the same memory. */
class Runs {
  readonly #trees: RunTrees;
  readonly #whole: RunTop[] = [];
  readonly #depth: number;

  constructor(depth: number) {
    this.#depth = depth;
    this.#trees = new RunTrees(2 ** depth, depth);
  }

  of(count: number): RunTop[] {
    const runs: RunTop[] = [];
    const length = 2 ** this.#depth;
    for (let from = 0; from < count || runs.length === 0; from += length) {
      const own = Math.min(length, count - from);
      const at = from / length;
      const run = this.#whole[at] ?? this.#run(from, own, count);
      // One that is as deep in every larger batch.
      if (own === length) this.#whole[at] = run;
      runs.push(run);
    }
    return runs;
  }

  #run(from: number, own: number, count: number): RunTop {
    for (let at = 0; at < own; at++) {
      this.#trees.leaves.set(leaves[from + at] as Uint8Array, 32 * at);
      const amount = amounts[from + at] as bigint;
      this.#trees.amounts[2 * at] = BigInt.asUintN(64, amount);
      this.#trees.amounts[2 * at + 1] = amount >> 64n;
    }
    this.#trees.build(own, Math.min(this.#depth, treeDepth(count, 5)));
    return topOf(this.#trees);
  }
}

describe("runs of leaves, joined", () => {
  it("are the reference's trees, for each size up to 3,000", () => {
    const reference = new Reference();
    const runs = new Runs(7);
    for (let count = 0; count <= SIZES; count++) {
      const joined = joinRuns(runs.of(count));
      const depth = treeDepth(count, 5);
      assert.equal(joined.depth, depth);
      assert.equal(joined.count, count);
      assert.equal(toHex(joined.root), toHex(reference.node(depth, 0, count)), `R of ${count}`);
      const { digest, sumNano } = reference.sum(depth, 0, count);
      assert.equal(toHex(joined.sumRoot), toHex(digest), `S of ${count}`);
      assert.equal(joined.sumNano, sumNano);
    }
  });

  it("have a reference that is what buildInclusionTree and sumTreeRoot make", () => {
    const reference = new Reference();
    for (const count of [0, 1, 33, 1_025, SIZES]) {
      const plain = buildInclusionTree(leaves.slice(0, count), 5);
      assert.equal(toHex(plain.root), toHex(reference.node(plain.depth, 0, count)));
      const sum = sumTreeRoot(amounts.slice(0, count), plain.depth);
      assert.deepEqual(sum, reference.sum(plain.depth, 0, count));
    }
  });

  it("keep the levels that trees of the whole batch have, however deep a run is", () => {
    for (const count of [1, 32, 33, 64, 65, 500, 1_024, 1_025, 2_049, 2_999]) {
      const whole = new BatchTrees(count);
      for (const [at, leaf] of leaves.slice(0, count).entries()) whole.leaves.set(leaf, 32 * at);
      const upper = toHex(upperLevels(whole.build()));
      for (const depth of [5, 6, 9, 12]) {
        assert.equal(toHex(joinRuns(new Runs(depth).of(count)).upper), upper, `${count}, ${depth}`);
      }
    }
  });

  it("refuse a sum that fits in each run and not in all", () => {
    const trees = new RunTrees(32, 5);
    trees.amounts.fill(0n);
    trees.amounts[1] = 1n << 63n;
    const half = () => {
      trees.build(32, 5);
      return topOf(trees);
    };
    const first = half();
    assert.throws(() => joinRuns([first, half()]), { code: "commitment.sum-overflow" });
    trees.amounts[0] = 0n;
    trees.amounts[1] = (1n << 63n) - 1n;
    assert.equal(joinRuns([first, half()]).sumNano, ((1n << 64n) - 1n) << 64n);
  });

  it("are refused when they are not aligned", () => {
    const [whole, rest] = new Runs(5).of(40) as [RunTop, RunTop];
    assert.throws(() => joinRuns([]), /invariant broken/);
    assert.throws(() => joinRuns([rest, whole]), /invariant broken/);
    assert.throws(() => joinRuns([whole, { ...rest, depth: 6 }]), /invariant broken/);
    const upper = whole.upper.subarray(1);
    assert.throws(
      () =>
        joinRuns([
          { ...whole, upper },
          { ...rest, upper: new Uint8Array(9) },
        ]),
      /invariant/,
    );
  });
});
