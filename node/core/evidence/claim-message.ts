import { fromHex, type Hex, PackedBytes, toHex } from "../bytes.ts";
import { PROTOCOL_VERSION, TAG } from "../commitment/tags.ts";
import { hash, hashDocument } from "../hash.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import type { Bundle } from "./bundle.ts";
import type { DisputeKind } from "./claim-kind.ts";

/** EIP-712 type of a claim: REQUEST_TYPEHASH of contracts/Claims.sol. */
export const CLAIM_TYPES = {
  Claim: [
    { name: "kind", type: "uint8" },
    { name: "book", type: "bytes20" },
    { name: "sequence", type: "uint64" },
    { name: "leafIndex", type: "uint32" },
    { name: "claimedNano", type: "uint128" },
    { name: "evidenceHash", type: "bytes32" },
    { name: "finder", type: "address" },
    { name: "nonce", type: "uint256" },
    { name: "validUntil", type: "uint64" },
  ],
};

/** The signature is good for one chain and one contract. */
export const claimDomain = ({ chainId, contracts }: Bundle["ledger"]) => ({
  name: "Tallystick Claims",
  version: "1",
  chainId: BigInt(chainId),
  verifyingContract: contracts.claims,
});

export interface ClaimMessage {
  kind: number;
  book: Hex;
  sequence: bigint;
  leafIndex: number;
  claimedNano: bigint;
  evidenceHash: Hex;
  finder: Hex;
  nonce: bigint;
  /** Block time in seconds. */
  validUntil: bigint;
}

/** A leaf and the salt of the group that the evidence opens there. */
export interface OpenedLeaf {
  leaf: Hex;
  salt: Hex;
}

/**
 * What a claim names whose evidence the ledger decides by. Only who holds the salt can compute it, and
 * for another finder it is another one: so whoever sees the opening can not take the bounty.
 */
export const finderEvidenceHash = (finder: Hex, { leaf, salt }: OpenedLeaf): Hex =>
  toHex(
    hash(
      new PackedBytes()
        .unsigned(TAG.evidence, 1)
        .unsigned(PROTOCOL_VERSION, 1)
        .raw(fromHex(finder, 20), 20)
        .raw(fromHex(leaf, 32), 32)
        .raw(fromHex(salt, 32), 32),
    ),
  );

/** For a matter of fact: keccak-256 of what the claim rests on, in canonical form (RFC 8785). */
export const claimEvidenceHash = (evidence: unknown): Hex =>
  toHex(hashDocument(new TextEncoder().encode(canonicalJson(evidence))));

/** What the relay of any member's node takes (docs/COMMANDS.md): nothing in it can be changed. */
export const relayedClaim = (kind: DisputeKind, claim: ClaimMessage, signature: string) => ({
  kind,
  domain: claim.book,
  sequence: claim.sequence.toString(),
  leafIndex: claim.leafIndex,
  claimedNano: claim.claimedNano.toString(),
  evidenceHash: claim.evidenceHash,
  finder: claim.finder,
  nonce: claim.nonce.toString(),
  deadline: claim.validUntil.toString(),
  signature,
});
