import { CHUNK_LEAVES } from "../../core/commitment/sum-tree.ts";

/** In which order charges of a unit of work are stored: rows by their position, and positions by row. */
export interface ChargeOrder {
  rowAt: Uint32Array;
  positionOf: Uint32Array;
}

/** Memory of one order after the other; the positions of an order stay while the next one is made. */
export class OrderMemory {
  #subscribers = new Uint32Array(0);
  #rows = new Uint32Array(0);
  #sorted = new Uint32Array(0);
  #positions: [Uint32Array, Uint32Array] = [new Uint32Array(0), new Uint32Array(0)];

  /** Room for the subscribers of so many charges. */
  subscribers(count: number): Uint32Array {
    if (count > this.#subscribers.length) this.#subscribers = new Uint32Array(count);
    return this.#subscribers.subarray(0, count);
  }

  /** Room for an order of so many charges; what stands in it is of no meaning. */
  take(count: number): ChargeOrder & { sorted: Uint32Array } {
    if (count > this.#rows.length) {
      this.#rows = new Uint32Array(count);
      this.#sorted = new Uint32Array(count);
    }
    const [last, before] = this.#positions;
    const positions = count > before.length ? new Uint32Array(count) : before;
    this.#positions = [positions, last];
    return {
      rowAt: this.#rows.subarray(0, count),
      positionOf: positions.subarray(0, count),
      sorted: this.#sorted.subarray(0, count),
    };
  }
}

/**
 * Deals the charges of a unit of work out so that those of a subscriber lie near each other and, where
 * there are enough of others, no two of them in one chunk. Subscribers are put in the order in which they
 * first came, and from one charge to the next it goes to the next chunk. So a block of 512 holds about
 * a hundred of 5,000 subscribers and not 490, and a chunk, which is what a sample shows, holds charges of 32
 * different ones, as it would in the order of a file. The charges of each keep their order.
 * @param subscriberOf of each charge, in the order in which they came: a number below `subscribers`
 */
export function dealtOrder(
  subscriberOf: Uint32Array,
  subscribers: number,
  memory = new OrderMemory(),
): ChargeOrder {
  const count = subscriberOf.length;
  const { rowAt, positionOf, sorted } = memory.take(count);
  const next = sortBySubscriber(subscriberOf, subscribers, sorted);
  const chunks = Math.floor(count / CHUNK_LEAVES);
  const dealt = chunks * CHUNK_LEAVES;
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

/** Puts rows by subscriber into `sorted`. @returns where those of each begin */
function sortBySubscriber(
  subscriberOf: Uint32Array,
  subscribers: number,
  sorted: Uint32Array,
): Uint32Array {
  const ends = new Uint32Array(subscribers);
  for (let row = 0; row < subscriberOf.length; row++) {
    const subscriber = subscriberOf[row] as number;
    ends[subscriber] = (ends[subscriber] as number) + 1;
  }
  for (let one = 1; one < subscribers; one++) {
    ends[one] = (ends[one] as number) + (ends[one - 1] as number);
  }
  // From the last one, so that each goes before those that came behind it.
  for (let row = subscriberOf.length - 1; row >= 0; row--) {
    const subscriber = subscriberOf[row] as number;
    const at = (ends[subscriber] as number) - 1;
    ends[subscriber] = at;
    sorted[at] = row;
  }
  return ends;
}

/** The order in which charges came. */
export function givenOrder(count: number): ChargeOrder {
  const rowAt = Uint32Array.from({ length: count }, (_, row) => row);
  return { rowAt, positionOf: rowAt };
}
