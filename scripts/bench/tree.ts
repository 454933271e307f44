import { randomFillSync } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { MerkleTree } from "merkletreejs";
import { buildInclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import { BatchTrees } from "../../node/core/commitment/kernel/batch-trees.ts";
import { HashArena } from "../../node/core/commitment/kernel/hash-arena.ts";
import type { KernelKind } from "../../node/core/commitment/kernel/kernel.ts";
import { sumTreeRoot } from "../../node/core/commitment/sum-tree.ts";
import { type Benchmark, perSecond, timed } from "./benchmark.ts";
import { sealedTrees } from "./sealed-trees.ts";

const LEAVES = 1_000_000;
const GOAL_SECONDS = 0.6;
const PEER_LEAVES = 50_000;
const TILE = 256;

function randomTrees(count: number, kind?: KernelKind): BatchTrees {
  const trees = new BatchTrees(count, kind);
  randomFillSync(trees.leaves);
  for (let i = 0; i < count; i++) trees.amounts[2 * i] = BigInt(i) * 1_000n;
  return trees;
}

/** The best of three: what another process takes away is not the tree's time. */
function secondsOf(work: () => void): number {
  return Math.min(timed(work), timed(work), timed(work));
}

function leafArrays(count: number): Uint8Array[] {
  const { leaves } = randomTrees(count);
  return Array.from({ length: count }, (_, i) => leaves.slice(32 * i, 32 * i + 32));
}

function plainSeconds(): number {
  const leaves = leafArrays(PEER_LEAVES);
  const amounts = leaves.map((_, i) => BigInt(i) * 1_000n);
  return timed(() => {
    const { depth } = buildInclusionTree(leaves, 5);
    sumTreeRoot(amounts, depth);
  });
}

function merkletreejsSeconds(): number {
  const nodeHash = (data: Buffer) => Buffer.from(keccak_256(data));
  const buffers = leafArrays(PEER_LEAVES).map((leaf) => Buffer.from(leaf));
  return timed(() => {
    new MerkleTree(buffers, nodeHash, { sortPairs: false, hashLeaves: false }).getRoot();
  });
}

function openZeppelinSeconds(): number {
  const leaves = leafArrays(PEER_LEAVES);
  return timed(() => {
    SimpleMerkleTree.of(leaves, { sortLeaves: false });
  });
}

/** As many hashes as the tree has nodes, of messages of the same length that lie there already. */
function bareSeconds(count: number, kind: KernelKind): number {
  const tile = new HashArena(1 << 20, kind).tile(TILE, "keccak");
  tile.setLength(65);
  return secondsOf(() => {
    for (let done = 0; done < count; done += TILE) tile.hash(TILE);
  });
}

/** R and S over the same leaves, all levels in memory, beside other libraries and bare hashing. */
export const tree: Benchmark = {
  name: "tree",
  async *run() {
    const peers = [
      { name: "the plain reference, R and S", value: perSecond(PEER_LEAVES, plainSeconds()) },
      {
        name: "merkletreejs, R alone, same hash",
        value: perSecond(PEER_LEAVES, merkletreejsSeconds()),
      },
      {
        name: "@openzeppelin/merkle-tree, simple tree",
        value: perSecond(PEER_LEAVES, openZeppelinSeconds()),
      },
    ];
    randomTrees(LEAVES / 10).build();
    for (const times of [1, 2, 4] as const) {
      const trees = Array.from({ length: times }, () => randomTrees(LEAVES));
      const seconds = secondsOf(() => {
        for (const one of trees) one.build();
      });
      const count = times * LEAVES;
      yield {
        name: "tree",
        work: `R and S of ${times === 1 ? "" : `${times} batches of `}${LEAVES} leaves, all levels in memory, leaves and amounts in columns; one core, SIMD`,
        ours: perSecond(count, seconds),
        unit: "leaves/s",
        beside:
          times === 1
            ? [
                ...peers,
                {
                  name: "limit: bare hashing of as many nodes, same kernel",
                  value: perSecond(count, bareSeconds(count + 2 * (count / 32), "simd")),
                },
              ]
            : [],
        goal: Math.round(LEAVES / GOAL_SECONDS),
        met: seconds <= GOAL_SECONDS * times,
        seconds,
      };
    }
    yield* sealedTrees(LEAVES, GOAL_SECONDS);
    const scalar = randomTrees(LEAVES, "scalar");
    const seconds = secondsOf(() => {
      scalar.build();
    });
    yield {
      name: "tree",
      work: `R and S of ${LEAVES} leaves without SIMD; one core`,
      ours: perSecond(LEAVES, seconds),
      unit: "leaves/s",
      beside: [],
      goal: Math.round(LEAVES / 1.2),
      met: seconds <= 1.2,
      seconds,
    };
  },
};
