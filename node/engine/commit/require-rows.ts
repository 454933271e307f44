import type { BatchRoots } from "../../core/commitment/join-runs.ts";
import { ChunkProofs, type ChunkRoom } from "../../core/commitment/kernel/chunk-proofs.ts";
import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";
import { TallystickError } from "../../core/errors.ts";
import { LeafRecomputer } from "../check/recompute-leaves.ts";
import { readLeafDigests } from "../store/read-charges.ts";
import type { StoreReader } from "../store/store.ts";
import { findRows } from "../store/stored-rows.ts";

const DIGEST_BYTES = 32;

/**
 * Some of the stored rows, three values of up to 512, read back and hashed again, give leaves that lead to the
 * root that is about to be signed, level by level: a bit that flipped between writing and sealing is found
 * before it is committed to, and trees that are not those of the leaves, too. `fsck` does it with all.
 * @param first position of the batch's first row @param room where chunks are hashed
 * @throws TallystickError `seal.rows-changed`
 */
export async function requireRows(
  store: StoreReader,
  domain: string,
  first: bigint,
  { count, upper, root, depth }: BatchRoots,
  room: ChunkRoom,
): Promise<void> {
  if (count === 0) return;
  const recomputer = new LeafRecomputer(store, domain);
  const proofs = new ChunkProofs(count, upper, root, room, depth);
  const changed = (row: number) =>
    new TallystickError(
      "seal.rows-changed",
      `Row ${first + BigInt(row)} of book ${domain} is not the one that its digest was made of. Nothing is sealed; run fsck.`,
    );
  // Beginning, end, and a place that nobody knows before the root is.
  const { buffer, byteOffset } = root;
  const drawn = new DataView(buffer, byteOffset).getUint32(0) % count;
  for (const index of new Set([0, drawn, count - 1])) {
    const rows = await findRows(store, domain, first + BigInt(index));
    if (rows === undefined) throw changed(index);
    const leaves = await recomputer.leavesOf(rows);
    if (leaves === undefined) continue;
    // All rows of the value were hashed, so all of them are compared, with what else their chunks hold.
    const before = Number(rows.first - first);
    const from = Math.max(0, before);
    const end = Math.min(count, before + rows.count);
    const firstOfChunk = from - (from % CHUNK_LEAVES);
    const endOfChunk = Math.min(count, Math.ceil(end / CHUNK_LEAVES) * CHUNK_LEAVES);
    const stored = await readLeafDigests(
      store,
      domain,
      first + BigInt(firstOfChunk),
      endOfChunk - firstOfChunk,
    );
    const differs = (byte: number) =>
      leaves[byte - DIGEST_BYTES * before] !== stored[byte - DIGEST_BYTES * firstOfChunk];
    for (let byte = DIGEST_BYTES * from; byte < DIGEST_BYTES * end; byte++) {
      if (differs(byte)) throw changed(Math.floor(byte / DIGEST_BYTES));
    }
    for (let row = firstOfChunk; row < endOfChunk; row += CHUNK_LEAVES) {
      const chunk = stored.subarray(
        DIGEST_BYTES * (row - firstOfChunk),
        DIGEST_BYTES * (row - firstOfChunk + CHUNK_LEAVES),
      );
      if (!proofs.isUnderRoot(row, chunk)) throw changed(row);
    }
  }
}
