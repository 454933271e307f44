import { crc32 } from "node:zlib";
import { TallystickError } from "../../core/errors.ts";

/*
 * Values that are no JSON: a version byte, three zeros, the CRC-32 of what follows (little-endian),
 * and the payload. JSON never begins with the version byte, so a value tells which of the two it is.
 */

const VERSION = 1;
/** Bytes before the payload, whose columns stay aligned to eight bytes. */
export const BYTES_HEADER = 8;
const NOTHING = new Uint8Array();

export function isBytes(value: Uint8Array): boolean {
  return value[0] === VERSION;
}

/** @param parts the payload in pieces, each copied */
export function encodeBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, BYTES_HEADER);
  return encodeInto(new Uint8Array(length), parts);
}

/** The same at the beginning of a buffer that is large enough. @returns its part that is the value */
export function encodeInto(buffer: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let at = BYTES_HEADER;
  for (const part of parts) {
    buffer.set(part, at);
    at += part.length;
  }
  const value = buffer.subarray(0, at);
  sealBytes(value, 0, at);
  return value;
}

/** Writes the header of a value whose payload stands already behind it, within larger memory. */
export function sealBytes(memory: Uint8Array, from: number, to: number): void {
  memory.fill(0, from, from + 4);
  memory[from] = VERSION;
  const { buffer, byteOffset } = memory;
  const checksum = crc32(memory.subarray(from + BYTES_HEADER, to));
  new DataView(buffer, byteOffset).setUint32(from + 4, checksum, true);
}

/** The same where words of 32 bits lie over the memory, with one view only. @param from a multiple of four */
export function sealWords(
  words: Uint32Array,
  memory: Uint8Array,
  from: number,
  to: number,
): Uint8Array {
  words[from / 4] = VERSION;
  words[from / 4 + 1] = crc32(memory.subarray(from + BYTES_HEADER, to));
  return memory.subarray(from, to);
}

/**
 * The payload, at the start of a buffer of its own.
 * @param value undefined where it is gone
 * @throws TallystickError `store.value-damaged`
 */
export function readBytes(key: string, value: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  // A copy, also of a Buffer, whose own slice would be a view.
  return new Uint8Array(payloadOf(key, value));
}

/** The payload where it lies: nothing of it is copied. @throws TallystickError `store.value-damaged` */
export function payloadOf(key: string, value: Uint8Array = NOTHING): Uint8Array {
  const payload = value.subarray(BYTES_HEADER);
  const { buffer, byteOffset, byteLength } = value;
  const isWhole =
    byteLength >= BYTES_HEADER &&
    isBytes(value) &&
    (value[1] as number) + (value[2] as number) + (value[3] as number) === 0 &&
    new DataView(buffer, byteOffset).getUint32(4, true) === crc32(payload);
  if (isWhole) return payload;
  throw new TallystickError(
    "store.value-damaged",
    `The value under "${key}" is not as it was written. Run fsck, and restore the store from a backup.`,
  );
}
