import type { BatchLeaf } from "../../core/commitment/batch-commitment.ts";
import { assert } from "../../core/errors.ts";
import {
  BYTES_HEADER,
  encodeBytes,
  payloadOf,
  readBytes,
  sealBytes,
} from "../store/stored-bytes.ts";

const DIGEST_BYTES = 32;
const ROW_BYTES = DIGEST_BYTES + 16 + 8;

/** Of a stored tile: 32 bytes, 16 and 8 a row, numbers with their lowest byte first. */
export interface LeafColumns {
  count: number;
  digests: Uint8Array;
  amounts: Uint8Array;
  starts: Uint8Array;
}

/**
 * What sealing reads of a run of rows, beside the rows themselves: leaf digests (32 bytes each), then
 * amounts (two words of 64 bits, the lower first), then starts in milliseconds (one word). Computed
 * when the rows are written, and never again from anything but the rows.
 */
export class LeafTile {
  readonly count: number;
  readonly digests: Uint8Array;
  readonly amounts: BigUint64Array;
  readonly starts: BigUint64Array;
  readonly #payload: Uint8Array;

  private constructor(payload: Uint8Array) {
    const count = payload.length / ROW_BYTES;
    this.count = count;
    this.#payload = payload;
    this.digests = payload.subarray(0, DIGEST_BYTES * count);
    const { buffer, byteOffset } = payload;
    const amountsAt = byteOffset + DIGEST_BYTES * count;
    this.amounts = new BigUint64Array(buffer, amountsAt, 2 * count);
    this.starts = new BigUint64Array(buffer, amountsAt + 16 * count, count);
  }

  static of(count: number): LeafTile {
    return new LeafTile(new Uint8Array(ROW_BYTES * count));
  }

  /**
   * The value of a tile of charges, written straight into memory of `valueBytes`.
   * @param amounts in nano-units, below 2^64 @param starts in milliseconds
   */
  static encodeInto(
    value: Uint8Array,
    digests: Uint8Array,
    amounts: BigUint64Array,
    starts: BigUint64Array,
  ): Uint8Array {
    const tile = new LeafTile(value.subarray(BYTES_HEADER));
    assert(tile.count === amounts.length, "the memory is as long as the tile");
    // Where they were hashed into the value itself, they stand there already.
    if (digests.buffer !== value.buffer) tile.digests.set(digests);
    tile.starts.set(starts);
    // Halves of 32 bits: a bigint for each would cost more than all the rest.
    const { buffer, byteOffset } = tile.amounts;
    const wide = new Uint32Array(buffer, byteOffset, 4 * tile.count);
    const narrow = new Uint32Array(amounts.buffer, amounts.byteOffset, 2 * tile.count);
    for (let row = 0; row < tile.count; row++) {
      wide[4 * row] = narrow[2 * row] as number;
      wide[4 * row + 1] = narrow[2 * row + 1] as number;
      wide[4 * row + 2] = 0;
      wide[4 * row + 3] = 0;
    }
    sealBytes(value, 0, value.length);
    return value;
  }

  /** Where the digests stand in a value of `valueBytes`. */
  static digestsIn(value: Uint8Array): Uint8Array {
    const rows = (value.length - BYTES_HEADER) / ROW_BYTES;
    return value.subarray(BYTES_HEADER, BYTES_HEADER + DIGEST_BYTES * rows);
  }

  /** Where digests of rows stand in a value: who reads no more of it has no checksum. */
  static digestsAt(from: number, to: number): { from: number; to: number } {
    return { from: BYTES_HEADER + DIGEST_BYTES * from, to: BYTES_HEADER + DIGEST_BYTES * to };
  }

  static valueBytes(count: number): number {
    return BYTES_HEADER + ROW_BYTES * count;
  }

  static from(leaves: readonly BatchLeaf[]): LeafTile {
    const tile = LeafTile.of(leaves.length);
    for (const [row, { leaf, amountNano, start }] of leaves.entries()) {
      tile.digests.set(leaf, DIGEST_BYTES * row);
      tile.amounts[2 * row] = BigInt.asUintN(64, amountNano);
      tile.amounts[2 * row + 1] = amountNano >> 64n;
      tile.starts[row] = start;
    }
    return tile;
  }

  /** @throws TallystickError `store.value-damaged` */
  static read(key: string, value: Uint8Array): LeafTile {
    return new LeafTile(readBytes(key, value));
  }

  /**
   * The digests alone, as a view of the value: who reads nothing else spares the copy.
   * @throws TallystickError `store.value-damaged`
   */
  static digestsOf(key: string, value: Uint8Array): Uint8Array {
    const payload = payloadOf(key, value);
    return payload.subarray(0, (payload.length / ROW_BYTES) * DIGEST_BYTES);
  }

  /**
   * The columns as the bytes that they are, as views of the value, wherever that lies.
   * @throws TallystickError `store.value-damaged`
   */
  static columnsOf(key: string, value: Uint8Array): LeafColumns {
    const payload = payloadOf(key, value);
    const count = payload.length / ROW_BYTES;
    return {
      count,
      digests: payload.subarray(0, DIGEST_BYTES * count),
      amounts: payload.subarray(DIGEST_BYTES * count, (DIGEST_BYTES + 16) * count),
      starts: payload.subarray((DIGEST_BYTES + 16) * count),
    };
  }

  encode(): Uint8Array {
    return encodeBytes(this.#payload);
  }
}
