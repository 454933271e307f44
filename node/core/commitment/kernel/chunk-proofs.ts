import { equalBytes } from "../../bytes.ts";
import { assert, TallystickError } from "../../errors.ts";
import { BATCH_DEPTH_MIN, fillDigests, rootFromPath, treeDepth } from "../inclusion-tree.ts";
import { CHUNK_LEAVES } from "../sum-tree.ts";
import { DIGEST_BYTES, KERNEL_DATA_START, type Kernel, type KernelKind } from "./kernel.ts";
import { bestKernelKind, openKernel } from "./open-kernel.ts";

const CHUNK_BYTES = CHUNK_LEAVES * DIGEST_BYTES;
/** Of a path, what lies within its leaf's chunk. */
export const LOWER_PATH_BYTES = BATCH_DEPTH_MIN * DIGEST_BYTES;

/**
 * What a store keeps of a batch's tree beside its leaf digests: the levels from 5 up to below the
 * root, one after the other, each without its fill; 2 bytes a leaf.
 */
export function upperLevels(trees: {
  readonly depth: number;
  level(level: number): Uint8Array;
}): Uint8Array {
  const levels: Uint8Array[] = [];
  for (let level = BATCH_DEPTH_MIN; level < trees.depth; level++) levels.push(trees.level(level));
  const all = new Uint8Array(levels.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const level of levels) {
    all.set(level, at);
    at += level.length;
  }
  return all;
}

/**
 * The place where chunks are hashed: a kernel's memory costs more to set up than a proof, so the
 * proofs of many batches may share one. It holds the nodes of one chunk at a time.
 */
export class ChunkRoom {
  readonly nodes: Uint8Array;
  readonly kind: KernelKind;
  readonly #kernel: Kernel;
  /** Whose nodes lie in the room. */
  holder: object | undefined;

  /** @param kind the fastest unless another is to agree with it */
  constructor(kind: KernelKind = bestKernelKind()) {
    this.#kernel = openKernel(2 * CHUNK_BYTES, kind);
    this.kind = kind;
    this.nodes = new Uint8Array(this.#kernel.memory, KERNEL_DATA_START, 2 * CHUNK_BYTES);
  }

  /** Level upon level from the 32 leaves that lie at the start of `nodes`. @returns the top's offset */
  hash(): number {
    let below = KERNEL_DATA_START;
    for (let width = CHUNK_LEAVES / 2; width >= 1; width /= 2) {
      const above = below + 2 * width * DIGEST_BYTES;
      this.#kernel.hashNodes(below, width, above);
      below = above;
    }
    return 2 * CHUNK_BYTES - 2 * DIGEST_BYTES;
  }
}

/**
 * Paths out of leaf digests and the levels from 5 up. The leaves of one chunk are hashed again (30
 * nodes) for all of its paths together, and compared with level 5: a leaf digest that changed on the
 * disk gives no false proof.
 */
export class ChunkProofs {
  readonly depth: number;
  /** Bytes of one path: `depth` siblings from the leaf upward. */
  readonly pathBytes: number;
  readonly #count: number;
  readonly #upper: Uint8Array;
  readonly #upperAt: number[] = [];
  /** Nodes of each level, from 5 up. */
  readonly #widths: number[] = [];
  readonly #root: Uint8Array;
  readonly #fills: Uint8Array[];
  readonly #room: ChunkRoom;
  /** Which chunk's nodes lie in the room, as long as nobody else uses it. */
  #open = -1;

  /**
   * @param upper as `upperLevels` gave them @param root of the batch @param room shared with other batches
   * @param depth of a run of a batch, which is as deep as the batch's others
   * @throws TallystickError `proof.wrong-levels` when `upper` is not of a batch of `count` leaves
   */
  constructor(
    count: number,
    upper: Uint8Array,
    root: Uint8Array,
    room: ChunkRoom = new ChunkRoom(),
    depth: number = treeDepth(count, BATCH_DEPTH_MIN),
  ) {
    this.#count = count;
    this.#upper = upper;
    this.#root = root;
    this.depth = depth;
    this.pathBytes = this.depth * DIGEST_BYTES;
    this.#fills = fillDigests(this.depth);
    let bytes = 0;
    for (let level = BATCH_DEPTH_MIN; level < this.depth; level++) {
      const width = Math.ceil(count / 2 ** level);
      this.#upperAt[level] = bytes;
      this.#widths[level] = width;
      bytes += width * DIGEST_BYTES;
    }
    if (bytes !== upper.length) {
      throw new TallystickError(
        "proof.wrong-levels",
        `The stored levels have ${upper.length} bytes; ${count} leaves ask for ${bytes}.`,
      );
    }
    this.#room = room;
  }

  /**
   * Hashes all levels again, a node for each 32 leaves: from then on `writePath` gives nothing that does not lead to the
   * root.
   * @throws TallystickError `proof.wrong-levels`
   */
  requireRoot(): void {
    for (let level = BATCH_DEPTH_MIN; level < this.depth; level += BATCH_DEPTH_MIN) {
      const width = this.#widths[level] as number;
      for (let group = 0; group * CHUNK_LEAVES < width; group++) this.#requireAbove(level, group);
    }
  }

