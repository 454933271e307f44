import { equalBytes, fromHex } from "../../core/bytes.ts";
import {
  BATCH_DEPTH_MIN,
  fillDigests,
  inclusionNode,
} from "../../core/commitment/inclusion-tree.ts";
import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";
import type { StoredBatch } from "../store/stored-types.ts";

const DIGEST_BYTES = 32;

/** Whether the levels that are stored of a tree (`upperLevels`) lead to the batch's root, without its leaves. */
export function leadToRoot(upper: Uint8Array, { count, depth, root }: StoredBatch): boolean {
  const levels = levelsOf(upper, count, depth);
  if (levels === undefined) return false;
  const fills = fillDigests(depth);
  for (const [at, level] of levels.entries()) {
    const above = levels[at + 1] ?? [fromHex(root, DIGEST_BYTES)];
    const fill = fills[BATCH_DEPTH_MIN + at] as Uint8Array;
    for (const [node, stored] of above.entries()) {
      const left = level[2 * node] as Uint8Array;
      if (!equalBytes(inclusionNode(left, level[2 * node + 1] ?? fill), stored)) return false;
    }
  }
  return true;
}

/** From 5 up to below the root; undefined where they are not as long as such a batch's. */
function levelsOf(upper: Uint8Array, count: number, depth: number): Uint8Array[][] | undefined {
  const levels: Uint8Array[][] = [];
  let at = 0;
  let width = Math.ceil(count / CHUNK_LEAVES);
  for (let height = BATCH_DEPTH_MIN; height < depth; height++) {
    if (at + width * DIGEST_BYTES > upper.length) return undefined;
    const level: Uint8Array[] = [];
    for (let node = 0; node < width; node++, at += DIGEST_BYTES) {
      level.push(upper.subarray(at, at + DIGEST_BYTES));
    }
    levels.push(level);
    width = Math.ceil(width / 2);
  }
  return at === upper.length ? levels : undefined;
}
