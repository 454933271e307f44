import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  BATCH_DEPTH_MIN,
  buildInclusionTree,
  FILL_LEAF,
  inclusionNode,
  rootFromPath,
} from "../../../node/core/commitment/inclusion-tree.ts";
import { TallystickError } from "../../../node/core/errors.ts";

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const leaves = fc.array(digest, { minLength: 1, maxLength: 70 });
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

describe("inclusion tree", () => {
  it("proves each of its leaves at its index", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        const tree = buildInclusionTree(all, BATCH_DEPTH_MIN);
        all.forEach((leaf, index) => {
          assert.ok(same(rootFromPath(leaf, index, tree.path(index)), tree.root));
        });
      }),
      { numRuns: 50 },
    );
  });

  it("proves no leaf at another index, no other leaf, no inner node, no shorter or longer path", () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(), digest, (all, a, b, other) => {
        const tree = buildInclusionTree(all, BATCH_DEPTH_MIN);
        const index = a % all.length;
        const leaf = all[index] as Uint8Array;
        const path = tree.path(index);
        const wrongIndex = b % 2 ** tree.depth;
        if (wrongIndex !== index) {
          assert.ok(!same(rootFromPath(leaf, wrongIndex, path), tree.root));
        }
        if (!same(other, leaf)) assert.ok(!same(rootFromPath(other, index, path), tree.root));
        const parent =
          index % 2 === 0
            ? inclusionNode(leaf, path[0] as Uint8Array)
            : inclusionNode(path[0] as Uint8Array, leaf);
        assert.ok(!same(rootFromPath(parent, index, path), tree.root));
        const [short, long] = [path.slice(0, -1), [...path, FILL_LEAF]];
        if (index < 2 ** short.length)
          assert.ok(!same(rootFromPath(leaf, index, short), tree.root));
        assert.ok(!same(rootFromPath(leaf, index, long), tree.root));
      }),
      { numRuns: 100 },
    );
  });

  it("refuses an index beyond the path and a sibling that is not 32 bytes", () => {
    const leaf = new Uint8Array(32);
    const code = (expected: string) => (error: unknown) =>
      error instanceof TallystickError && error.code === expected;
    assert.throws(() => rootFromPath(leaf, 2, [leaf]), code("proof.index-out-of-range"));
    assert.throws(() => rootFromPath(leaf, -1, [leaf]), code("proof.index-out-of-range"));
    assert.throws(() => rootFromPath(leaf, 0.5, [leaf]), code("proof.index-out-of-range"));
    assert.throws(() => rootFromPath(leaf, 0, [new Uint8Array(31)]), code("proof.wrong-shape"));
  });

  it("has the depth of one chunk even when it is empty", () => {
    const tree = buildInclusionTree([], BATCH_DEPTH_MIN);
    assert.equal(tree.depth, 5);
    let filled = FILL_LEAF;
    for (let level = 0; level < 5; level++) filled = inclusionNode(filled, filled);
    assert.ok(same(tree.root, filled));
  });
});
