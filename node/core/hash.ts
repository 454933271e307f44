import { keccak_256, shake256 } from "@noble/hashes/sha3.js";
import { PackedBytes } from "./bytes.ts";
import { HashArena, type HashTile, type LongMessage } from "./commitment/kernel/hash-arena.ts";
import { SALTS_BYTES } from "./commitment/kernel/kernel.ts";
import { assert } from "./errors.ts";

/** Every pre-image fits one block of keccak-256 (rate 136, at least one byte of padding). */
export const PREIMAGE_BYTES_MAX = 135;

/** keccak-256 of one tagged pre-image (docs/PROTOCOL.md, "One hash"). */
export function hash(packed: PackedBytes | Uint8Array): Uint8Array {
  const preimage = packed instanceof PackedBytes ? packed.take() : packed;
  assert(
    preimage.length <= PREIMAGE_BYTES_MAX,
    `a pre-image of ${preimage.length} bytes fits one block`,
  );
  oneMessage ??= new HashArena(1024).tile(1, "keccak");
  oneMessage.blocks.set(preimage);
  oneMessage.setLengthOf(0, preimage.length);
  oneMessage.hash(1);
  return oneMessage.output.slice();
}

/** Room for a single message; made once, since opening a kernel costs more than many hashes. */
let oneMessage: HashTile | undefined;

/** The same for the three salts of a record, which are as many as charges. */
let oneExpansion: HashTile | undefined;

/** SHAKE256 as the source of salts: `length` bytes from one tagged pre-image. */
export function expand(preimage: Uint8Array, length: number): Uint8Array {
  assert(
    preimage.length <= PREIMAGE_BYTES_MAX,
    `a pre-image of ${preimage.length} bytes fits one block`,
  );
  if (length !== SALTS_BYTES) return shake256(preimage, { dkLen: length });
  oneExpansion ??= new HashArena(1024).tile(1, "shake");
  oneExpansion.blocks.set(preimage);
  oneExpansion.setLengthOf(0, preimage.length);
  oneExpansion.hash(1);
  return oneExpansion.output.slice();
}

/** Longer documents are few, and take the plain way. */
const KERNEL_DOCUMENT_BYTES = 131_072;
let oneDocument: LongMessage | undefined;

/** keccak-256 of a whole document (invoice, tariff), of any length, without a tag. */
export function hashDocument(bytes: Uint8Array): Uint8Array {
  if (bytes.length > KERNEL_DOCUMENT_BYTES) return keccak_256(bytes);
  oneDocument ??= new HashArena(2 * KERNEL_DOCUMENT_BYTES).longMessage(KERNEL_DOCUMENT_BYTES);
  return oneDocument.hash(bytes);
}
