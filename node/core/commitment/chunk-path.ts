import { FILL_LEAF, inclusionNode } from "./inclusion-tree.ts";

/** Leaves of one chunk, of the inclusion tree as of the sum tree. */
const CHUNK_LEAVES = 32;
const CHUNK_LEVELS = 5;

export interface ShownChunk {
  /** 32, missing ones filled. */
  leaves: Uint8Array[];
  /** From level 5 upward. */
  siblings: Uint8Array[];
}

/**
 * A whole chunk and what leads from it to the root: what is shown when somebody draws it.
 * @param leaves all of the batch
 * @param depth of its inclusion tree (docs/PROTOCOL.md, section 5)
 * @param chunk below 2 to the power of `depth` less 5; it may hold no leaf at all
 */
export function showChunk(leaves: Uint8Array[], depth: number, chunk: number): ShownChunk {
  const first = chunk * CHUNK_LEAVES;
  const shown = Array.from({ length: CHUNK_LEAVES }, (_, i) => leaves[first + i] ?? FILL_LEAF);
  const siblings: Uint8Array[] = [];
  let level = leaves;
  let fill = FILL_LEAF;
  for (let height = 0; height < depth; height++) {
    if (height >= CHUNK_LEVELS) {
      const at = Math.floor(chunk / 2 ** (height - CHUNK_LEVELS));
      siblings.push(level[at % 2 === 0 ? at + 1 : at - 1] ?? fill);
    }
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      above.push(inclusionNode(level[i] as Uint8Array, level[i + 1] ?? fill));
    }
    level = above;
    fill = inclusionNode(fill, fill);
  }
  return { leaves: shown, siblings };
}
