import { strict as assert } from "node:assert";
import { toHex } from "../../../node/core/bytes.ts";
import { showChunk } from "../../../node/core/commitment/chunk-path.ts";
import {
  buildInclusionTree,
  FILL_LEAF,
  inclusionNode,
  rootFromPath,
} from "../../../node/core/commitment/inclusion-tree.ts";
import { hashDocument } from "../../../node/core/hash.ts";

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => hashDocument(Uint8Array.of(i % 256, i >> 8)));

/** The node over a chunk's leaves. */
function nodeOf(leaves: Uint8Array[]): Uint8Array {
  let level = leaves;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      above.push(inclusionNode(level[i] as Uint8Array, level[i + 1] as Uint8Array));
    }
    level = above;
  }
  return level[0] as Uint8Array;
}

describe("A chunk that is shown", () => {
  for (const count of [0, 1, 31, 32, 33, 64, 65, 100, 129]) {
    it(`leads to the root of ${count} leaves, wherever it stands`, () => {
      const leaves = leavesOf(count);
      const { depth, root } = buildInclusionTree(leaves, 5);
      for (let chunk = 0; chunk < 2 ** (depth - 5); chunk++) {
        const shown = showChunk(leaves, depth, chunk);
        assert.equal(shown.leaves.length, 32);
        const reached = rootFromPath(nodeOf(shown.leaves), chunk, shown.siblings);
        assert.equal(toHex(reached), toHex(root), `chunk ${chunk}`);
      }
    });
  }

  it("is filled where the batch has no leaf", () => {
    const { leaves } = showChunk(leavesOf(65), 7, 3);
    assert.deepEqual(new Set(leaves.map(toHex)), new Set([toHex(FILL_LEAF)]));
  });

  it("leads elsewhere from another place", () => {
    const leaves = leavesOf(100);
    const { root } = buildInclusionTree(leaves, 5);
    const shown = showChunk(leaves, 7, 1);
    const reached = rootFromPath(nodeOf(shown.leaves), 2, shown.siblings);
    assert.notEqual(toHex(reached), toHex(root));
  });
});
