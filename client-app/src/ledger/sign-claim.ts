import { Interface, Wallet } from "ethers";
import type { Hex } from "../../../node/core/bytes.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { disputeKey } from "../../../node/core/evidence/access-link.ts";
import { CLAIM_KIND } from "../../../node/core/evidence/claim-kind.ts";
import {
  CLAIM_TYPES,
  claimEvidenceHash,
  finderEvidenceHash,
} from "../../../node/core/evidence/claim-message.ts";
import type { DisputeKind } from "../model/bill-line-view.ts";
import type { ClaimContext } from "./claim-context.ts";
import { LedgerEndpoint } from "./rpc.ts";

const CLAIMS = new Interface(["function nonces(address owner) view returns (uint256)"]);
const KIND_CODE: Record<DisputeKind, number> = {
  mispriced: CLAIM_KIND.mispriced,
  "matter-of-fact": CLAIM_KIND.matterOfFact,
};
const VALID_SECONDS = 86_400n;

/** What the node's relay carries to the ledger: nothing in it can be changed without the key. */
export interface SignedClaim {
  domain: string;
  sequence: string;
  leafIndex: number;
  kind: DisputeKind;
  claimedNano: string;
  evidenceHash: string;
  finder: string;
  /** Block time in seconds until which the signature is good. */
  deadline: string;
  nonce: string;
  signature: string;
}

/**
 * Signs a claim with the key of this billing epoch. The key is derived from the link's secret, used
 * and dropped; it holds nothing and can do nothing else.
 * @param evidence what the claim rests on; only its digest is named
 */
export async function signClaim(
  secret: Uint8Array,
  context: ClaimContext,
  claim: { kind: DisputeKind; claimedNano: bigint; evidence: unknown },
): Promise<SignedClaim> {
  const wallet = new Wallet(disputeKey(secret, context.epoch));
  const { nonce, blockTime } = await ledgerState(context, wallet.address);
  const now = BigInt(Math.floor(Date.now() / 1000));
  const message = {
    kind: KIND_CODE[claim.kind],
    book: context.place.domain,
    sequence: context.place.sequence,
    leafIndex: context.place.leafIndex,
    claimedNano: claim.claimedNano,
    evidenceHash:
      claim.kind === "mispriced" && context.opened !== undefined
        ? finderEvidenceHash(wallet.address.toLowerCase() as Hex, context.opened)
        : claimEvidenceHash(claim.evidence),
    finder: wallet.address,
    nonce,
    // A ledger's clock may be behind or ahead of this device's.
    validUntil: (blockTime > now ? blockTime : now) + VALID_SECONDS,
  };
  const signature = await wallet.signTypedData(
    {
      name: "Tallystick Claims",
      version: "1",
      chainId: BigInt(context.chainId),
      verifyingContract: context.claims,
    },
    CLAIM_TYPES,
    message,
  );
  return {
    ...context.place,
    kind: claim.kind,
    claimedNano: claim.claimedNano.toString(),
    evidenceHash: message.evidenceHash,
    finder: wallet.address.toLowerCase(),
    deadline: message.validUntil.toString(),
    nonce: nonce.toString(),
    signature,
  };
}

/** From the first end point that answers; a wrong nonce can only make the claim fail. */
async function ledgerState(
  context: ClaimContext,
  finder: string,
): Promise<{ nonce: bigint; blockTime: bigint }> {
  for (const { url } of context.endpoints) {
    try {
      const endpoint = new LedgerEndpoint(url);
      const data = CLAIMS.encodeFunctionData("nonces", [finder]);
      const block = await endpoint.request("eth_getBlockByNumber", ["latest", false]);
      const nonce = await endpoint.call(context.claims, data, "latest");
      return {
        nonce: BigInt(nonce),
        blockTime:
          typeof block === "object" && block !== null && "timestamp" in block
            ? BigInt(String(block.timestamp))
            : 0n,
      };
    } catch {
      // The next end point may answer.
    }
  }
  throw new TallystickError(
    "ledger.unreachable",
    "The ledger does not answer, so nothing was sent. Try again in a moment.",
  );
}
