import { encodeBytes, payloadOf, readBytes } from "./stored-bytes.ts";

const DIGEST_BYTES = 32;
const ROW_BYTES = DIGEST_BYTES + 16 + 8;

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
  readonly #payload: Uint8Array<ArrayBuffer>;

  private constructor(payload: Uint8Array<ArrayBuffer>) {
    const count = payload.length / ROW_BYTES;
    this.count = count;
    this.#payload = payload;
    this.digests = payload.subarray(0, DIGEST_BYTES * count);
    this.amounts = new BigUint64Array(payload.buffer, DIGEST_BYTES * count, 2 * count);
    this.starts = new BigUint64Array(payload.buffer, (DIGEST_BYTES + 16) * count, count);
  }

  static of(count: number): LeafTile {
    return new LeafTile(new Uint8Array(ROW_BYTES * count));
  }

  static one(leaf: { digest: Uint8Array; amountNano: bigint; start: bigint }): LeafTile {
    const tile = LeafTile.of(1);
    tile.digests.set(leaf.digest);
    tile.amounts[0] = BigInt.asUintN(64, leaf.amountNano);
    tile.amounts[1] = leaf.amountNano >> 64n;
    tile.starts[0] = leaf.start;
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

  encode(): Uint8Array {
    return encodeBytes(this.#payload);
  }
}
