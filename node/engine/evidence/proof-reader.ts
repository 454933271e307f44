import { fromHex } from "../../core/bytes.ts";
import { ChunkRoom } from "../../core/commitment/kernel/chunk-proofs.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { readBytes } from "../store/stored-bytes.ts";
import { LeafCache, StoredLeaves } from "../store/stored-leaves.ts";
import type { StoredBatch } from "../store/stored-types.ts";
import { BatchProofs } from "./read-proofs.ts";

const DIGEST_BYTES = 32;
/** The leaf tiles of a batch of a million charges, and some more. */
const LEAF_BYTES_MAX = 64 * 1_048_576;
/** The levels of some fifteen of them, or of a month of small batches. */
const BATCH_BYTES_MAX = 32 * 1_048_576;
/** What an open batch takes beside its levels. */
const BATCH_BYTES = 2_048;

/**
 * Proofs of any batch out of its stored leaf digests and levels. What was read lately stays in bounded
 * memory: leaf digests, and of each batch its levels and where its tiles lie.
 */
export class ProofReader {
  readonly #store: Store;
  readonly #leaves: LeafCache;
  readonly #batchBytesMax: number;
  readonly #room = new ChunkRoom();
  /** In the order of their last use. */
  readonly #batches = new Map<string, { proofs: BatchProofs; bytes: number }>();
  #batchBytes = 0;

  constructor(store: Store, limits: { leafBytesMax?: number; batchBytesMax?: number } = {}) {
    this.#store = store;
    this.#leaves = new LeafCache(store, limits.leafBytesMax ?? LEAF_BYTES_MAX);
    this.#batchBytesMax = limits.batchBytesMax ?? BATCH_BYTES_MAX;
  }

  /** @throws TallystickError `proof.wrong-levels`, `store.value-damaged` */
  async open(domain: string, batch: StoredBatch): Promise<BatchProofs> {
    const name = keys.levels(domain, BigInt(batch.sequence));
    // A newest batch that is sealed anew after a crash may be another one under the same number.
    const mark = `${name}/${batch.root}`;
    const known = this.#batches.get(mark);
    if (known !== undefined) {
      this.#batches.delete(mark);
      this.#batches.set(mark, known);
      return known.proofs;
    }
    const stored = await this.#store.get(name);
    const upper = stored === undefined ? new Uint8Array() : readBytes(name, stored);
    const { count } = batch;
    const place = { domain, first: BigInt(batch.first), count };
    const leaves = await StoredLeaves.open(this.#store, this.#leaves, place);
    const root = fromHex(batch.root, DIGEST_BYTES);
    const source = {
      count,
      root,
      upper,
      readChunks: (chunks: readonly number[]) => leaves.readChunks(chunks),
      readChunk: (chunk: number) => leaves.readChunk(chunk),
    };
    const proofs = new BatchProofs(source, this.#room);
    this.#remember(mark, proofs, BATCH_BYTES + upper.length + leaves.bytes);
    return proofs;
  }

  #remember(mark: string, proofs: BatchProofs, bytes: number): void {
    if (this.#batches.has(mark)) return;
    this.#batches.set(mark, { proofs, bytes });
    this.#batchBytes += bytes;
    for (const [oldest, one] of this.#batches) {
      if (this.#batchBytes <= this.#batchBytesMax || oldest === mark) break;
      this.#batches.delete(oldest);
      this.#batchBytes -= one.bytes;
    }
  }
}

/** The proofs of one batch, for who asks for few; a `ProofReader` remembers. */
export function openProofs(store: Store, domain: string, batch: StoredBatch): Promise<BatchProofs> {
  return new ProofReader(store).open(domain, batch);
}

/** The path of one leaf, from the leaf upward. @throws TallystickError `proof.changed-leaves` */
export async function readPath(proofs: BatchProofs, leafIndex: number): Promise<Uint8Array[]> {
  const path = await proofs.path(leafIndex);
  return Array.from({ length: path.length / DIGEST_BYTES }, (_, at) =>
    path.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES),
  );
}
