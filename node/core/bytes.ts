import { assert, TallystickError } from "./errors.ts";

/** "0x" and lower-case hexadecimal digits. */
export type Hex = `0x${string}`;

/** Value of a hexadecimal digit by its character code; −1 for any other ASCII character. */
const NIBBLE_OF_CODE = Int8Array.from({ length: 128 }, (_, code) =>
  "0123456789abcdef".indexOf(String.fromCharCode(code)),
);
const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): Hex {
  let text = "0x";
  for (const byte of bytes) text += HEX_OF_BYTE[byte];
  return text as Hex;
}

/**
 * Strict reading of "0x…": even number of digits, nothing else, exactly `length` bytes when given.
 * @throws TallystickError `bytes.not-hex`, `bytes.wrong-length`
 */
export function fromHex(text: string, length?: number): Uint8Array {
  const bytes = typeof text === "string" ? readHex(text) : undefined;
  if (bytes === undefined) {
    throw new TallystickError(
      "bytes.not-hex",
      `Expected "0x" and an even number of lower-case hexadecimal digits, got ${JSON.stringify(text)?.slice(0, 40)}.`,
    );
  }
  if (length !== undefined && bytes.length !== length) {
    throw new TallystickError(
      "bytes.wrong-length",
      `Expected ${length} bytes, got ${bytes.length}.`,
    );
  }
  return bytes;
}

/** A proof of a bill's line holds some thirty digests, so this is on the way of every check. */
function readHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !text.startsWith("0x")) return undefined;
  const bytes = new Uint8Array(text.length / 2 - 1);
  let worst = 0;
  for (let i = 0, at = 2; at < text.length; i++, at += 2) {
    const high = NIBBLE_OF_CODE[text.charCodeAt(at)] ?? -1;
    const low = NIBBLE_OF_CODE[text.charCodeAt(at + 1)] ?? -1;
    worst |= high | low;
    bytes[i] = (high << 4) | low;
  }
  return worst < 0 ? undefined : bytes;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const PACKED_BYTES_MAX = 256;
const LOW_64 = 0xffff_ffff_ffff_ffffn;

/** Big-endian, fixed width. Writing a value that does not fit is a bug, not an input error. */
export class PackedBytes {
  /** Memory of earlier values, used again: what takes longest in packing is asking for memory. */
  static readonly #spare: DataView[] = [];
  readonly #view = PackedBytes.#spare.pop() ?? new DataView(new ArrayBuffer(PACKED_BYTES_MAX));
  readonly #bytes = new Uint8Array(this.#view.buffer);
  #length = 0;

  unsigned(value: bigint | number, width: number): this {
    if (typeof value === "bigint") this.#bigUnsigned(value, width);
    else this.#smallUnsigned(value, width);
    this.#length += width;
    return this;
  }

  #smallUnsigned(value: number, width: number): void {
    assert(
      Number.isSafeInteger(value) && value >= 0 && (width > 6 || value < 2 ** (8 * width)),
      `${value} fits ${width} bytes`,
    );
    let rest = value;
    for (let at = this.#length + width - 1; at >= this.#length; at--) {
      this.#bytes[at] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  #bigUnsigned(value: bigint, width: number): void {
    assert(value >= 0n && value >> BigInt(8 * width) === 0n, `${value} fits ${width} bytes`);
    if (width < 8) {
      this.#smallUnsigned(Number(value), width);
      return;
    }
    let rest = value;
    for (let end = this.#length + width; end - 8 >= this.#length; end -= 8) {
      this.#view.setBigUint64(end - 8, rest & LOW_64);
      rest >>= 64n;
    }
    assert(rest === 0n, "widths of eight bytes and more are multiples of eight");
  }

  raw(bytes: Uint8Array, width: number): this {
    assert(bytes.length === width, `${bytes.length} bytes given where ${width} belong`);
    this.#bytes.set(bytes, this.#length);
    this.#length += width;
    return this;
  }

  /** The single variable-length field of a pre-image; it may only come last. */
  last(bytes: Uint8Array): Uint8Array {
    return this.raw(bytes, bytes.length).done();
  }

  done(): Uint8Array {
    return this.take().slice();
  }

  /** The bytes where they lie, for whoever reads them at once: the next value packed overwrites them. */
  take(): Uint8Array {
    assert(this.#length >= 0, "packed bytes are taken once");
    const bytes = this.#bytes.subarray(0, this.#length);
    PackedBytes.#spare.push(this.#view);
    this.#length = -1;
    return bytes;
  }
}
