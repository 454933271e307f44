import { strict as assert } from "node:assert";
import fc from "fast-check";
import { equalBytes, toHex } from "../../node/core/bytes.ts";
import { buildInclusionTree, rootFromPath } from "../../node/core/commitment/inclusion-tree.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { ChunkRoom, upperLevels } from "../../node/core/commitment/kernel/chunk-proofs.ts";
import { BatchProofs, type LeafSource } from "../../node/engine/evidence/read-proofs.ts";

function batchOf(count: number) {
  const trees = new BatchTrees(count);
  for (let i = 0; i < trees.leaves.length; i++) trees.leaves[i] = (i * 2_654_435_761) >>> 24;
  trees.build();
  const reads: number[] = [];
  const leaves = trees.leaves.slice();
  const source: LeafSource = {
    count,
    root: trees.root,
    upper: upperLevels(trees),
    async readChunks(chunks) {
      reads.push(...chunks);
      return chunks.map((chunk) => leaves.slice(1024 * chunk, 1024 * (chunk + 1)));
    },
    async readChunk(chunk) {
      reads.push(chunk);
      return leaves.slice(1024 * chunk, 1024 * (chunk + 1));
    },
  };
  return { source, leaves, reads };
}

async function read(source: LeafSource, indexes: number[]) {
  const proofs = [];
  for await (const { index, path } of new BatchProofs(source).of(indexes)) {
    const siblings = Array.from({ length: path.length / 32 }, (_, i) =>
      path.slice(32 * i, 32 * i + 32),
    );
    proofs.push({ index, siblings });
  }
  return proofs;
}

describe("proofs from leaf digests and upper levels", () => {
  it("are the paths of the plain tree, whatever the batch's size", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
        async (count, seeds) => {
          const { source, leaves } = batchOf(count);
          const plain = buildInclusionTree(
            Array.from({ length: count }, (_, i) => leaves.slice(32 * i, 32 * i + 32)),
            5,
          );
          const indexes = seeds.map((seed) => seed % count);
          const proofs = await read(source, indexes);
          assert.deepEqual(
            proofs.map(({ index }) => index),
            indexes.toSorted((a, b) => a - b),
          );
          for (const { index, siblings } of proofs) {
            assert.deepEqual(siblings.map(toHex), plain.path(index).map(toHex));
            const leaf = leaves.slice(32 * index, 32 * index + 32);
            assert.ok(equalBytes(rootFromPath(leaf, index, siblings), plain.root));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("read each chunk once", async () => {
    const { source, reads } = batchOf(1000);
    await read(source, [999, 0, 1, 63, 64, 998, 500]);
    assert.deepEqual(reads, [0, 1, 2, 15, 31]);
    await new BatchProofs(source).path(40);
    assert.equal(reads.at(-1), 1);
  });

  it("of two batches may share the room that chunks are hashed in", async () => {
    const room = new ChunkRoom();
    const batches = [batchOf(100), batchOf(90)].map(({ source }) => ({
      shared: new BatchProofs(source, room),
      alone: new BatchProofs(source),
    }));
    for (const index of [3, 4, 70]) {
      for (const { shared, alone } of batches) {
        assert.deepEqual(await shared.path(index), await alone.path(index));
      }
    }
  });

  it("are refused when a leaf digest changed on the disk", async () => {
    for (const count of [20, 1000]) {
      const { source, leaves } = batchOf(count);
      leaves[32 * 5 + 3] = (leaves[32 * 5 + 3] as number) ^ 1;
      await assert.rejects(read(source, [6]), { code: "proof.changed-leaves" });
    }
  });

  it("are refused when the levels are those of another batch", async () => {
    const { source } = batchOf(1000);
    const other = batchOf(900).source;
    await assert.rejects(read({ ...source, upper: other.upper }, [6]), {
      code: "proof.wrong-levels",
    });
  });

  it("are refused before any is given when one bit of any level changed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 33, max: 70_000 }), fc.nat(), async (count, seed) => {
        const { source } = batchOf(count);
        const upper = source.upper.slice();
        const at = seed % upper.length;
        upper[at] = (upper[at] as number) ^ (1 << (seed % 8));
        assert.throws(() => new BatchProofs({ ...source, upper }), { code: "proof.wrong-levels" });
        // The room that chunks are hashed in is as good as before.
        await new BatchProofs(source).path(count - 1);
      }),
      { numRuns: 20 },
    );
  });
});
