import { assert } from "../../errors.ts";
import {
  BATCH_DEPTH_MIN,
  BATCH_LEAVES_MAX,
  type InclusionTree,
  treeDepth,
} from "../inclusion-tree.ts";
import { nodesOver } from "./batch-layout.ts";
import { DIGEST_BYTES, type KernelKind } from "./kernel.ts";
import { RunTrees } from "./run-trees.ts";

/**
 * R and S of one batch with every level in memory (docs/PROTOCOL.md, section 5). Fill `leaves` and
 * `amounts`, then `build()`; buildInclusionTree and sumTreeRoot are the plain form of the same. Where a
 * batch is sealed it is built by runs (join-runs.ts), which takes less memory.
 */
export class BatchTrees implements InclusionTree {
  readonly count: number;
  readonly depth: number;
  /** Leaf digests, 32 bytes each, in order. */
  readonly leaves: Uint8Array;
  /** Amounts in nano-units: the lower 64 bits of leaf i at 2 i, the upper at 2 i + 1. */
  readonly amounts: BigUint64Array;
  readonly #run: RunTrees;

  /** @param kind for tests; the fastest unless given */
  constructor(count: number, kind?: KernelKind) {
    assert(count >= 0 && count <= BATCH_LEAVES_MAX, `a batch holds ${count} leaves`);
    this.count = count;
    this.depth = treeDepth(count, BATCH_DEPTH_MIN);
    this.#run = new RunTrees(count, this.depth, kind);
    this.leaves = this.#run.leaves;
    this.amounts = this.#run.amounts;
  }

  /** @throws TallystickError `commitment.sum-overflow` when a sum does not fit 128 bits */
  build(): this {
    this.#run.build();
    return this;
  }

  /** Digests of one level of R that stand over a leaf: level 0 are the leaves, `depth` the root. */
  level(level: number): Uint8Array {
    return this.#run.level(level);
  }

  get root(): Uint8Array {
    return this.#run.root;
  }

  get sumRoot(): Uint8Array {
    return this.#run.sumRoot;
  }

  get sumNano(): bigint {
    return this.#run.sumNano;
  }

  path(index: number): Uint8Array[] {
    assert(index >= 0 && index < this.count, `leaf ${index} is one of ${this.count}`);
    const siblings: Uint8Array[] = [];
    for (let level = 0, at = index; level < this.depth; level++, at >>= 1) {
      const sibling = at ^ 1;
      siblings.push(
        sibling < nodesOver(this.count, level)
          ? this.level(level).slice(sibling * DIGEST_BYTES, (sibling + 1) * DIGEST_BYTES)
          : this.#run.fill(level),
      );
    }
    return siblings;
  }
}
