import { crc32 } from "node:zlib";
import { TallystickError } from "../../core/errors.ts";
import { stateOfPacked, unpackEpoch, unpackOwned } from "../number/stored-epoch.ts";
import type { StoreReader } from "./store.ts";
import { isBytes } from "./stored-bytes.ts";

/*
 * Values in the store are JSON in UTF-8, a line feed, and the CRC-32 of the JSON in eight hexadecimal
 * digits, so that a damaged byte is an error where it is read and never a wrong amount. Integers
 * beyond 2^53 are decimal strings, bytes are hex.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Line feed and eight digits. */
const CHECKSUM_BYTES = 9;

export function encodeJson(value: unknown): Uint8Array {
  const text = JSON.stringify(value);
  // Three bytes a character of UTF-16 at most.
  const room = 3 * text.length + CHECKSUM_BYTES;
  if (room > scratch.length) scratch = new Uint8Array(2 * room);
  const end = encoder.encodeInto(text, scratch).written;
  let checksum = crc32(scratch.subarray(0, end));
  scratch[end] = 0x0a;
  for (let at = end + CHECKSUM_BYTES - 1; at > end; at--) {
    scratch[at] = HEX_DIGITS.charCodeAt(checksum & 0xf);
    checksum >>>= 4;
  }
  return scratch.slice(0, end + CHECKSUM_BYTES);
}

/** Memory that every value is written in first: its length is known when it stands there. */
let scratch = new Uint8Array(65_536);
const HEX_DIGITS = "0123456789abcdef";

/**
 * The value, also of a subscriber's state and places that intake packed (stored-epoch.ts).
 * @throws TallystickError `store.value-damaged`
 */
export function readJson<T>(key: string, value: Uint8Array): T {
  if (isBytes(value) && key.startsWith("epoch/"))
    return stateOfPacked(unpackEpoch(key, value)) as T;
  if (isBytes(value) && key.startsWith("owned/")) return unpackOwned(key, value) as T;
  const body = value.subarray(0, Math.max(0, value.length - CHECKSUM_BYTES));
  const ending = decoder.decode(value.subarray(body.length));
  if (ending !== `\n${checksum(body)}`) {
    throw new TallystickError(
      "store.value-damaged",
      `The value under "${key}" is not as it was written. Run fsck, and restore the store from a backup.`,
    );
  }
  return JSON.parse(decoder.decode(body)) as T;
}

export async function getJson<T>(store: StoreReader, key: string): Promise<T | undefined> {
  const value = await store.get(key);
  return value === undefined ? undefined : readJson<T>(key, value);
}

export async function* scanJson<T>(
  store: StoreReader,
  range: { from: string; to: string; reverse?: boolean; limit?: number },
): AsyncGenerator<{ key: string; value: T }> {
  for await (const { key, value } of store.scan(range))
    yield { key, value: readJson<T>(key, value) };
}

const checksum = (body: Uint8Array): string => crc32(body).toString(16).padStart(8, "0");
