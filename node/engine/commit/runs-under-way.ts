import { joinRuns, type RunTop, upperBytes } from "../../core/commitment/join-runs.ts";
import { ChunkProofs, type ChunkRoom } from "../../core/commitment/kernel/chunk-proofs.ts";
import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";
import { TallystickError } from "../../core/errors.ts";
import type { BuiltBatch } from "./build-batch.ts";
import type { RunBuilder } from "./run-builder.ts";
import { RunLeaves } from "./run-leaves.ts";

const DIGEST_BYTES = 32;

/** The runs of one batch in their order, and the memory that they share. */
export class RunsUnderWay {
  readonly #builder: RunBuilder;
  readonly #depth: number;
  readonly #capacity: number;
  readonly #room: ChunkRoom;
  readonly #free: RunLeaves[] = [];
  readonly #building = new Set<Promise<void>>();
  readonly #tops: RunTop[] = [];
  #started = 0;
  #earliest: bigint | undefined;
  #latest = 0n;
  #failure: { error: unknown } | undefined;

  /** @param capacity leaves of the longest run @param room where chunks are hashed again */
  constructor(builder: RunBuilder, depth: number, capacity: number, room: ChunkRoom) {
    this.#builder = builder;
    this.#depth = depth;
    this.#capacity = capacity;
    this.#room = room;
  }

  /** Memory for the next run, as soon as there is some. @throws what a run's builder threw */
  async take(): Promise<RunLeaves> {
    // Whoever fills the memory that is given out is one of them.
    while (this.#building.size >= this.#builder.runsAtOnce) await Promise.race(this.#building);
    this.#throwFailure();
    const leaves = this.#free.pop() ?? new RunLeaves(this.#capacity);
    leaves.count = 0;
    return leaves;
  }

  /** Has the run built; its memory is given out again afterwards. */
  start(leaves: RunLeaves): void {
    const building = this.#build(this.#started++, leaves)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#building.delete(building));
    this.#building.add(building);
  }

  /** Once all are built. @throws what a run's builder threw */
  async joined(): Promise<BuiltBatch> {
    await this.ended();
    this.#throwFailure();
    return { roots: joinRuns(this.#tops), from: this.#earliest ?? 0n, to: this.#latest };
  }

  /** However they ended: nobody uses their memory any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#building);
  }

  async #build(at: number, leaves: RunLeaves): Promise<void> {
    const { range } = leaves;
    if (range !== undefined) {
      const { from, to } = range;
      if (this.#earliest === undefined || from < this.#earliest) this.#earliest = from;
      if (to > this.#latest) this.#latest = to;
    }
    const top = await this.#builder.build(leaves, this.#depth);
    if (!this.#fits(top, leaves)) {
      throw new TallystickError(
        "seal.trees-wrong",
        `What was built over run ${at} of a batch does not fit its leaves. Nothing is sealed; it is tried again at the next commitment.`,
      );
    }
    this.#tops[at] = top;
    this.#free.push(leaves);
  }

  /** Whoever built it: that it has the shape and the sum, and that the last chunk leads to its root. */
  #fits(top: RunTop, { count, digests, sumNano }: RunLeaves): boolean {
    const { root, upper, sumRoot } = top;
    const isShaped =
      top.count === count &&
      top.depth === this.#depth &&
      upper.length === upperBytes(count, this.#depth) &&
      root.length === DIGEST_BYTES &&
      sumRoot.length === DIGEST_BYTES &&
      top.sumNano === sumNano;
    if (!isShaped || count === 0) return isShaped;
    const proofs = new ChunkProofs(count, upper, root, this.#room, this.#depth);
    const last = count - 1;
    const chunk = digests.subarray(
      DIGEST_BYTES * (last - (last % CHUNK_LEAVES)),
      DIGEST_BYTES * count,
    );
    return proofs.isUnderRoot(last, chunk);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
