import { randomFillSync } from "node:crypto";
import { rootFromPath } from "../../node/core/commitment/inclusion-tree.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../node/core/commitment/kernel/chunk-proofs.ts";
import { BatchProofs, type LeafSource } from "../../node/engine/read-proofs.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";

const LEAVES = 1_000_000;
const GOAL = 50_000;
const BLOCK_LEAVES = 1024;
/** A subscriber's month in one batch: charges that were made one after the other stand apart. */
const CHARGES_A_SUBSCRIBER = 150;

function batchInMemory(): { source: LeafSource; trees: BatchTrees } {
  const trees = new BatchTrees(LEAVES);
  randomFillSync(trees.leaves);
  trees.build();
  const source: LeafSource = {
    count: LEAVES,
    root: trees.root,
    upper: upperLevels(trees),
    blockLeaves: BLOCK_LEAVES,
    async readBlock(block) {
      return trees.leaves.slice(32 * BLOCK_LEAVES * block, 32 * BLOCK_LEAVES * (block + 1));
    },
  };
  return { source, trees };
}

/** Reads the paths, and walks every thousandth up to the root. */
async function measure(
  { source, trees }: ReturnType<typeof batchInMemory>,
  askings: number[][],
): Promise<{ count: number; seconds: number }> {
  let count = 0;
  const batch = new BatchProofs(source);
  const began = performance.now();
  for (const indexes of askings) {
    for await (const { index, path } of batch.of(indexes)) {
      if (count++ % 1000 !== 0) continue;
      const siblings = Array.from({ length: trees.depth }, (_, i) =>
        path.subarray(32 * i, 32 * i + 32),
      );
      const leaf = trees.leaves.slice(32 * index, 32 * index + 32);
      const root = rootFromPath(leaf, index, siblings);
      if (Buffer.compare(root, source.root) !== 0) throw new Error(`proof of ${index} is wrong`);
    }
  }
  return { count, seconds: (performance.now() - began) / 1000 };
}

function figure(work: string, { count, seconds }: { count: number; seconds: number }): Figure {
  const ours = perSecond(count, seconds);
  return {
    name: "proofs",
    work: `${work}; leaf digests and levels from 5 up lie in memory, nothing is read from a disk`,
    ours,
    unit: "proofs/s",
    beside: [],
    goal: GOAL,
    met: ours >= GOAL,
    seconds,
  };
}

/** Paths out of what a store keeps of a batch of 1,000,000 leaves. */
export const proofs: Benchmark = {
  name: "proofs",
  async *run() {
    const batch = batchInMemory();
    const random = () => Math.floor(Math.random() * LEAVES);
    const subscribers = Array.from({ length: 2_000 }, () => {
      const first = random();
      return Array.from({ length: CHARGES_A_SUBSCRIBER }, (_, i) => (first + i * 97) % LEAVES);
    });
    await measure(batch, subscribers.slice(0, 100));
    yield figure(
      `all ${CHARGES_A_SUBSCRIBER} charges of 2,000 randomly chosen subscribers, spread over the batch, read by block`,
      await measure(batch, [subscribers.flat()]),
    );
    yield figure("the same, one subscriber after the other", await measure(batch, subscribers));
    yield figure(
      "single random charges, one after the other",
      await measure(
        batch,
        Array.from({ length: 50_000 }, () => [random()]),
      ),
    );
    yield figure("every charge of the batch", await measure(batch, [[...Array(LEAVES).keys()]]));
  },
};