  /** Of 32 nodes of a level, what lies above them in the next five. */
  #requireAbove(level: number, group: number): void {
    const { nodes } = this.#room;
    this.#open = -1;
    this.#room.holder = this;
    const present = this.#nodes(level, group * CHUNK_LEAVES, CHUNK_LEAVES);
    nodes.set(present);
    for (let at = present.length; at < CHUNK_BYTES; at += DIGEST_BYTES) {
      nodes.set(this.#fills[level] as Uint8Array, at);
    }
    this.#room.hash();
    const top = Math.min(this.depth, level + BATCH_DEPTH_MIN);
    let from = CHUNK_BYTES;
    for (let above = level + 1, many = CHUNK_LEAVES / 2; above <= top; above++, many /= 2) {
      const stored = above === this.depth ? this.#root : this.#nodes(above, group * many, many);
      if (!equalBytes(nodes.subarray(from, from + stored.length), stored)) {
        throw new TallystickError(
          "proof.wrong-levels",
          `Level ${above} of the stored levels is not what the one below it is hashed to.`,
        );
      }
      from += many * DIGEST_BYTES;
    }
  }

  /**
   * Writes the path of leaf `index` into `target`. Leaves of one chunk, one after the other, share
   * its hashing.
   * @param leaves digests of the leaf's whole chunk, as far as the batch has them
   * @throws TallystickError `proof.changed-leaves` when they do not lead to the stored level
   */
  writePath(index: number, leaves: Uint8Array, target: Uint8Array): void {
    this.writeLower(index, leaves, target, 0);
    this.writeUpper(index, target, LOWER_PATH_BYTES);
  }

  /** As `writePath`, its part below level 5 alone, to `target` from `at` on. */
  writeLower(index: number, leaves: Uint8Array, target: Uint8Array, at: number): void {
    assert(index >= 0 && index < this.#count, `leaf ${index} is one of ${this.#count}`);
    const chunk = Math.floor(index / CHUNK_LEAVES);
    if (chunk !== this.#open || this.#room.holder !== this) this.#openChunk(chunk, leaves);
    let node = index % CHUNK_LEAVES;
    let from = 0;
    for (let level = 0; level < BATCH_DEPTH_MIN; level++, node >>= 1) {
      const sibling = from + (node ^ 1) * DIGEST_BYTES;
      copyDigest(this.#room.nodes, sibling, target, at + level * DIGEST_BYTES);
      from += CHUNK_BYTES >> level;
    }
  }

  /** The part of the path from level 5 up, as the levels were stored: no leaf is asked for. */
  writeUpper(index: number, target: Uint8Array, at: number): void {
    let node = Math.floor(index / CHUNK_LEAVES);
    let to = at;
    for (let level = BATCH_DEPTH_MIN; level < this.depth; level++, node >>= 1) {
      const sibling = node ^ 1;
      const isFill = sibling >= (this.#widths[level] as number);
      const source = isFill ? (this.#fills[level] as Uint8Array) : this.#upper;
      const place = isFill ? 0 : (this.#upperAt[level] as number) + sibling * DIGEST_BYTES;
      copyDigest(source, place, target, to);
      to += DIGEST_BYTES;
    }
  }

  /**
   * Whether the leaf's path leads to the root, every level of it hashed again.
   * @param leaves as for `writePath`
   */
  isUnderRoot(index: number, leaves: Uint8Array): boolean {
    const path = new Uint8Array(this.pathBytes);
    try {
      this.writePath(index, leaves, path);
    } catch (error) {
      if (error instanceof TallystickError && error.code === "proof.changed-leaves") return false;
      throw error;
    }
    const siblings = Array.from({ length: this.depth }, (_, level) =>
      path.subarray(level * DIGEST_BYTES, (level + 1) * DIGEST_BYTES),
    );
    const at = (index % CHUNK_LEAVES) * DIGEST_BYTES;
    return equalBytes(
      rootFromPath(leaves.subarray(at, at + DIGEST_BYTES), index, siblings),
      this.#root,
    );
  }

  #openChunk(chunk: number, leaves: Uint8Array): void {
    this.#open = -1;
    this.#room.holder = this;
    const { nodes } = this.#room;
    const present = Math.min(this.#count - chunk * CHUNK_LEAVES, CHUNK_LEAVES);
    assert(present > 0 && leaves.length === present * DIGEST_BYTES, `leaves of chunk ${chunk}`);
    nodes.set(leaves);
    for (let at = present; at < CHUNK_LEAVES; at++) {
      nodes.set(this.#fills[0] as Uint8Array, at * DIGEST_BYTES);
    }
    const top = this.#room.hash();
    const stored =
      this.depth === BATCH_DEPTH_MIN ? this.#root : this.#nodes(BATCH_DEPTH_MIN, chunk, 1);
    for (let i = 0; i < DIGEST_BYTES; i++) {
      if (nodes[top + i] === stored[i]) continue;
      throw new TallystickError(
        "proof.changed-leaves",
        `The leaf digests of chunk ${chunk} do not lead to the level that was stored with them.`,
      );
    }
    this.#open = chunk;
  }

  /** So many nodes of a level from one on, as far as it has them. */
  #nodes(level: number, first: number, count: number): Uint8Array {
    const at = this.#upperAt[level] as number;
    const to = Math.min(first + count, this.#widths[level] as number);
    return this.#upper.subarray(at + first * DIGEST_BYTES, at + to * DIGEST_BYTES);
  }
}

/** Cheaper than a view and a call for 32 bytes. */
function copyDigest(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number): void {
  for (let i = 0; i < DIGEST_BYTES; i++) to[toAt + i] = from[fromAt + i] as number;
}
