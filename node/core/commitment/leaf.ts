import { PackedBytes } from "../bytes.ts";
import { hash } from "../hash.ts";
import { PROTOCOL_VERSION, TAG } from "./tags.ts";

/** The digests of a charge's groups; `charge` is the credit group's in a book of credits. */
export interface LeafDigests {
  account: Uint8Array;
  party: Uint8Array;
  charge: Uint8Array;
}

/** Leaf of a charge or credit (docs/PROTOCOL.md, section 4). `amountNano` is never negative. */
export function chargeLeaf(
  domain: Uint8Array,
  digests: LeafDigests,
  amountNano: bigint,
): Uint8Array {
  return hash(
    new PackedBytes()
      .unsigned(TAG.leaf, 1)
      .unsigned(PROTOCOL_VERSION, 1)
      .raw(domain, 20)
      .raw(digests.account, 32)
      .raw(digests.party, 32)
      .raw(digests.charge, 32)
      .unsigned(amountNano, 16),
  );
}
