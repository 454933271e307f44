import { crc32 } from "node:zlib";
import { TallystickError } from "../core/errors.ts";

/*
 * Values that are no JSON: a version byte, three zeros, the CRC-32 of what follows (little-endian),
 * and the payload. JSON never begins with the version byte, so a value tells which of the two it is.
 */

const VERSION = 1;
/** The payload's columns stay aligned to eight bytes. */
const HEADER_BYTES = 8;

export function isBytes(value: Uint8Array): boolean {
  return value[0] === VERSION;
}

/** @param parts the payload in pieces, each copied */
export function encodeBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const value = new Uint8Array(HEADER_BYTES + length);
  let at = HEADER_BYTES;
  for (const part of parts) {
    value.set(part, at);
    at += part.length;
  }
  value[0] = VERSION;
  new DataView(value.buffer).setUint32(4, crc32(value.subarray(HEADER_BYTES)), true);
  return value;
}

/**
 * The payload, at the start of a buffer of its own.
 * @throws TallystickError `store.value-damaged`
 */
export function readBytes(key: string, value: Uint8Array): Uint8Array<ArrayBuffer> {
  // A copy, also of a Buffer, whose own slice would be a view.
  return new Uint8Array(payloadOf(key, value));
}

/** The payload where it lies: nothing of it is copied. @throws TallystickError `store.value-damaged` */
export function payloadOf(key: string, value: Uint8Array): Uint8Array {
  const payload = value.subarray(HEADER_BYTES);
  const { buffer, byteOffset, byteLength } = value;
  const isWhole =
    byteLength >= HEADER_BYTES &&
    isBytes(value) &&
    (value[1] as number) + (value[2] as number) + (value[3] as number) === 0 &&
    new DataView(buffer, byteOffset).getUint32(4, true) === crc32(payload);
  if (isWhole) return payload;
  throw new TallystickError(
    "store.value-damaged",
    `The value under "${key}" is not as it was written. Run fsck, and restore the store from a backup.`,
  );
}
