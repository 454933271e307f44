import { randomFillSync } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { MerkleTree } from "merkletreejs";
import { perSecond, timed } from "./benchmark.ts";

const LEAVES = 50_000;
const PROOFS = 5_000;

/** Proofs a second of single random leaves out of other libraries' trees, which lie in memory. */
export function proofPeers(): { name: string; value: number }[] {
  const leaves = Array.from({ length: LEAVES }, () => randomFillSync(Buffer.alloc(32)));
  const indexes = Array.from({ length: PROOFS }, () => Math.floor(Math.random() * LEAVES));
  const hash = (data: Buffer) => Buffer.from(keccak_256(data));
  const other = new MerkleTree(leaves, hash, { sortPairs: false, hashLeaves: false });
  const simple = SimpleMerkleTree.of(leaves, { sortLeaves: false });
  const rate = (prove: (index: number) => unknown) => {
    const seconds = timed(() => {
      for (const index of indexes) prove(index);
    });
    return perSecond(PROOFS, seconds);
  };
  const tree = `single random leaves, its tree of ${LEAVES} in memory`;
  return [
    {
      name: `merkletreejs, ${tree}`,
      value: rate((index) => other.getProof(leaves[index] as Buffer, index)),
    },
    {
      name: `@openzeppelin/merkle-tree, ${tree}`,
      value: rate((index) => simple.getProof(index)),
    },
  ];
}
