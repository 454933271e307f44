import { randomBytes } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { MerkleTree } from "merkletreejs";
import { buildInclusionTree } from "../../node/core/commitment/inclusion-tree.ts";
import { sumTreeRoot } from "../../node/core/commitment/sum-tree.ts";
import { type Benchmark, perSecond, timed } from "./benchmark.ts";

const LEAVES = 100_000;

/** R and S over the same leaves, all levels in memory, beside merkletreejs and bare hashing. */
export const tree: Benchmark = {
  name: "tree",
  async *run() {
    const leaves = Array.from({ length: LEAVES }, () => new Uint8Array(randomBytes(32)));
    const amounts = leaves.map((_, i) => BigInt(i) * 1_000n);
    const depth = 17;
    buildInclusionTree(leaves.slice(0, LEAVES / 10), 5);
    const seconds = timed(() => {
      buildInclusionTree(leaves, 5);
      sumTreeRoot(amounts, depth);
    });
    const nodeHash = (data: Buffer) => Buffer.from(keccak_256(data));
    const buffers = leaves.map((leaf) => Buffer.from(leaf));
    const peerSeconds = timed(() => {
      new MerkleTree(buffers, nodeHash, { sortPairs: false, hashLeaves: false }).getRoot();
    });
    const pair = new Uint8Array(65);
    const bareSeconds = timed(() => {
      for (let i = 0; i < LEAVES; i++) keccak_256(pair);
    });
    yield {
      name: "tree",
      work: `R and S of ${LEAVES} leaves, in memory, one core`,
      ours: perSecond(LEAVES, seconds),
      unit: "leaves/s",
      beside: [
        { name: "merkletreejs, R alone, same hash", value: perSecond(LEAVES, peerSeconds) },
        { name: "limit: bare hashing, same hash", value: perSecond(LEAVES, bareSeconds) },
      ],
      goal: 1_666_667,
      met: LEAVES / seconds >= 1_666_667,
      seconds,
    };
  },
};
