import { strict as assert } from "node:assert";
import fc from "fast-check";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { toHex } from "../../node/core/bytes.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../node/core/commitment/kernel/chunk-proofs.ts";
import { ProofReader } from "../../node/engine/evidence/proof-reader.ts";
import { LeafTile } from "../../node/engine/number/leaf-tile.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import type { StorePart } from "../../node/engine/store/store.ts";
import { encodeBytes } from "../../node/engine/store/stored-bytes.ts";
import { LeafCache, StoredLeaves } from "../../node/engine/store/stored-leaves.ts";
import type { StoredBatch } from "../../node/engine/store/stored-types.ts";

const DOMAIN = `0x${"0d".repeat(20)}`;
const OTHER = `0x${"0c".repeat(20)}`;

/** A book whose row at a position has a digest that says so, in tiles of the given sizes. */
async function bookOf(sizes: readonly number[], domain = DOMAIN) {
  const store = new MemoryStore();
  let position = 1;
  for (const size of sizes) {
    const tile = LeafTile.of(size);
    for (let row = 0; row < size; row++) {
      new DataView(tile.digests.buffer).setUint32(32 * row, position + row);
    }
    const key = keys.leaves(domain, BigInt(position));
    await store.write([{ type: "put", key, value: tile.encode() }]);
    position += size;
  }
  return { store, rows: position - 1 };
}

const positionsIn = (leaves: Uint8Array): number[] =>
  Array.from({ length: leaves.length / 32 }, (_, at) =>
    new DataView(leaves.buffer, leaves.byteOffset).getUint32(32 * at),
  );

