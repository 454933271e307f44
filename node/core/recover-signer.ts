import { secp256k1 } from "@noble/curves/secp256k1.js";
import { fromHex, type Hex, toHex } from "./bytes.ts";
import { hashDocument } from "./hash.ts";

/** Two words and how to find the key again: r, s, v. */
const SIGNATURE_BYTES = 65;
const V_OFFSET = 27;

/** The address of the key that signed a digest; undefined for what is no signature. */
export function recoverSigner(digest: Uint8Array, signature: Hex): Hex | undefined {
  try {
    const parts = fromHex(signature, SIGNATURE_BYTES);
    const { x, y } = secp256k1.Signature.fromBytes(parts.slice(0, -1), "compact")
      .addRecoveryBit((parts.at(-1) as number) - V_OFFSET)
      .recoverPublicKey(digest)
      .toAffine();
    const point = fromHex(`0x${word(x)}${word(y)}`, 64);
    return toHex(hashDocument(point).subarray(12));
  } catch {
    return undefined;
  }
}

const word = (value: bigint): string => value.toString(16).padStart(64, "0");
