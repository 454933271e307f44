import { toHex } from "../../core/bytes.ts";
import { accountGroupDigest, partyGroupDigest } from "../../core/commitment/charge-groups.ts";
import { accountFromJson, partyFromJson } from "../../core/evidence/group-json.ts";
import type { LedgerCall } from "../commit/ledger.ts";
import { openProofs, readPath } from "../evidence/proof-reader.ts";
import type { EngineContext } from "../operator.ts";
import { readBatch, readOwnedCharges } from "../store/read-charges.ts";
import type { StoredClaim } from "../store/stored-types.ts";

/**
 * The call that shows the ledger the credit for a claim. Undefined while the credit's batch is not
 * on the ledger; "unsealed" while it stands in none.
 */
export async function creditShown(
  context: EngineContext,
  claim: StoredClaim,
): Promise<LedgerCall | "unsealed" | undefined> {
  const place = await placeOfCredit(context, claim);
  if (place === undefined) return "unsealed";
  const batch = await readBatch(context.store, place.domain, place.sequence);
  if (batch.blockTime === undefined) return undefined;
  const { charge, leafIndex } = place;
  const { account, party, credit } = charge.opened;
  if (credit === undefined) return undefined;
  const proofs = await openProofs(context.store, place.domain, batch);
  const siblings = await readPath(proofs, leafIndex);
  const group = [
    credit.salt,
    credit.targetDomain,
    BigInt(credit.targetSequence),
    credit.targetIndex,
    credit.reason,
    credit.claim,
  ];
  const rest = [
    toHex(accountGroupDigest(accountFromJson(account))),
    toHex(partyGroupDigest(partyFromJson(party))),
    BigInt(charge.amountNano),
  ];
  const path = [
    batch.depth,
    siblings.map(toHex),
    batch.totals,
    batch.runningTotals,
    BigInt(batch.blockTime),
  ];
  return {
    contract: "claims",
    method: "settleByCredit",
    args: [claim.id, [place.domain, place.sequence, leafIndex, group, rest, path]],
  };
}

async function placeOfCredit({ store, profile }: EngineContext, claim: StoredClaim) {
  const domain = profile.agreement.creditBook;
  if (claim.credit === undefined) return undefined;
  const { account, epoch, number } = claim.credit;
  for (const placed of await readOwnedCharges(store, account, epoch, domain)) {
    if (placed.charge.opened.account.chargeNumber === number) return placed;
  }
  return undefined;
}
