import { fromHex, type Hex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import { hashDocument } from "../../core/hash.ts";
import { loadCurve } from "./load-curve.ts";

const KEY_BYTES = 32;
/** Of an uncompressed point, the mark in front of its coordinates. */
const MARK_BYTES = 1;
/** An address is the last 20 of 32 bytes (Ethereum yellow paper, appendix F). */
const ADDRESS_FROM = 12;

/**
 * Addresses of private keys of secp256k1. A million subscribers need a million of them on the first day of a
 * month, so they come from libsecp256k1 in WebAssembly: 48 µs each, where plain JavaScript takes 260.
 */
export interface DisputeAddresses {
  /** @param key 32 bytes, a valid private key @returns 20 bytes */
  of(key: Hex): Uint8Array;
}

let loading: Promise<DisputeAddresses> | undefined;

/** Loads the curve at first need: commands that number nothing do not wait for it. */
export function loadDisputeAddresses(): Promise<DisputeAddresses> {
  loading ??= load();
  return loading;
}

async function load(): Promise<DisputeAddresses> {
  const curve = await loadCurve();
  return {
    of(key) {
      const point = curve.derivePublicKeyUncompressed(fromHex(key, KEY_BYTES));
      assert(typeof point !== "string", "a dispute key is a private key of the curve");
      return hashDocument(point.subarray(MARK_BYTES)).slice(ADDRESS_FROM);
    },
  };
}
