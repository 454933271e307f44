import { fromHex, toHex } from "../core/bytes.ts";
import { accountGroupDigest, partyGroupDigest } from "../core/commitment/charge-groups.ts";
import { BATCH_DEPTH_MIN, buildInclusionTree } from "../core/commitment/inclusion-tree.ts";
import { accountFromJson, partyFromJson } from "../core/evidence/group-json.ts";
import { keys } from "./key-spaces.ts";
import type { LedgerCall } from "./ledger.ts";
import type { EngineContext } from "./operator.ts";
import { readBatch } from "./read-charges.ts";
import { getJson } from "./stored-json.ts";
import type { StoredCharge, StoredClaim } from "./stored-types.ts";

/**
 * The call that shows the ledger the credit for a claim. Undefined while the credit's batch is not
 * on the ledger.
 */
export async function creditShown(
  context: EngineContext,
  claim: StoredClaim,
): Promise<LedgerCall | undefined> {
  const place = await placeOfCredit(context, claim);
  if (place === undefined) return undefined;
  const batch = await readBatch(context.store, place.domain, place.sequence);
  if (batch.blockTime === undefined) return undefined;
  const { charge, leafIndex } = place;
  const { account, party, credit } = charge.opened;
  if (credit === undefined) return undefined;
  const tree = buildInclusionTree(
    batch.leaves.map((leaf) => fromHex(leaf, 32)),
    BATCH_DEPTH_MIN,
  );
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
    tree.path(leafIndex).map(toHex),
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
  const place = await getJson<{ sequence: string; leafIndex: number }>(
    store,
    keys.owned(account, epoch, domain, BigInt(number)),
  );
  if (place === undefined) return undefined;
  const sequence = BigInt(place.sequence);
  const charge = await getJson<StoredCharge>(store, keys.charge(domain, sequence, place.leafIndex));
  return charge && { domain, sequence, leafIndex: place.leafIndex, charge };
}
