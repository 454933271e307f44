import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** What one block of keccak-256 leaves for the id beside its tag, key and revision. */
export const RECORD_ID_OCTETS_MAX = 98;

const encoder = new TextEncoder();

/**
 * A deduplication id as the protocol takes it: a longer text is replaced by "sha256:" and the hash
 * of it (docs/PROTOCOL.md, section 3).
 */
export function recordId(text: string): string {
  // Three octets of UTF-8 at most for each unit of UTF-16, so most ids need no encoding.
  if (text.length * 3 <= RECORD_ID_OCTETS_MAX) return text;
  const octets = encoder.encode(text);
  if (octets.length <= RECORD_ID_OCTETS_MAX) return text;
  return `sha256:${bytesToHex(sha256(octets))}`;
}
