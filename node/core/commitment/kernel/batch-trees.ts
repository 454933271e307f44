import { assert, TallystickError } from "../../errors.ts";
import {
  BATCH_DEPTH_MIN,
  BATCH_LEAVES_MAX,
  fillDigests,
  type InclusionTree,
} from "../inclusion-tree.ts";
import { BatchLayout } from "./batch-layout.ts";
import { DIGEST_BYTES, type Kernel, type KernelKind } from "./kernel.ts";
import { bestKernelKind, openKernel } from "./open-kernel.ts";

/**
 * R and S of one batch with every level in memory (docs/PROTOCOL.md, section 5). Fill `leaves` and
 * `amounts`, then `build()`; buildInclusionTree and sumTreeRoot are the plain form of the same.
 */
export class BatchTrees implements InclusionTree {
  readonly count: number;
  readonly depth: number;
  /** Leaf digests, 32 bytes each, in order. */
  readonly leaves: Uint8Array;
  /** Amounts in nano-units: the lower 64 bits of leaf i at 2 i, the upper at 2 i + 1. */
  readonly amounts: BigUint64Array;
  readonly #kernel: Kernel;
  readonly #layout: BatchLayout;
  readonly #fills: Uint8Array[];

  /** @param kind for tests; the fastest unless given */
  constructor(count: number, kind: KernelKind = bestKernelKind()) {
    assert(count >= 0 && count <= BATCH_LEAVES_MAX, `a batch holds ${count} leaves`);
    this.count = count;
    this.#layout = new BatchLayout(count);
    this.depth = this.#layout.depth;
    this.#fills = fillDigests(this.depth);
    this.#kernel = openKernel(this.#layout.bytes, kind);
    this.leaves = this.#bytes(this.#layout.levels[0] as number, count * DIGEST_BYTES);
    this.amounts = new BigUint64Array(this.#kernel.memory, this.#layout.amounts, 2 * count);
  }

  /** @throws TallystickError `commitment.sum-overflow` when a sum does not fit 128 bits */
  build(): this {
    this.#buildInclusion();
    this.#buildSums();
    return this;
  }

  /** Digests of one level of R that stand over a leaf: level 0 are the leaves, `depth` the root. */
  level(level: number): Uint8Array {
    assert(level >= 0 && level <= this.depth, `level ${level} is one of ${this.depth + 1}`);
    const at = this.#layout.levels[level] as number;
    return this.#bytes(at, this.#layout.width(level) * DIGEST_BYTES);
  }

  get root(): Uint8Array {
    return this.count === 0 ? this.#fill(this.depth) : this.level(this.depth).slice();
  }

  get sumRoot(): Uint8Array {
    return this.#bytes(this.#layout.sumDigests.at(-1) as number, DIGEST_BYTES).slice();
  }

  get sumNano(): bigint {
    const words = new BigUint64Array(this.#kernel.memory, this.#layout.sums.at(-1) as number, 2);
    return ((words[1] as bigint) << 64n) | (words[0] as bigint);
  }

  path(index: number): Uint8Array[] {
    assert(index >= 0 && index < this.count, `leaf ${index} is one of ${this.count}`);
    const siblings: Uint8Array[] = [];
    for (let level = 0, at = index; level < this.depth; level++, at >>= 1) {
      const sibling = at ^ 1;
      siblings.push(
        sibling < this.#layout.width(level)
          ? this.level(level).slice(sibling * DIGEST_BYTES, (sibling + 1) * DIGEST_BYTES)
          : this.#fill(level),
      );
    }
    return siblings;
  }

  #buildInclusion(): void {
    for (let level = 0; level < this.depth; level++) {
      const width = this.#layout.width(level);
      const below = this.#layout.levels[level] as number;
      // The sibling of a last, left node is one that stands over no leaf.
      this.#bytes(below + width * DIGEST_BYTES, DIGEST_BYTES).set(this.#fill(level));
      const above = this.#layout.levels[level + 1] as number;
      this.#kernel.hashNodes(below, this.#layout.width(level + 1), above);
    }
  }

  #buildSums(): void {
    const { amounts, sums, sumDigests } = this.#layout;
    const chunks = 2 ** (this.depth - BATCH_DEPTH_MIN);
    let overflow = this.#kernel.chunkSums(
      amounts,
      this.count,
      chunks,
      sums[0] as number,
      sumDigests[0] as number,
    );
    for (let level = 1; level < sums.length && overflow === 0; level++) {
      overflow = this.#kernel.sumNodes(
        sumDigests[level - 1] as number,
        sums[level - 1] as number,
        chunks / 2 ** level,
        sumDigests[level] as number,
        sums[level] as number,
      );
    }
    if (overflow !== 0) {
      throw new TallystickError(
        "commitment.sum-overflow",
        "The sum of the batch's amounts does not fit an unsigned 128 bit number.",
      );
    }
  }

  #fill(level: number): Uint8Array {
    return this.#fills[level] as Uint8Array;
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#kernel.memory, at, length);
  }
}
