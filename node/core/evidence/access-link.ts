import { type Hex, toHex } from "../bytes.ts";
import { hashDocument } from "../hash.ts";

const utf8 = new TextEncoder();

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/**
 * What a subscriber's page shows the node instead of the link's secret (docs/ACCESS.md): knowing it
 * opens the subscriber's data, not the subscriber's signing key.
 */
export function accessToken(secret: Uint8Array): Hex {
  return toHex(hashDocument(join(utf8.encode("tallystick access"), secret)));
}

/** Private key (secp256k1) that signs the subscriber's claims of one billing epoch. */
export function disputeKey(secret: Uint8Array, epoch: string): Hex {
  return toHex(hashDocument(join(utf8.encode("tallystick dispute"), secret, utf8.encode(epoch))));
}
