import { fromHex } from "../../core/bytes.ts";
import { CREDIT_REASON } from "../../core/commitment/charge-groups.ts";
import { assert, TallystickError } from "../../core/errors.ts";
import { openEpoch } from "../bill/open-epoch.ts";
import { noParty } from "../number/no-party.ts";
import { numberCharge } from "../number/number-charge.ts";
import { openSubscriberEpoch } from "../number/subscriber-epoch.ts";
import type { EngineContext } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import { readCharge } from "../store/read-charges.ts";
import { StoreSession } from "../store/store-session.ts";
import type { StoredClaim } from "../store/stored-types.ts";
import { correctedNano } from "./judge-claim.ts";

/** Deduplication id of the credit that a claim is settled by: a claim is credited once. */
export const creditRecordId = (claimId: string): string => `claim:${claimId}`;

/**
 * Appends the credit that settles a claim to the credit book. The claim remembers it in the same
 * write, so that a crash neither loses nor doubles it.
 * @returns false when there is nothing (more) to credit
 * @throws TallystickError `credit.target-unknown`, `credit.above-charge`
 */
export async function issueCredit(context: EngineContext, claimId: string): Promise<boolean> {
  const { profile, store, time } = context;
  const session = new StoreSession(store);
  const claim = await session.get<StoredClaim>(keys.claim(claimId));
  assert(claim !== undefined, `claim ${claimId} is stored`);
  if (claim.credit !== undefined || claim.dueNano === undefined) return false;
  const target = await readCharge(store, claim.domain, BigInt(claim.sequence), claim.leafIndex);
  if (target === undefined) {
    throw new TallystickError(
      "credit.target-unknown",
      "The claim names a charge that is not here.",
    );
  }
  const corrected = await correctedNano(context, target, claim);
  if (BigInt(claim.dueNano) + corrected > BigInt(target.amountNano)) {
    // What the ledger held the operator to by its silence may be more than the charge asked.
    throw new TallystickError(
      "credit.above-charge",
      "The claim makes more due than is left of the charge, and credits can not be above their charge.",
    );
  }
  const recordId = creditRecordId(claimId);
  const now = Number(await time.seconds()) * 1000;
  const epoch = await openEpoch(context, session);
  // Who has no charge in that month is billed for it all the same: the invoice states the credit.
  const { chargeBook, creditBook } = profile.agreement;
  await openSubscriberEpoch(session, context.random, target.account, epoch, chargeBook);
  const credit = await numberCharge(session, context, creditBook, {
    recordId,
    revision: 0,
    account: target.account,
    epoch,
    device: target.device,
    amountNano: BigInt(claim.dueNano),
    startMilliseconds: now,
    party: noParty,
    third: {
      kind: "credit",
      group: {
        targetDomain: fromHex(claim.domain, 20),
        targetSequence: BigInt(claim.sequence),
        targetIndex: claim.leafIndex,
        reason: claim.state === "proven" ? CREDIT_REASON.breachProven : CREDIT_REASON.claimConceded,
        claim: fromHex(claim.id, 32),
      },
    },
    components: [{ kind: "credit", amountNano: claim.dueNano }],
  });
  session.put(keys.claim(claimId), {
    ...claim,
    credit: { account: target.account, epoch, number: credit.opened.account.chargeNumber },
  } satisfies StoredClaim);
  await session.commit();
  return true;
}
