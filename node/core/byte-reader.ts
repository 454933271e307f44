import type { Hex } from "./bytes.ts";
import { toHex } from "./bytes.ts";
import { TallystickError } from "./errors.ts";

/**
 * Big-endian fields of fixed width, read in order: the inverse of `PackedBytes`.
 * @throws TallystickError `bytes.too-short` when a field does not fit what is left
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  raw(width: number): Uint8Array {
    if (this.#at + width > this.#bytes.length) {
      throw new TallystickError(
        "bytes.too-short",
        `${width} bytes belong at ${this.#at}; there are ${this.#bytes.length} in all.`,
      );
    }
    this.#at += width;
    return this.#bytes.slice(this.#at - width, this.#at);
  }

  hex(width: number): Hex {
    return toHex(this.raw(width));
  }

  unsigned(width: number): bigint {
    return BigInt(this.hex(width));
  }

  /** At most 6 bytes, so that it is exact. */
  small(width: 1 | 2 | 3 | 4 | 6): number {
    return Number(this.unsigned(width));
  }
}
