import { MemoryStore } from "../../node/adapters/memory-store.ts";
import type { BatchRoots } from "../../node/core/commitment/join-runs.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { upperLevels } from "../../node/core/commitment/kernel/chunk-proofs.ts";
import type { BuiltBatch } from "../../node/engine/commit/build-batch.ts";
import { LeafTile } from "../../node/engine/number/leaf-tile.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";

export const BOOK = `0x${"b0".repeat(20)}` as const;

/** Leaves of a book from position 1 on, and a store that holds them in tiles of up to 512. */
export interface LeafScene {
  store: MemoryStore;
  digests: Uint8Array;
  amounts: bigint[];
  starts: bigint[];
}

export async function leafScene(count: number, random: Seeded): Promise<LeafScene> {
  const store = new MemoryStore();
  const digests = random.bytes(32 * count);
  const amounts: bigint[] = [];
  const starts: bigint[] = [];
  for (let from = 0; from < count; ) {
    const rows = Math.min(count - from, random.below(5) === 0 ? 1 : 1 + random.below(512));
    const tile = LeafTile.of(rows);
    tile.digests.set(digests.subarray(32 * from, 32 * (from + rows)));
    for (let row = 0; row < rows; row++) {
      // Beyond 32 and beyond 64 bits, too.
      const amount =
        BigInt(random.below(2 ** 31)) << BigInt([0, 20, 70][random.below(3)] as number);
      const start = BigInt(random.below(2 ** 31)) << BigInt([0, 11, 32][random.below(3)] as number);
      tile.amounts[2 * row] = BigInt.asUintN(64, amount);
      tile.amounts[2 * row + 1] = amount >> 64n;
      tile.starts[row] = start;
      amounts.push(amount);
      starts.push(start);
    }
    const key = keys.leaves(BOOK, BigInt(from + 1));
    await store.write([{ type: "put", key, value: tile.encode() }]);
    from += rows;
  }
  return { store, digests, amounts, starts };
}

/** Trees of a stretch with every level in memory, and its range by comparing one after the other. */
export function plainBatch(scene: LeafScene, first: bigint, count: number): BuiltBatch {
  const trees = new BatchTrees(count);
  const from = Number(first) - 1;
  trees.leaves.set(scene.digests.subarray(32 * from, 32 * (from + count)));
  for (const [at, amount] of scene.amounts.slice(from, from + count).entries()) {
    trees.amounts[2 * at] = BigInt.asUintN(64, amount);
    trees.amounts[2 * at + 1] = amount >> 64n;
  }
  const { depth, root, sumRoot, sumNano } = trees.build();
  const roots: BatchRoots = { count, depth, root, upper: upperLevels(trees), sumRoot, sumNano };
  const starts = scene.starts.slice(from, from + count);
  const least = (a: bigint, b: bigint) => (b < a ? b : a);
  const most = (a: bigint, b: bigint) => (b > a ? b : a);
  return { roots, from: starts.reduce(least, starts[0] ?? 0n), to: starts.reduce(most, 0n) };
}
