import { PackedBytes } from "../bytes.ts";
import { TallystickError } from "../errors.ts";
import { hash } from "../hash.ts";
import { TAG } from "./tags.ts";

/** Leaves under one chunk of the sum tree. */
export const CHUNK_LEAVES = 32;
const SUM_MAX = (1n << 128n) - 1n;

export interface SumNode {
  digest: Uint8Array;
  sumNano: bigint;
}

/** Sum and count over leaves 32j … 32j+31 (docs/PROTOCOL.md, section 5). */
export function chunkSum(sumNano: bigint, count: number): SumNode {
  refuseOverflow(sumNano);
  return {
    digest: hash(
      new PackedBytes().unsigned(TAG.chunkSum, 1).unsigned(sumNano, 16).unsigned(count, 2).done(),
    ),
    sumNano,
  };
}

/** Binds both children's sums apart, so that neither can be shifted into the other. */
export function sumNode(left: SumNode, right: SumNode): SumNode {
  const sumNano = left.sumNano + right.sumNano;
  refuseOverflow(sumNano);
  return {
    digest: hash(
      new PackedBytes()
        .unsigned(TAG.sumNode, 1)
        .raw(left.digest, 32)
        .unsigned(left.sumNano, 16)
        .raw(right.digest, 32)
        .unsigned(right.sumNano, 16),
    ),
    sumNano,
  };
}

/**
 * Root of S over the amounts of a batch whose inclusion tree has depth `depth` (at least 5).
 * @throws TallystickError `commitment.sum-overflow` when the amounts do not fit 128 bits
 */
export function sumTreeRoot(amountsNano: bigint[], depth: number): SumNode {
  let level: SumNode[] = [];
  for (let chunk = 0; chunk < 2 ** (depth - 5); chunk++) {
    const amounts = amountsNano.slice(chunk * CHUNK_LEAVES, (chunk + 1) * CHUNK_LEAVES);
    level.push(
      chunkSum(
        amounts.reduce((sum, amount) => sum + amount, 0n),
        amounts.length,
      ),
    );
  }
  while (level.length > 1) {
    const above: SumNode[] = [];
    for (let i = 0; i < level.length; i += 2) {
      above.push(sumNode(level[i] as SumNode, level[i + 1] as SumNode));
    }
    level = above;
  }
  return level[0] as SumNode;
}

function refuseOverflow(sumNano: bigint): void {
  if (sumNano < 0n || sumNano > SUM_MAX) {
    throw new TallystickError(
      "commitment.sum-overflow",
      `The sum ${sumNano} does not fit an unsigned 128 bit number.`,
    );
  }
}
