import { assert } from "../../core/errors.ts";
import type { LeafColumns } from "../number/leaf-tile.ts";

const DIGEST_BYTES = 32;
const AMOUNT_WORDS = 4;
const START_WORDS = 2;
const ROW_BYTES = DIGEST_BYTES + 4 * (AMOUNT_WORDS + START_WORDS);

/**
 * The leaves of one run as they are read back from the store, in columns and in memory that threads see
 * together. Numbers are words of 32 bits, the lower first: a bigint a row would cost more than its hash.
 */
export class RunLeaves {
  readonly capacity: number;
  readonly memory: SharedArrayBuffer;
  readonly digests: Uint8Array;
  /** In nano-units, four words a leaf. */
  readonly amounts: Uint32Array;
  /** In milliseconds, two words a leaf. */
  readonly starts: Uint32Array;
  count = 0;

  /** @param memory another thread's, when it is not new */
  constructor(capacity: number, memory = new SharedArrayBuffer(ROW_BYTES * capacity)) {
    this.capacity = capacity;
    this.memory = memory;
    this.digests = new Uint8Array(memory, 0, DIGEST_BYTES * capacity);
    const amountsAt = DIGEST_BYTES * capacity;
    this.amounts = new Uint32Array(memory, amountsAt, AMOUNT_WORDS * capacity);
    const startsAt = amountsAt + 4 * AMOUNT_WORDS * capacity;
    this.starts = new Uint32Array(memory, startsAt, START_WORDS * capacity);
  }

  get room(): number {
    return this.capacity - this.count;
  }

  /** Rows `from` up to `to` (not with it) of a stored tile, behind those that are there. */
  add({ digests, amounts, starts }: LeafColumns, from: number, to: number): void {
    assert(to - from <= this.room, `a run has room for ${to - from} leaves more`);
    const put = (column: Uint8Array | Uint32Array, stored: Uint8Array, width: number) => {
      const bytes = new Uint8Array(this.memory, column.byteOffset, width * this.capacity);
      bytes.set(stored.subarray(width * from, width * to), width * this.count);
    };
    put(this.digests, digests, DIGEST_BYTES);
    put(this.amounts, amounts, 4 * AMOUNT_WORDS);
    put(this.starts, starts, 4 * START_WORDS);
    this.count += to - from;
  }

  /** Exact, and not bound to 128 bits. */
  get sumNano(): bigint {
    const sums = [0, 0, 0, 0] as [number, number, number, number];
    const words = this.amounts;
    // Of up to 2^20 words of 32 bits: exact in a double.
    for (let at = 0; at < AMOUNT_WORDS * this.count; at += AMOUNT_WORDS) {
      sums[0] += words[at] as number;
      sums[1] += words[at + 1] as number;
      sums[2] += words[at + 2] as number;
      sums[3] += words[at + 3] as number;
    }
    return sums.reduceRight((sum, words) => (sum << 32n) + BigInt(words), 0n);
  }

  /** Earliest and latest start; undefined of no leaves. */
  get range(): { from: bigint; to: bigint } | undefined {
    const { starts, count } = this;
    if (count === 0) return undefined;
    let least = 0;
    let most = 0;
    for (let at = START_WORDS; at < START_WORDS * count; at += START_WORDS) {
      const high = starts[at + 1] as number;
      const low = starts[at] as number;
      const leastHigh = starts[least + 1] as number;
      const mostHigh = starts[most + 1] as number;
      if (high < leastHigh || (high === leastHigh && low < (starts[least] as number))) least = at;
      if (high > mostHigh || (high === mostHigh && low > (starts[most] as number))) most = at;
    }
    return { from: startAt(starts, least), to: startAt(starts, most) };
  }
}

const startAt = (words: Uint32Array, at: number): bigint =>
  (BigInt(words[at + 1] as number) << 32n) | BigInt(words[at] as number);
