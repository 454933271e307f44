import { type BatchRoots, runDepth } from "../../core/commitment/join-runs.ts";
import { ChunkRoom } from "../../core/commitment/kernel/chunk-proofs.ts";
import type { StoreReader } from "../store/store.ts";
import { scanLeaves } from "../store/stored-rows.ts";
import type { RunBuilder } from "./run-builder.ts";
import { RunsUnderWay } from "./runs-under-way.ts";

/** R and S of a batch; earliest and latest start in milliseconds, both 0 when it is empty. */
export interface BuiltBatch {
  roots: BatchRoots;
  from: bigint;
  to: bigint;
}

/**
 * R and S from the leaf digests as they are stored: what is signed was read back. Runs of leaves are built
 * one after the other or, by threads, beside each other; memory holds no more of them than are under way,
 * and two bytes a leaf of what was built.
 */
export class BatchBuilder {
  readonly #store: StoreReader;
  readonly #runs: RunBuilder;
  /** Where chunks are hashed again, by another kernel than trees are; shared with whoever looks at built batches. */
  readonly room = new ChunkRoom("scalar");

  constructor(store: StoreReader, runs: RunBuilder) {
    this.#store = store;
    this.#runs = runs;
  }

  /**
   * @param count of the rows from position `first` on
   * @throws TallystickError `store.value-damaged`, `commitment.sum-overflow`, `seal.trees-wrong`,
   *   `seal.thread-failed`
   */
  async build(domain: string, first: bigint, count: number): Promise<BuiltBatch> {
    const depth = runDepth(count, this.#runs.runDepth);
    const work = new RunsUnderWay(this.#runs, depth, Math.min(count, 2 ** depth), this.room);
    try {
      let leaves = await work.take();
      for await (const { columns, from, to } of scanLeaves(this.#store, domain, first, count)) {
        for (let at = from; at < to; ) {
          if (leaves.room === 0) {
            work.start(leaves);
            leaves = await work.take();
          }
          const rows = Math.min(to - at, leaves.room);
          leaves.add(columns, at, at + rows);
          at += rows;
        }
      }
      work.start(leaves);
      return await work.joined();
    } finally {
      // Nobody builds in memory that was let go, and no refusal is left that nobody takes.
      await work.ended();
    }
  }
}
