import type { Bundle } from "../../node/core/evidence/bundle.ts";
import { findBreaches } from "../../node/core/evidence/find-breaches.ts";
import type { EvidencePack } from "./evidence-pack.ts";

/** What a bundle alone shows against the operator, without what only its subscriber may show. */
export function breachesOfBundle(bundle: Bundle): EvidencePack {
  return {
    chainId: Number(bundle.ledger.chainId),
    claims: bundle.ledger.contracts.claims,
    breaches: findBreaches(bundle)
      .filter(({ needsConsent }) => needsConsent === undefined)
      .map((found) => ({
        ...found,
        story: `is shown by line ${found.line} of the bundle`,
        sequence: found.sequence.toString(),
        claimedNano: found.claimedNano.toString(),
      })),
  };
}
