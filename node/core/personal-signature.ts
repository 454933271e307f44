import { secp256k1 } from "@noble/curves/secp256k1.js";
import { fromHex, type Hex, toHex } from "./bytes.ts";
import { hashDocument } from "./hash.ts";

/** Two words and how to find the key again: r, s, v. */
const SIGNATURE_BYTES = 65;
const V_OFFSET = 27;

/**
 * Whose key signed a text as wallets sign messages (ERC-191, version 0x45): what a person read is what is
 * signed. Undefined for what is no signature.
 */
export function signerOfText(text: string, signature: Hex): Hex | undefined {
  const bytes = new TextEncoder().encode(text);
  const head = new TextEncoder().encode(`\u0019Ethereum Signed Message:\n${bytes.length}`);
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  try {
    const parts = fromHex(signature, SIGNATURE_BYTES);
    const { x, y } = secp256k1.Signature.fromBytes(parts.slice(0, -1), "compact")
      .addRecoveryBit((parts.at(-1) as number) - V_OFFSET)
      .recoverPublicKey(hashDocument(whole))
      .toAffine();
    const point = `0x${word(x)}${word(y)}`;
    return toHex(hashDocument(fromHex(point, 64)).subarray(12));
  } catch {
    return undefined;
  }
}

const word = (value: bigint): string => value.toString(16).padStart(64, "0");
