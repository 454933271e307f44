import { encodeBreachEvidence } from "../adapters/breach-evidence.ts";
import type { Hex } from "../core/bytes.ts";
import type { Bundle, BundleCharge } from "../core/evidence/bundle.ts";
import { BREACH_KIND, CLAIM_KIND, type DisputeKind } from "../core/evidence/claim-kind.ts";
import { claimEvidenceHash, finderEvidenceHash } from "../core/evidence/claim-message.ts";
import { type FoundBreach, placeOf } from "../core/evidence/found-breach.ts";
import { mispricedOpening, openedLeafOf } from "../core/evidence/mispriced-opening.ts";

/** What a dispute is about: what is claimed, what the claim names, and what would be opened. */
export interface DisputeSubject {
  line: string;
  kind: DisputeKind;
  place: { kind: number; book: Hex; sequence: bigint; leafIndex: number };
  claimedNano: bigint;
  /** Only its digest is named on the ledger. */
  evidenceHash(finder: Hex): Hex;
  /** What `/v1/relay/openings` takes beside the claim's id; absent where people decide. */
  opening?(): object;
}

export function subjectOfLine(
  bundle: Bundle,
  charge: BundleCharge,
  kind: "mispriced" | "matter-of-fact",
  claimedNano: bigint,
): DisputeSubject {
  const { line } = charge;
  const place = placeOf(bundle, charge);
  if (kind === "matter-of-fact") {
    return {
      line,
      kind,
      place: { kind: CLAIM_KIND.matterOfFact, ...place },
      claimedNano,
      evidenceHash: () => claimEvidenceHash({ line, reason: "the use is disputed" }),
    };
  }
  return {
    line,
    kind,
    place: { kind: CLAIM_KIND.mispriced, ...place },
    claimedNano,
    evidenceHash: (finder) => finderEvidenceHash(finder, openedLeafOf(bundle, line)),
    opening: () => ({ opening: mispricedOpening(bundle, line) }),
  };
}

export function subjectOfBreach(breach: FoundBreach): DisputeSubject {
  const { line, kind, book, sequence, leafIndex, claimedNano, opened, evidence } = breach;
  return {
    line,
    kind,
    place: { kind: BREACH_KIND[kind], book, sequence, leafIndex },
    claimedNano,
    evidenceHash: (finder) => finderEvidenceHash(finder, opened),
    opening: () => ({ evidence: encodeBreachEvidence(kind, evidence) }),
  };
}
