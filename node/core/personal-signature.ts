import type { Hex } from "./bytes.ts";
import { hashDocument } from "./hash.ts";
import { recoverSigner } from "./recover-signer.ts";

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
  return recoverSigner(hashDocument(whole), signature);
}
