import { BATCH_DEPTH_MIN, treeDepth } from "../inclusion-tree.ts";
import { DIGEST_BYTES, KERNEL_DATA_START } from "./kernel.ts";

/** An amount or a sum: two words of 64 bits, the lower first. */
const SUM_BYTES = 16;

/**
 * Where everything of a batch of `count` leaves lies in memory: 64 bytes a leaf for the levels of R,
 * 16 for its amount, 3 for the levels of S; 84 MB for the largest batch.
 */
export class BatchLayout {
  readonly depth: number;
  /** Address of each level of R, the leaves first; each has room for one fill digest at its end. */
  readonly levels: number[] = [];
  readonly amounts: number;
  readonly sumDigests: number[] = [];
  readonly sums: number[] = [];
  readonly bytes: number;
  readonly #count: number;
  #free = KERNEL_DATA_START;

  constructor(count: number) {
    this.#count = count;
    this.depth = treeDepth(count, BATCH_DEPTH_MIN);
    for (let level = 0; level <= this.depth; level++) {
      this.levels.push(this.#reserve((this.width(level) + 1) * DIGEST_BYTES));
    }
    this.amounts = this.#reserve(count * SUM_BYTES);
    for (let level = BATCH_DEPTH_MIN; level <= this.depth; level++) {
      const nodes = 2 ** (this.depth - level);
      this.sumDigests.push(this.#reserve(nodes * DIGEST_BYTES));
      this.sums.push(this.#reserve(nodes * SUM_BYTES));
    }
    this.bytes = this.#free - KERNEL_DATA_START;
  }

  /** Nodes of a level that stand over at least one leaf. */
  width(level: number): number {
    return Math.ceil(this.#count / 2 ** level);
  }

  #reserve(bytes: number): number {
    const at = this.#free;
    this.#free += bytes;
    return at;
  }
}
