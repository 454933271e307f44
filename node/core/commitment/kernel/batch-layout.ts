import { BATCH_DEPTH_MIN } from "../inclusion-tree.ts";
import { DIGEST_BYTES, KERNEL_DATA_START } from "./kernel.ts";

/** An amount or a sum: two words of 64 bits, the lower first. */
export const SUM_BYTES = 16;

/** Nodes of a level of R that stand over at least one of `count` leaves. */
export const nodesOver = (count: number, level: number): number => Math.ceil(count / 2 ** level);

/**
 * Where everything of a tree of up to `count` leaves and a depth of `depth` lies in memory: 64 bytes a leaf for
 * the levels of R, 16 for its amount, 3 for the levels of S; 84 MB for the largest batch.
 */
export class BatchLayout {
  /** Address of each level of R, the leaves first; each has room for one fill digest at its end. */
  readonly levels: number[] = [];
  readonly amounts: number;
  readonly sumDigests: number[] = [];
  readonly sums: number[] = [];
  readonly bytes: number;
  #free = KERNEL_DATA_START;

  constructor(count: number, depth: number) {
    for (let level = 0; level <= depth; level++) {
      this.levels.push(this.#reserve((nodesOver(count, level) + 1) * DIGEST_BYTES));
    }
    this.amounts = this.#reserve(count * SUM_BYTES);
    for (let level = BATCH_DEPTH_MIN; level <= depth; level++) {
      const nodes = 2 ** (depth - level);
      this.sumDigests.push(this.#reserve(nodes * DIGEST_BYTES));
      this.sums.push(this.#reserve(nodes * SUM_BYTES));
    }
    this.bytes = this.#free - KERNEL_DATA_START;
  }

  #reserve(bytes: number): number {
    const at = this.#free;
    this.#free += bytes;
    return at;
  }
}