describe("leaf digests by chunks of a batch", () => {
  it("are those of its rows, however the tiles lie and however little is remembered", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 20, max: 90 })), {
          minLength: 1,
          maxLength: 12,
        }),
        fc.nat(),
        fc.nat(),
        fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 17_000, 1_000_000),
        async (sizes, skip, cut, seeds, bytesMax) => {
          const { store, rows } = await bookOf(sizes);
          const first = 1 + (skip % rows);
          const count = 1 + (cut % (rows - first + 1));
          const place = { domain: DOMAIN, first: BigInt(first), count };
          const leaves = await StoredLeaves.open(store, new LeafCache(store, bytesMax), place);
          const chunks = [...new Set(seeds.map((seed) => seed % Math.ceil(count / 32)))];
          const sorted = chunks.sort((a, b) => a - b);
          for (const asked of [sorted, sorted]) {
            const read = await leaves.readChunks(asked);
            for (const [at, chunk] of asked.entries()) {
              const from = first + 32 * chunk;
              const length = Math.min(32, first + count - from);
              const wanted = Array.from({ length }, (_, i) => from + i);
              assert.deepEqual(positionsIn(read[at] as Uint8Array), wanted);
              assert.deepEqual(positionsIn(await leaves.readChunk(chunk)), wanted);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("are refused where a tile is missing, or is another book's", async () => {
    const { store } = await bookOf([40, 40, 40]);
    const place = { domain: DOMAIN, first: 1n, count: 120 };
    const leaves = await StoredLeaves.open(store, new LeafCache(store, 0), place);
    await store.write([{ type: "delete", key: keys.leaves(DOMAIN, 41n) }]);
    await assert.rejects(leaves.readChunks([1]), { code: "proof.leaves-missing" });
    await assert.rejects(leaves.readChunk(1), { code: "proof.leaves-missing" });
    const again = await StoredLeaves.open(store, new LeafCache(store, 0), place);
    await assert.rejects(again.readChunks([1]), { code: "proof.leaves-missing" });
    const foreign = { ...place, domain: OTHER };
    const none = await StoredLeaves.open(store, new LeafCache(store, 0), foreign);
    await assert.rejects(none.readChunks([0]), { code: "proof.leaves-missing" });
  });

  it("are read in one call for all who ask at once, and not again while they are remembered", async () => {
    const { store } = await bookOf([64, 64, 64]);
    const calls: number[] = [];
    const counting = {
      getParts: (parts: readonly StorePart[]) => {
        calls.push(parts.length);
        return store.getParts(parts);
      },
      scan: store.scan.bind(store),
    } as typeof store;
    const place = { domain: DOMAIN, first: 1n, count: 192 };
    const two = new LeafCache(counting, 2 * 64 * 32);
    const leaves = await StoredLeaves.open(counting, two, place);
    const asked = await Promise.all([0, 2, 4].map((chunk) => leaves.readChunks([chunk])));
    assert.deepEqual(
      asked.map(([one]) => positionsIn(one as Uint8Array)[0]),
      [1, 65, 129],
    );
    assert.deepEqual(calls, [3]);
    // Only digests count: two of three tiles are there, whose amounts and starts would take half as much again.
    await leaves.readChunks([2]);
    await leaves.readChunks([4]);
    assert.deepEqual(calls, [3]);
    await leaves.readChunks([0]);
    await leaves.readChunks([2]);
    assert.deepEqual(calls, [3, 1, 1]);
  });

  it("are read alone for one proof where their tile would not be remembered", async () => {
    const { store } = await bookOf([512, 512]);
    const read: number[] = [];
    const getParts = async (parts: readonly StorePart[]) => {
      const values = await store.getParts(parts);
      read.push(...values.map((value) => value?.length ?? 0));
      return values;
    };
    const counting = { getParts, scan: store.scan.bind(store) } as typeof store;
    const place = { domain: DOMAIN, first: 1n, count: 1_024 };
    const one = new LeafCache(counting, 512 * 32);
    const leaves = await StoredLeaves.open(counting, one, place);
    for (const chunk of [0, 16, 1, 17]) {
      assert.equal(positionsIn(await leaves.readChunk(chunk))[0], 1 + 32 * chunk);
    }
    assert.deepEqual(read, [LeafTile.valueBytes(512), 1_024, 1_024]);
  });

  it("are refused when a stored bit changed", async () => {
    const { store } = await bookOf([40]);
    const key = keys.leaves(DOMAIN, 1n);
    const value = Uint8Array.from((await store.get(key)) as Uint8Array);
    value[100] = (value[100] as number) ^ 1;
    await store.write([{ type: "put", key, value }]);
    const place = { domain: DOMAIN, first: 1n, count: 40 };
    const leaves = await StoredLeaves.open(store, new LeafCache(store, 0), place);
    await assert.rejects(leaves.readChunks([0]), { code: "store.value-damaged" });
  });
});

describe("a reader of proofs", () => {
  it("keeps batches apart, and answers the same once it forgot them", async () => {
    const { store } = await bookOf([50, 70, 30]);
    const batches = await Promise.all(
      [
        { sequence: "1", first: 1n, count: 60 },
        { sequence: "2", first: 61n, count: 90 },
      ].map(async ({ sequence, first, count }) => {
        const trees = new BatchTrees(count);
        for (let at = 0; at < count; at++) {
          new DataView(trees.leaves.buffer, trees.leaves.byteOffset).setUint32(
            32 * at,
            Number(first) + at,
          );
        }
        trees.build();
        const key = keys.levels(DOMAIN, BigInt(sequence));
        const value = encodeBytes(upperLevels(trees));
        await store.write([{ type: "put", key, value }]);
        return { sequence, first: first.toString(), count, root: toHex(trees.root) } as StoredBatch;
      }),
    );
    const remembering = new ProofReader(store);
    const forgetting = new ProofReader(store, { leafBytesMax: 0, batchBytesMax: 0 });
    for (const index of [0, 33, 59, 31, 0]) {
      for (const batch of batches) {
        const path = await (await remembering.open(DOMAIN, batch)).path(index);
        assert.deepEqual(await (await forgetting.open(DOMAIN, batch)).path(index), path);
        assert.equal(path.length, 32 * (batch.count > 64 ? 7 : 6));
      }
    }
    // Whatever changes in a tile, no other path comes out.
    const key = keys.leaves(DOMAIN, 51n);
    const value = Uint8Array.from((await store.get(key)) as Uint8Array);
    for (const at of [8, 8 + 32 * 20]) value[at] = (value[at] as number) ^ 1;
    await store.write([{ type: "put", key, value }]);
    for (const [number, index] of [55, 0].entries()) {
      const proofs = await forgetting.open(DOMAIN, batches[number] as StoredBatch);
      await assert.rejects(proofs.path(index), { code: "proof.changed-leaves" });
    }
  });
});
