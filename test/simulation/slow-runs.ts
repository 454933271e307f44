import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { BATCH_DEPTH_MIN } from "../../node/core/commitment/inclusion-tree.ts";
import type { RunTop } from "../../node/core/commitment/join-runs.ts";
import { type RunBuilder, RunBuilderHere } from "../../node/engine/commit/run-builder.ts";
import type { RunLeaves } from "../../node/engine/commit/run-leaves.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";

/** Some turns of the event loop, so that others write between a cut and its batches. */
const TURNS_MAX = 5;

/** Builds runs of 32 leaves and takes its time, as threads do, so that others write meanwhile. */
export class SlowRuns implements RunBuilder {
  readonly runDepth = BATCH_DEPTH_MIN;
  readonly briefRowsMax: number;
  readonly runsAtOnce = 2;
  readonly #here = new RunBuilderHere(BATCH_DEPTH_MIN);
  readonly #random: Seeded;
  /** Runs that were as long as they may be. */
  whole = 0;

  constructor(random: Seeded, briefRowsMax: number) {
    this.#random = random;
    this.briefRowsMax = briefRowsMax;
  }

  async build(leaves: RunLeaves, depth: number): Promise<RunTop> {
    if (leaves.count === 2 ** this.runDepth) this.whole++;
    for (let turns = this.#random.below(TURNS_MAX + 1); turns > 0; turns--) await turnOfTheLoop();
    return this.#here.build(leaves, depth);
  }
}
