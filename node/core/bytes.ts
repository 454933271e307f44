import { assert, TallystickError } from "./errors.ts";

/** "0x" and lower-case hexadecimal digits. */
export type Hex = `0x${string}`;

export function toHex(bytes: Uint8Array): Hex {
  let text = "0x";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text as Hex;
}

/**
 * Strict reading of "0x…": even number of digits, nothing else, exactly `length` bytes when given.
 * @throws TallystickError `bytes.not-hex`, `bytes.wrong-length`
 */
export function fromHex(text: string, length?: number): Uint8Array {
  if (typeof text !== "string" || !/^0x(?:[0-9a-f]{2})*$/.test(text)) {
    throw new TallystickError(
      "bytes.not-hex",
      `Expected "0x" and an even number of lower-case hexadecimal digits, got ${JSON.stringify(text)?.slice(0, 40)}.`,
    );
  }
  const bytes = new Uint8Array((text.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  }
  if (length !== undefined && bytes.length !== length) {
    throw new TallystickError(
      "bytes.wrong-length",
      `Expected ${length} bytes, got ${bytes.length}.`,
    );
  }
  return bytes;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Big-endian, fixed width. Writing a value that does not fit is a bug, not an input error. */
export class PackedBytes {
  readonly #out: number[] = [];

  unsigned(value: bigint | number, width: number): this {
    let rest = BigInt(value);
    assert(rest >= 0n && rest < 1n << BigInt(8 * width), `${value} fits ${width} bytes`);
    const bytes = new Array<number>(width);
    for (let i = width - 1; i >= 0; i--) {
      bytes[i] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    this.#out.push(...bytes);
    return this;
  }

  raw(bytes: Uint8Array, width: number): this {
    assert(bytes.length === width, `${bytes.length} bytes given where ${width} belong`);
    this.#out.push(...bytes);
    return this;
  }

  /** The single variable-length field of a pre-image; it may only come last. */
  last(bytes: Uint8Array): Uint8Array {
    return Uint8Array.from([...this.#out, ...bytes]);
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#out);
  }
}
