import {
  ChunkProofs,
  type ChunkRoom,
  LOWER_PATH_BYTES,
} from "../../core/commitment/kernel/chunk-proofs.ts";
import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";

/** Chunks that are read together: 256 kB of digests, while as many before them are hashed. */
const WINDOW_CHUNKS = 256;

/** What a store holds of one batch's tree. */
export interface LeafSource {
  count: number;
  root: Uint8Array;
  /** The levels from 5 up to below the root (`upperLevels`). */
  upper: Uint8Array;
  /** Leaf digests of whole chunks, in the order asked for, each as far as the batch has them. */
  readChunks(chunks: readonly number[]): Promise<Uint8Array[]>;
  /** The same of one, with as little as can be read for it. */
  readChunk(chunk: number): Promise<Uint8Array>;
}

export interface Proof {
  index: number;
  /** The siblings from the leaf upward, 32 bytes each. */
  path: Uint8Array;
}

/** Leaves of consecutive chunks, ascending, and their chunks, each once. */
interface Window {
  indexes: Uint32Array;
  chunks: number[];
}

/** The proofs of one batch; keeping one open saves setting up the levels for each asking. */
export class BatchProofs {
  readonly #source: LeafSource;
  readonly #chunks: ChunkProofs;

  /**
   * @param room shared with other batches, if any
   * @throws TallystickError `proof.wrong-levels` when the levels are not of such a batch, or not under its root
   */
  constructor(source: LeafSource, room?: ChunkRoom) {
    this.#source = source;
    this.#chunks = new ChunkProofs(source.count, source.upper, source.root, room);
    this.#chunks.requireRoot();
  }

  /**
   * Paths of many leaves, in ascending order of index: each chunk is read and hashed once, however
   * many of its leaves are asked for. The next chunks are read while these are hashed; memory holds
   * no more than that.
   * @throws TallystickError `proof.changed-leaves` when the store is damaged
   */
  async *of(indexes: Iterable<number>): AsyncGenerator<Proof> {
    for await (const { leaves, indexes: some } of this.#chunksOf(
      Uint32Array.from(indexes).sort(),
    )) {
      for (const [index, chunk] of withChunks(some)) {
        const path = new Uint8Array(this.#chunks.pathBytes);
        this.#chunks.writePath(index, leaves[chunk] as Uint8Array, path);
        yield { index, path };
      }
    }
  }

  /**
   * Of each leaf the part of its path that lies in its chunk, one after the other to `target` from `at` on.
   * @param indexes ascending
   * @throws TallystickError `proof.changed-leaves` when the store is damaged
   */
  async writeLower(indexes: Uint32Array, target: Uint8Array, at: number): Promise<void> {
    let to = at;
    for await (const { leaves, indexes: some } of this.#chunksOf(indexes)) {
      for (const [index, chunk] of withChunks(some)) {
        this.#chunks.writeLower(index, leaves[chunk] as Uint8Array, target, to);
        to += LOWER_PATH_BYTES;
      }
    }
  }

  /** The part above, from what is open already. */
  writeUpper(index: number, target: Uint8Array, at: number): void {
    this.#chunks.writeUpper(index, target, at);
  }

  get pathBytes(): number {
    return this.#chunks.pathBytes;
  }

  /** Stretches of ascending indexes with the leaves of their chunks; the next ones are read ahead. */
  async *#chunksOf(
    sorted: Uint32Array,
  ): AsyncGenerator<{ indexes: Uint32Array; leaves: Uint8Array[] }> {
    const windows = windowsOf(sorted);
    let window = windows.next().value;
    let reading = window && this.#source.readChunks(window.chunks);
    while (window !== undefined && reading !== undefined) {
      const leaves = await reading;
      const next = windows.next().value;
      reading = next && this.#source.readChunks(next.chunks);
      // Who leaves early does not wait for it any more.
      reading?.catch(() => {});
      yield { indexes: window.indexes, leaves };
      window = next;
    }
  }

  /** The path of one leaf. @throws TallystickError `proof.changed-leaves` */
  async path(index: number): Promise<Uint8Array> {
    const leaves = await this.#source.readChunk(Math.floor(index / CHUNK_LEAVES));
    const path = new Uint8Array(this.#chunks.pathBytes);
    this.#chunks.writePath(index, leaves, path);
    return path;
  }
}

/** Each index with its chunk's place among the chunks of the stretch. */
function* withChunks(indexes: Uint32Array): Generator<[number, number]> {
  let at = -1;
  let chunk = -1;
  for (const index of indexes) {
    const chunkOfIndex = Math.floor(index / CHUNK_LEAVES);
    if (chunkOfIndex !== chunk) at++;
    chunk = chunkOfIndex;
    yield [index, at];
  }
}

function* windowsOf(sorted: Uint32Array): Generator<Window, undefined> {
  let from = 0;
  let chunks: number[] = [];
  for (let at = 0; at < sorted.length; at++) {
    const chunk = Math.floor((sorted[at] as number) / CHUNK_LEAVES);
    if (chunk === chunks.at(-1)) continue;
    if (chunks.length === WINDOW_CHUNKS) {
      yield { indexes: sorted.subarray(from, at), chunks };
      from = at;
      chunks = [];
    }
    chunks.push(chunk);
  }
  if (chunks.length > 0) yield { indexes: sorted.subarray(from), chunks };
  return undefined;
}
