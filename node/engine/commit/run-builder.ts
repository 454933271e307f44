import { type RunTop, topOf } from "../../core/commitment/join-runs.ts";
import { RunTrees } from "../../core/commitment/kernel/run-trees.ts";
import type { RunLeaves } from "./run-leaves.ts";

/** 16,384 leaves: some 5 ms of one core, in 1.4 MB that stay in its cache. */
export const RUN_DEPTH = 14;

/** Builds R and S over runs of leaves: in this thread, or in others (`node/adapters/tree-threads.ts`). */
export interface RunBuilder {
  /** A run has 2^runDepth leaves at most. */
  readonly runDepth: number;
  /** Rows of a tick that are built in milliseconds: the engine's turn is kept for them. */
  readonly briefRowsMax: number;
  /** Runs that are under way at the same time, those that are still filled included. */
  readonly runsAtOnce: number;
  /**
   * The leaves' memory is the builder's until it has answered.
   * @throws TallystickError `commitment.sum-overflow`, `seal.thread-failed`
   */
  build(leaves: RunLeaves, depth: number): RunTop | Promise<RunTop>;
}

export class RunBuilderHere implements RunBuilder {
  readonly runDepth: number;
  readonly briefRowsMax: number;
  readonly runsAtOnce = 1;
  /** Kept from run to run, as large as the deepest of them. */
  #trees: RunTrees | undefined;

  /** Others only in tests. */
  constructor(runDepth = RUN_DEPTH, briefRowsMax = 2 ** runDepth) {
    this.runDepth = runDepth;
    this.briefRowsMax = briefRowsMax;
  }

  build(leaves: RunLeaves, depth: number): RunTop {
    if (this.#trees === undefined || this.#trees.depthMax < depth) {
      this.#trees = new RunTrees(2 ** depth, depth);
    }
    const trees = this.#trees;
    const { count, digests, amounts } = leaves;
    trees.leaves.set(digests.subarray(0, 32 * count));
    const { buffer, byteOffset } = trees.amounts;
    new Uint32Array(buffer, byteOffset, 4 * count).set(amounts.subarray(0, 4 * count));
    trees.build(count, depth);
    return topOf(trees);
  }
}
