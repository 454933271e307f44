import { assert, TallystickError } from "../../errors.ts";
import { BATCH_DEPTH_MIN, fillDigests } from "../inclusion-tree.ts";
import { BatchLayout, nodesOver, SUM_BYTES } from "./batch-layout.ts";
import { DIGEST_BYTES, type Kernel, type KernelKind } from "./kernel.ts";
import { bestKernelKind, openKernel } from "./open-kernel.ts";

/**
 * R and S over one aligned run of leaves, every level in memory: of a whole batch, or of 2^depth leaves of one,
 * the last run of which may have fewer. Fill `leaves` and `amounts`, then `build()`; one run after the other
 * may be built in the same memory.
 */
export class RunTrees {
  /** Most leaves, and the greatest depth, that there is room for. */
  readonly capacity: number;
  readonly depthMax: number;
  /** Leaf digests, 32 bytes each, in order. */
  readonly leaves: Uint8Array;
  /** Amounts in nano-units: the lower 64 bits of leaf i at 2 i, the upper at 2 i + 1. */
  readonly amounts: BigUint64Array;
  readonly #kernel: Kernel;
  readonly #layout: BatchLayout;
  readonly #fills: Uint8Array[];
  #count = 0;
  #depth: number;

  /** @param kind for tests; the fastest unless given */
  constructor(capacity: number, depthMax: number, kind: KernelKind = bestKernelKind()) {
    assert(depthMax >= BATCH_DEPTH_MIN && capacity <= 2 ** depthMax, `a run of ${capacity} leaves`);
    this.capacity = capacity;
    this.depthMax = depthMax;
    this.#depth = depthMax;
    this.#layout = new BatchLayout(capacity, depthMax);
    this.#fills = fillDigests(depthMax);
    this.#kernel = openKernel(this.#layout.bytes, kind);
    this.leaves = this.#bytes(this.#layout.levels[0] as number, capacity * DIGEST_BYTES);
    this.amounts = new BigUint64Array(this.#kernel.memory, this.#layout.amounts, 2 * capacity);
  }

  /**
   * Over the first `count` leaves, and as deep as is said.
   * @throws TallystickError `commitment.sum-overflow` when a sum does not fit 128 bits
   */
  build(count = this.capacity, depth = this.depthMax): void {
    assert(depth >= BATCH_DEPTH_MIN && depth <= this.depthMax, `a run is ${depth} deep`);
    assert(count >= 0 && count <= Math.min(this.capacity, 2 ** depth), `a run has ${count} leaves`);
    this.#count = count;
    this.#depth = depth;
    this.#buildInclusion();
    this.#buildSums();
  }

  get count(): number {
    return this.#count;
  }

  get depth(): number {
    return this.#depth;
  }

  /** Digests of one level of R that stand over a leaf: level 0 are the leaves, `depth` the root. */
  level(level: number): Uint8Array {
    assert(level >= 0 && level <= this.#depth, `level ${level} is one of ${this.#depth + 1}`);
    const at = this.#layout.levels[level] as number;
    return this.#bytes(at, nodesOver(this.#count, level) * DIGEST_BYTES);
  }

  /** The digest of a subtree of this height that holds no leaf. */
  fill(level: number): Uint8Array {
    return this.#fills[level] as Uint8Array;
  }

  get root(): Uint8Array {
    return this.#count === 0 ? this.fill(this.#depth) : this.level(this.#depth).slice();
  }

  get sumRoot(): Uint8Array {
    const at = this.#layout.sumDigests[this.#depth - BATCH_DEPTH_MIN] as number;
    return this.#bytes(at, DIGEST_BYTES).slice();
  }

  get sumNano(): bigint {
    const at = this.#layout.sums[this.#depth - BATCH_DEPTH_MIN] as number;
    const words = new BigUint64Array(this.#kernel.memory, at, SUM_BYTES / 8);
    return ((words[1] as bigint) << 64n) | (words[0] as bigint);
  }

  #buildInclusion(): void {
    for (let level = 0; level < this.#depth; level++) {
      const width = nodesOver(this.#count, level);
      const below = this.#layout.levels[level] as number;
      // The sibling of a last, left node is one that stands over no leaf.
      this.#bytes(below + width * DIGEST_BYTES, DIGEST_BYTES).set(this.fill(level));
      const above = this.#layout.levels[level + 1] as number;
      this.#kernel.hashNodes(below, nodesOver(this.#count, level + 1), above);
    }
  }

  #buildSums(): void {
    const { amounts, sums, sumDigests } = this.#layout;
    const chunks = 2 ** (this.#depth - BATCH_DEPTH_MIN);
    let overflow = this.#kernel.chunkSums(
      amounts,
      this.#count,
      chunks,
      sums[0] as number,
      sumDigests[0] as number,
    );
    for (let level = 1; level <= this.#depth - BATCH_DEPTH_MIN && overflow === 0; level++) {
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

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#kernel.memory, at, length);
  }
}
