import type { Hex } from "../../../node/core/bytes.ts";
import { TallystickError } from "../../../node/core/errors.ts";
import { type Bundle, isClosed } from "../../../node/core/evidence/bundle.ts";
import type { OpenedLeaf } from "../../../node/core/evidence/claim-message.ts";
import { openedLeafOf } from "../../../node/core/evidence/mispriced-opening.ts";
import { receiptStanding } from "../../../node/core/evidence/standing.ts";

/** The place of a charge in its operator's book, as a claim names it. */
export interface ClaimPlace {
  domain: Hex;
  sequence: string;
  leafIndex: number;
}

export interface ClaimContext {
  place: ClaimPlace;
  /** What a claim about the price rests on; absent when the evidence does not show the use. */
  opened?: OpenedLeaf;
  chainId: string;
  claims: Hex;
  endpoints: { member: string; url: string }[];
  epoch: string;
  /** The operator's receipt, which makes its silence count; absent when the evidence holds none. */
  standing?: NonNullable<ReturnType<typeof receiptStanding>>;
}

/** What a claim about one line has to name. */
export function claimContext(bundle: Bundle, line: string): ClaimContext {
  const proof = bundle.charges.find((charge) => charge.line === line);
  const batch = proof === undefined ? undefined : bundle.batches[proof.batch];
  if (proof === undefined || batch === undefined) {
    throw new TallystickError("dispute.line-unknown", `This bill has no line ${line}.`);
  }
  const standing = receiptStanding(bundle);
  return {
    ...(standing === undefined ? {} : { standing }),
    place: { domain: batch.domain, sequence: batch.sequence, leafIndex: proof.leafIndex },
    ...(isClosed(proof.charge) ? {} : { opened: openedLeafOf(bundle, line) }),
    chainId: bundle.ledger.chainId,
    claims: bundle.ledger.contracts.claims,
    endpoints: bundle.ledger.endpoints,
    epoch: bundle.period.epoch,
  };
}
