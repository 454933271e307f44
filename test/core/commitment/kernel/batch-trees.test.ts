import { strict as assert } from "node:assert";
import fc from "fast-check";
import { toHex } from "../../../../node/core/bytes.ts";
import { commitBatch, commitTrees } from "../../../../node/core/commitment/batch-commitment.ts";
import {
  BATCH_LEAVES_MAX,
  buildInclusionTree,
} from "../../../../node/core/commitment/inclusion-tree.ts";
import { BatchTrees } from "../../../../node/core/commitment/kernel/batch-trees.ts";
import { KERNEL_KINDS, type KernelKind } from "../../../../node/core/commitment/kernel/kernel.ts";
import { sumTreeRoot } from "../../../../node/core/commitment/sum-tree.ts";

const LOW_64 = (1n << 64n) - 1n;
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const amount = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  fc.bigInt({ min: 0n, max: 1n << 110n }),
);
const leaves = fc.array(
  fc.record({ leaf: digest, amountNano: amount, start: fc.bigInt({ min: 1n, max: 1n << 42n }) }),
  { maxLength: 150 },
);
type Leaf = { leaf: Uint8Array; amountNano: bigint };

function treesOf(all: Leaf[], kind: KernelKind): BatchTrees {
  const trees = new BatchTrees(all.length, kind);
  for (const [i, { leaf, amountNano }] of all.entries()) {
    trees.leaves.set(leaf, 32 * i);
    trees.amounts[2 * i] = amountNano & LOW_64;
    trees.amounts[2 * i + 1] = amountNano >> 64n;
  }
  return trees.build();
}

describe("trees of a batch from columns", () => {
  for (const kind of KERNEL_KINDS) {
    it(`are those of the plain implementation, by the ${kind} kernel`, () => {
      fc.assert(
        fc.property(leaves, (all) => {
          const trees = treesOf(all, kind);
          const plain = buildInclusionTree(
            all.map(({ leaf }) => leaf),
            5,
          );
          const sum = sumTreeRoot(
            all.map(({ amountNano }) => amountNano),
            plain.depth,
          );
          assert.equal(trees.depth, plain.depth);
          assert.equal(toHex(trees.root), toHex(plain.root));
          assert.equal(toHex(trees.sumRoot), toHex(sum.digest));
          assert.equal(trees.sumNano, sum.sumNano);
          for (let i = 0; i < all.length; i += 7) {
            assert.deepEqual(trees.path(i).map(toHex), plain.path(i).map(toHex));
          }
        }),
        { numRuns: kind === "simd" ? 60 : 15 },
      );
    });

    it(`refuse a sum that does not fit, by the ${kind} kernel`, () => {
      const half = { leaf: new Uint8Array(32), amountNano: 1n << 127n };
      const none = { leaf: new Uint8Array(32), amountNano: 0n };
      const overflow = { code: "commitment.sum-overflow" };
      assert.throws(() => treesOf([half, half], kind), overflow);
      const apart = [half, ...new Array<Leaf>(40).fill(none), half];
      assert.throws(() => treesOf(apart, kind), overflow);
      const least = { leaf: new Uint8Array(32), amountNano: (1n << 127n) - 1n };
      const greatest = treesOf([half, ...new Array<Leaf>(40).fill(none), least], kind);
      assert.equal(greatest.sumNano, (1n << 128n) - 1n);
    });
  }

  it("commit to the same as leaves one by one", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        const frame = {
          domain: new Uint8Array(20).fill(7),
          bookKey: new Uint8Array(32).fill(9),
          sequence: 3n,
          before: { sumNano: 1_000n, count: 10n },
          suspended: 1n,
          oldestSuspended: 77n,
        };
        const starts = all.map(({ start }) => start).sort((a, b) => (a < b ? -1 : 1));
        const range = { from: starts[0] ?? 0n, to: starts.at(-1) ?? 0n };
        const fast = commitTrees(frame, treesOf(all, "simd"), range);
        const { tree: _, ...plain } = commitBatch({ ...frame, leaves: all });
        assert.deepEqual(fast, plain);
      }),
      { numRuns: 30 },
    );
  });

  it("are refused beyond what a batch may hold", () => {
    assert.throws(() => new BatchTrees(BATCH_LEAVES_MAX + 1), /invariant broken/);
    assert.throws(() => new BatchTrees(3).path(3), /invariant broken/);
  });
});
