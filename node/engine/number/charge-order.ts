import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";

/** In which order charges of a unit of work are stored: rows by their position, and positions by row. */
export interface ChargeOrder {
  rowAt: Uint32Array;
  positionOf: Uint32Array;
}

/**
 * Deals the charges of a unit of work out so that those of a subscriber lie near each other and, where
 * there are enough of others, no two of them in one chunk. Subscribers are put in the order in which they
 * first came, and from one charge to the next it goes to the next chunk. So a block of 512 holds about
 * a hundred of 5,000 subscribers and not 490, and a chunk, which is what a sample shows, holds charges of 32
 * different ones, as it would in the order of a file. The charges of each keep their order.
 * @param subscriberOf of each charge, in the order in which they came: a number below `subscribers`
 */
export function dealtOrder(subscriberOf: Uint32Array, subscribers: number): ChargeOrder {
  const count = subscriberOf.length;
  const rows = rowsBySubscriber(subscriberOf, subscribers);
  const chunks = Math.floor(count / CHUNK_LEAVES);
  const dealt = chunks * CHUNK_LEAVES;
  const rowAt = new Uint32Array(count);
  const positionOf = new Uint32Array(count);
  const { next, sorted } = rows;
  for (let position = 0; position < count; position++) {
    // What fills no chunk of its own stays behind the others.
    const chunk = Math.floor(position / CHUNK_LEAVES);
    const slot = position - chunk * CHUNK_LEAVES;
    const whose = sorted[position < dealt ? slot * chunks + chunk : position] as number;
    // Whose charge stands here is decided; of those it is the first that has no place yet.
    const subscriber = subscriberOf[whose] as number;
    const at = next[subscriber] as number;
    next[subscriber] = at + 1;
    const row = sorted[at] as number;
    rowAt[position] = row;
    positionOf[row] = position;
  }
  return { rowAt, positionOf };
}

/** Rows by subscriber, and where those of each begin. */
function rowsBySubscriber(
  subscriberOf: Uint32Array,
  subscribers: number,
): { sorted: Uint32Array; next: Uint32Array } {
  const ends = new Uint32Array(subscribers);
  for (const subscriber of subscriberOf) ends[subscriber] = (ends[subscriber] as number) + 1;
  for (let one = 1; one < subscribers; one++) {
    ends[one] = (ends[one] as number) + (ends[one - 1] as number);
  }
  const sorted = new Uint32Array(subscriberOf.length);
  // From the last one, so that each goes before those that came behind it.
  for (let row = subscriberOf.length - 1; row >= 0; row--) {
    const subscriber = subscriberOf[row] as number;
    const at = (ends[subscriber] as number) - 1;
    ends[subscriber] = at;
    sorted[at] = row;
  }
  return { sorted, next: ends };
}

/** The order in which charges came. */
export function givenOrder(count: number): ChargeOrder {
  const rowAt = Uint32Array.from({ length: count }, (_, row) => row);
  return { rowAt, positionOf: rowAt };
}
