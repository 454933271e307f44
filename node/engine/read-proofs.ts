import { ChunkProofs } from "../core/commitment/kernel/chunk-proofs.ts";
import { CHUNK_LEAVES } from "../core/commitment/sum-tree.ts";

const DIGEST_BYTES = 32;

/** What a store holds of one batch's tree. */
export interface LeafSource {
  count: number;
  root: Uint8Array;
  /** The levels from 5 up to below the root (`upperLevels`). */
  upper: Uint8Array;
  /** How many leaf digests one read brings: a multiple of 32. */
  blockLeaves: number;
  /** The leaf digests of one block, as far as the batch has them. */
  readBlock(block: number): Promise<Uint8Array>;
}

export interface Proof {
  index: number;
  /** The siblings from the leaf upward, 32 bytes each. */
  path: Uint8Array;
}

/** The proofs of one batch; keeping one open saves setting up the levels for each asking. */
export class BatchProofs {
  readonly #source: LeafSource;
  readonly #chunks: ChunkProofs;

  /** @throws TallystickError `proof.wrong-levels` when the levels are not of such a batch */
  constructor(source: LeafSource) {
    this.#source = source;
    this.#chunks = new ChunkProofs(source.count, source.upper, source.root);
  }

  /**
   * Paths of many leaves, in ascending order of index: each block is read once and each chunk hashed
   * once, however many of its leaves are asked for. Memory holds one block at a time.
   * @throws TallystickError `proof.changed-leaves` when the store is damaged
   */
  async *of(indexes: Iterable<number>): AsyncGenerator<Proof> {
    const { blockLeaves } = this.#source;
    let block = -1;
    let digests: Uint8Array = new Uint8Array();
    for (const index of Uint32Array.from(indexes).sort()) {
      const blockOfIndex = Math.floor(index / blockLeaves);
      if (blockOfIndex !== block) {
        block = blockOfIndex;
        digests = await this.#source.readBlock(block);
      }
      const chunk = Math.floor(index / CHUNK_LEAVES);
      const from = (chunk * CHUNK_LEAVES - block * blockLeaves) * DIGEST_BYTES;
      const leaves = digests.subarray(from, from + CHUNK_LEAVES * DIGEST_BYTES);
      const path = new Uint8Array(this.#chunks.pathBytes);
      this.#chunks.writePath(index, leaves, path);
      yield { index, path };
    }
  }
}
