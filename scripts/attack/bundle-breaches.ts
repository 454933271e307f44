import type { Bundle } from "../../node/core/evidence/bundle.ts";
import {
  mispricedOpening,
  openedLeafOf,
  repriceLine,
} from "../../node/core/evidence/mispriced-opening.ts";
import type { EvidencePack, FoundBreach } from "./evidence-pack.ts";

/** What a bundle alone shows: lines that ask more than the tariff in force yields. */
export function breachesOfBundle(bundle: Bundle): EvidencePack {
  const breaches: FoundBreach[] = [];
  for (const charge of bundle.charges) {
    const { line } = charge;
    const batch = bundle.batches[charge.batch];
    if (line === undefined || batch === undefined) continue;
    let excessNano: bigint;
    try {
      excessNano = BigInt(charge.amountNano) - repriceLine(bundle, line);
    } catch {
      continue; // closed, or left to the arbiter: the ledger could not price it either
    }
    if (excessNano <= 0n) continue;
    breaches.push({
      kind: "mispricedCharge",
      story: `charges ${excessNano} nano too much on line ${line}`,
      book: batch.domain,
      sequence: String(batch.sequence),
      leafIndex: charge.leafIndex,
      claimedNano: excessNano.toString(),
      expectedDueNano: excessNano.toString(),
      opened: openedLeafOf(bundle, line),
      evidence: mispricedOpening(bundle, line),
    });
  }
  return {
    chainId: Number(bundle.ledger.chainId),
    claims: bundle.ledger.contracts.claims,
    breaches,
  };
}
