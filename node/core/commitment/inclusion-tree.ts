import { assert, TallystickError } from "../errors.ts";
import { hash } from "../hash.ts";
import { HashArena } from "./kernel/hash-arena.ts";
import { TAG } from "./tags.ts";

/** Depth of R is at least that of one chunk of the sum tree, at most 2^20 leaves. */
export const BATCH_DEPTH_MIN = 5;
export const BATCH_DEPTH_MAX = 20;
export const BATCH_LEAVES_MAX = 2 ** BATCH_DEPTH_MAX;

export const FILL_LEAF = hash(Uint8Array.of(TAG.fill));

/** Room for the pre-image of one node, made ready once. */
const nodeMessage = new HashArena(1024).tile(1, "keccak");
nodeMessage.setLength(65);
nodeMessage.placeEverywhere(0, Uint8Array.of(TAG.node));

/** Inner node of an inclusion tree (docs/PROTOCOL.md, section 5). */
export function inclusionNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  hashNode(left, right);
  return nodeMessage.output.slice();
}

/** Leaves the digest in `nodeMessage.output`, which may be one of the two. */
function hashNode(left: Uint8Array, right: Uint8Array): void {
  assert(left.length === 32 && right.length === 32, "a digest has 32 bytes");
  nodeMessage.blocks.set(left, 1);
  nodeMessage.blocks.set(right, 33);
  nodeMessage.hash(1);
}

/** Smallest depth that holds `count` leaves, and at least `depthMin`. */
export function treeDepth(count: number, depthMin: number): number {
  let depth = depthMin;
  while (2 ** depth < count) depth++;
  return depth;
}

/** The digest of a subtree without leaves, for each level from 0 to `depth`. */
export function fillDigests(depth: number): Uint8Array[] {
  const fills: Uint8Array[] = [FILL_LEAF];
  for (let level = 0; level < depth; level++) {
    const fill = fills[level] as Uint8Array;
    fills.push(inclusionNode(fill, fill));
  }
  return fills;
}

export interface InclusionTree {
  depth: number;
  root: Uint8Array;
  /** The `depth` siblings of a leaf, from the leaf upward. */
  path(index: number): Uint8Array[];
}

/**
 * A plain binary tree of fixed depth over `leaves` (32 bytes each), missing ones filled. Subtrees
 * that hold no leaf are not built: one digest per level stands for them.
 */
export function buildInclusionTree(leaves: Uint8Array[], depthMin: number): InclusionTree {
  const depth = treeDepth(leaves.length, depthMin);
  const fills = fillDigests(depth);
  const levels: Uint8Array[][] = [leaves];
  for (let level = 0; level < depth; level++) {
    const fill = fills[level] as Uint8Array;
    const below = levels[level] as Uint8Array[];
    const above: Uint8Array[] = [];
    for (let i = 0; i < below.length; i += 2) {
      above.push(inclusionNode(below[i] as Uint8Array, below[i + 1] ?? fill));
    }
    levels.push(above);
  }
  return {
    depth,
    root: (levels[depth] as Uint8Array[])[0] ?? (fills[depth] as Uint8Array),
    path(index) {
      assert(index >= 0 && index < 2 ** depth, `leaf ${index} has a place at depth ${depth}`);
      const siblings: Uint8Array[] = [];
      for (let level = 0, at = index; level < depth; level++, at = Math.floor(at / 2)) {
        const sibling = (levels[level] as Uint8Array[])[at % 2 === 0 ? at + 1 : at - 1];
        siblings.push(sibling ?? (fills[level] as Uint8Array));
      }
      return siblings;
    },
  };
}

/**
 * The root that a leaf at `index` with exactly these siblings leads to. The caller compares it with
 * a root it trusts.
 * @throws TallystickError `proof.index-out-of-range` when the path has no such leaf,
 *   `proof.wrong-shape` when a sibling is not 32 bytes
 */
export function rootFromPath(leaf: Uint8Array, index: number, path: Uint8Array[]): Uint8Array {
  if (path.length > 32 || !Number.isSafeInteger(index) || index < 0 || index >= 2 ** path.length) {
    throw new TallystickError(
      "proof.index-out-of-range",
      `A path of ${path.length} siblings has no leaf ${index}.`,
    );
  }
  let digest = leaf;
  let at = index;
  for (const sibling of path) {
    if (sibling.length !== 32) {
      throw new TallystickError(
        "proof.wrong-shape",
        `A sibling of ${sibling.length} bytes; each has 32.`,
      );
    }
    if (at % 2 === 0) hashNode(digest, sibling);
    else hashNode(sibling, digest);
    digest = nodeMessage.output;
    at = Math.floor(at / 2);
  }
  return digest.slice();
}
