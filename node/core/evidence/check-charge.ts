import { fromHex, toHex } from "../bytes.ts";
import {
  accountGroupDigest,
  chargeDueMilliseconds,
  chargeGroupDigest,
  PARTY_TYPE,
  partyGroupDigest,
} from "../commitment/charge-groups.ts";
import { chargeLeaf } from "../commitment/leaf.ts";
import { textIdentity } from "../commitment/secrets.ts";
import { type Bundle, type BundleBatch, type BundleCharge, isClosed } from "./bundle.ts";
import { type Check, digestOf, fail, type LineReport, type LineVerdict, pass } from "./check.ts";
import { type CheckedBatch, checkBook, checkInclusion } from "./check-batch.ts";
import { checkPrice, type PublishedVersion } from "./check-price.ts";
import { accountFromJson, chargeFromJson, partyFromJson } from "./group-json.ts";
import type { LedgerFacts } from "./ledger-facts.ts";

export function reportCharge(
  bundle: Bundle,
  charge: BundleCharge,
  before: BundleCharge | undefined,
  batches: CheckedBatch[],
  tariffs: PublishedVersion[],
  facts: LedgerFacts,
): LineReport {
  const { batch, check: onLedgerCheck, onLedger } = batches[charge.batch] as CheckedBatch;
  const leaf = chargeLeaf(
    fromHex(batch.domain),
    {
      account: digestOf(charge.account, (group) => accountGroupDigest(accountFromJson(group))),
      party: digestOf(charge.party, (group) => partyGroupDigest(partyFromJson(group))),
      charge: digestOf(charge.charge, (group) => chargeGroupDigest(chargeFromJson(group))),
    },
    BigInt(charge.amountNano),
  );
  const priced = isClosed(charge.charge)
    ? { check: { name: "priced", ok: null, because: "The use is not shown to this reader." } }
    : checkPrice(charge.charge, BigInt(charge.amountNano), bundle.currency, tariffs);
  const included = isNamedOtherwise(charge)
    ? fail("included", "The name of the other side is not the one that was committed.")
    : checkInclusion(leaf, charge, batch);
  const checks = [
    checkBook(bundle, batch, 1),
    included,
    onLedgerCheck,
    checkOrder(charge, before),
    checkTime(charge, batch, facts),
    priced.check,
  ];
  const proofFailed = checks.some(
    ({ name, ok }) => ok === false && name !== "priced" && name !== "on-ledger",
  );
  const verdict: LineVerdict =
    proofFailed || (onLedger && onLedgerCheck.ok === false)
      ? "proof-invalid"
      : onLedgerCheck.ok === false
        ? "not-committed"
        : priced.check.ok === false
          ? "price-differs"
          : "committed";
  return {
    line: charge.line,
    verdict,
    checks,
    amountNano: BigInt(charge.amountNano),
    ...("expectedNano" in priced && priced.expectedNano !== undefined
      ? { expectedAmountNano: priced.expectedNano }
      : {}),
  };
}

/** A name stands outside what is hashed; its identity stands within. */
function isNamedOtherwise({ party }: BundleCharge): boolean {
  if (isClosed(party) || party.text === undefined) return false;
  const identity = toHex(textIdentity(fromHex(party.salt, 32), party.text));
  return party.type !== PARTY_TYPE.text || identity !== party.restDigits;
}

function checkOrder(charge: BundleCharge, before: BundleCharge | undefined): Check {
  const name = "in-order";
  if (isClosed(charge.account))
    return { name, ok: null, because: "The number is not shown to this reader." };
  if (before !== undefined && isClosed(before.account)) {
    return { name, ok: null, because: "The number before it is not shown to this reader." };
  }
  const numberBefore =
    before === undefined || isClosed(before.account) ? 0n : BigInt(before.account.chargeNumber);
  const totalBefore =
    before === undefined || isClosed(before.account) ? 0n : BigInt(before.account.runningTotalNano);
  if (charge.line !== charge.account.chargeNumber) {
    return fail(
      name,
      `It is called line ${charge.line}, but its number is ${charge.account.chargeNumber}.`,
    );
  }
  if (BigInt(charge.account.chargeNumber) !== numberBefore + 1n) {
    return fail(
      name,
      `Number ${charge.account.chargeNumber} follows number ${numberBefore}: something is missing.`,
    );
  }
  if (BigInt(charge.account.runningTotalNano) !== totalBefore + BigInt(charge.amountNano)) {
    return fail(name, "The running total does not grow by this line's amount.");
  }
  return pass(
    name,
    `Number ${charge.account.chargeNumber} follows ${numberBefore === 0n ? "the start of the period" : `number ${numberBefore}`}, and the running total grows by its amount.`,
  );
}

function checkTime(charge: BundleCharge, batch: BundleBatch, facts: LedgerFacts): Check {
  const name = "in-time";
  if (isClosed(charge.charge) || batch.blockTime === undefined) {
    return {
      name,
      ok: null,
      because: "When it was due, or committed, is not shown to this reader.",
    };
  }
  const due = chargeDueMilliseconds(chargeFromJson(charge.charge));
  const committed = BigInt(batch.blockTime) * 1000n;
  if (committed < due) return fail(name, "It was committed before the use had ended.");
  const ageMax = facts.maxRecordAgeSeconds;
  if (ageMax === undefined) {
    return { name, ok: null, because: "How late the agreement allows it is not known." };
  }
  if (committed - due > BigInt(ageMax) * 1000n) {
    return fail(name, "It was committed later than the agreement allows.");
  }
  return pass(
    name,
    "It was committed after the use and within the time that the agreement allows.",
  );
}
