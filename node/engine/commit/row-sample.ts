import type { BatchRoots } from "../../core/commitment/join-runs.ts";
import { ChunkProofs, type ChunkRoom } from "../../core/commitment/kernel/chunk-proofs.ts";
import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";
import { TallystickError } from "../../core/errors.ts";
import { LeafRecomputer } from "../check/recompute-leaves.ts";
import { readLeafDigests } from "../store/read-charges.ts";
import type { StoreReader } from "../store/store.ts";
import { findRows } from "../store/stored-rows.ts";

const DIGEST_BYTES = 32;

/** Leaf digests of whole chunks as they are stored, those of the rows among them hashed again from the rows. */
interface SampledLeaves {
  /** Leaf index of the first. */
  from: number;
  digests: Uint8Array;
}

/**
 * Some of the stored rows of a batch, three values of up to 512, read back and hashed again, are to give leaves
 * that lead to the root that is about to be signed, level by level: a bit that flipped between writing and
 * sealing is found before it is committed to, and trees that are not those of the leaves, too. They are hashed by
 * the kernel that takes one message at a time: should the fast one, or what compiled it, be wrong, they
 * differ. `fsck` does it with all.
 */
export class RowSample {
  readonly #store: StoreReader;
  readonly #domain: string;
  readonly #first: bigint;
  readonly #count: number;
  readonly #recomputer: LeafRecomputer;
  /** Beginning and end, which are read while the trees are built. */
  readonly #edges: Promise<(SampledLeaves | undefined)[]>;

  /** @param first position of the batch's first row */
  constructor(store: StoreReader, domain: string, first: bigint, count: number) {
    this.#store = store;
    this.#domain = domain;
    this.#first = first;
    this.#count = count;
    this.#recomputer = new LeafRecomputer(store, domain, "scalar");
    this.#edges = this.#readAll(count === 0 ? [] : [0, count - 1]);
    // Who fails is told in `require`.
    this.#edges.catch(() => {});
  }

  /** @param room where chunks are hashed @throws TallystickError `seal.rows-changed` */
  async require({ count, depth, root, upper }: BatchRoots, room: ChunkRoom): Promise<void> {
    const edges = await this.#edges;
    if (count === 0) return;
    // And a place that nobody knows before the root is.
    const drawn = new DataView(root.buffer, root.byteOffset).getUint32(0) % count;
    const proofs = new ChunkProofs(count, upper, root, room, depth);
    for (const leaves of [...edges, await this.#read(drawn)]) {
      if (leaves === undefined) continue;
      const { from, digests } = leaves;
      for (let at = 0; at < digests.length; at += CHUNK_LEAVES * DIGEST_BYTES) {
        const row = from + at / DIGEST_BYTES;
        const chunk = digests.subarray(at, at + CHUNK_LEAVES * DIGEST_BYTES);
        if (!proofs.isUnderRoot(row, chunk)) throw this.#changed(row);
      }
    }
  }

  async #readAll(indexes: readonly number[]): Promise<(SampledLeaves | undefined)[]> {
    const all: (SampledLeaves | undefined)[] = [];
    for (const index of indexes) all.push(await this.#read(index));
    return all;
  }

  /** All rows of the value that holds a leaf's, with what else their chunks hold; undefined where a key was erased. */
  async #read(index: number): Promise<SampledLeaves | undefined> {
    const rows = await findRows(this.#store, this.#domain, this.#first + BigInt(index));
    if (rows === undefined) throw this.#changed(index);
    const hashed = await this.#recomputer.leavesOf(rows);
    if (hashed === undefined) return undefined;
    const before = Number(rows.first - this.#first);
    const firstRow = Math.max(0, before);
    const endRow = Math.min(this.#count, before + rows.count);
    const from = firstRow - (firstRow % CHUNK_LEAVES);
    const end = Math.min(this.#count, Math.ceil(endRow / CHUNK_LEAVES) * CHUNK_LEAVES);
    const place = this.#first + BigInt(from);
    const digests = await readLeafDigests(this.#store, this.#domain, place, end - from);
    for (let byte = DIGEST_BYTES * firstRow; byte < DIGEST_BYTES * endRow; byte++) {
      if (hashed[byte - DIGEST_BYTES * before] === digests[byte - DIGEST_BYTES * from]) continue;
      throw this.#changed(Math.floor(byte / DIGEST_BYTES));
    }
    return { from, digests };
  }

  #changed(row: number): TallystickError {
    return new TallystickError(
      "seal.rows-changed",
      `Row ${this.#first + BigInt(row)} of book ${this.#domain} is not the one that its digest was made of. Nothing is sealed; run fsck.`,
    );
  }
}
