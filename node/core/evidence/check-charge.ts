import { fromHex, toHex } from "../bytes.ts";
import {
  accountGroupDigest,
  CHARGE_KIND,
  chargeDueMilliseconds,
  chargeGroupDigest,
  PARTY_TYPE,
  partyGroupDigest,
} from "../commitment/charge-groups.ts";
import { chargeLeaf } from "../commitment/leaf.ts";
import { textIdentity } from "../commitment/secrets.ts";
import { type Bundle, type BundleBatch, type BundleCharge, isClosed } from "./bundle.ts";
import {
  type Check,
  digestOf,
  fail,
  type LineReport,
  type LineVerdict,
  pass,
  unknown,
} from "./check.ts";
import { type CheckedBatch, checkInclusion } from "./check-batch.ts";
import { checkPrice, type PublishedVersion } from "./check-price.ts";
import { accountFromJson, chargeFromJson, partyFromJson } from "./group-json.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import type { PeriodReplay } from "./period-replay.ts";
import type { PlanReplay } from "./plan-replay.ts";

/** What every line of a bundle is judged by. */
export interface LineContext {
  bundle: Bundle;
  facts: LedgerFacts;
  batches: CheckedBatch[];
  /** Of each batch, whether it stands in the operator's book of charges. */
  inBook: Check[];
  tariffs: PublishedVersion[];
  /** Prices charges that name a plan; asked for each line in order. */
  plans: PlanReplay;
  /** Closes the periods of the lines that were priced. */
  ends: PeriodReplay;
  /** What the credits that are proven give back, by the line that they point at. */
  creditedNano: ReadonlyMap<BundleCharge, bigint>;
}

export function reportCharge(
  { bundle, facts, batches, inBook, tariffs, plans, ends, creditedNano }: LineContext,
  charge: BundleCharge,
  before: BundleCharge | undefined,
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
    ? { check: unknown("priced", "The use is not shown to this reader.") }
    : checkPrice(
        charge.charge,
        BigInt(charge.amountNano),
        bundle.currency,
        tariffs,
        (tariff) => {
          if (isClosed(charge.charge)) return undefined;
          const replayed = plans.price(tariff, charge, charge.charge);
          ends.note(tariff, charge, charge.charge, replayed);
          return replayed;
        },
        (tariff) => ends.check(tariff, charge),
      );
  const included = isNamedOtherwise(charge)
    ? fail("included", "The name of the other side is not the one that was committed.")
    : checkInclusion(leaf, charge, batch);
  const checks = [
    inBook[charge.batch] as Check,
    included,
    onLedgerCheck,
    checkOrder(charge, before),
    checkTime(charge, batch, facts),
    priced.check,
  ];
  const amountNano = BigInt(charge.amountNano);
  const expectedNano = "expectedNano" in priced ? priced.expectedNano : undefined;
  const credited = creditedNano.get(charge) ?? 0n;
  const isCorrected = credited > 0n && isPaidBack({ amountNano, expectedNano, credited });
  return {
    line: charge.line,
    verdict: verdictOf(checks, onLedger, isCorrected),
    checks,
    amountNano,
    ...(expectedNano === undefined ? {} : { expectedAmountNano: expectedNano }),
    ...(credited === 0n ? {} : { creditedNano: credited }),
  };
}

/** A line that asks too little is not put right by giving more back. */
function isPaidBack(price: {
  amountNano: bigint;
  expectedNano: bigint | undefined;
  credited: bigint;
}): boolean {
  // Where nothing says what the right price is, only the whole amount is surely enough.
  const excess = price.amountNano - (price.expectedNano ?? 0n);
  return excess > 0n && price.credited >= excess;
}

function verdictOf(checks: readonly Check[], onLedger: boolean, isCorrected: boolean): LineVerdict {
  const failed = checks.filter(({ ok }) => ok === false).map(({ name }) => name);
  const isMissing = failed.includes("on-ledger");
  if (failed.some((name) => name !== "priced" && name !== "on-ledger")) return "proof-invalid";
  if (isMissing) return onLedger ? "proof-invalid" : "not-committed";
  const isUnsure = checks.some(({ ok }) => ok === null);
  if (failed.length > 0) return isCorrected && !isUnsure ? "corrected" : "price-differs";
  return isUnsure ? "not-checked" : "committed";
}

/** A name stands outside what is hashed; its identity stands within. */
function isNamedOtherwise({ party }: BundleCharge): boolean {
  if (isClosed(party) || party.text === undefined) return false;
  const identity = toHex(textIdentity(fromHex(party.salt, 32), party.text));
  return party.type !== PARTY_TYPE.text || identity !== party.restDigits;
}

function checkOrder(charge: BundleCharge, before: BundleCharge | undefined): Check {
  const name = "in-order";
  if (isClosed(charge.account)) return unknown(name, "The number is not shown to this reader.");
  if (before !== undefined && isClosed(before.account)) {
    return unknown(name, "The number before it is not shown to this reader.");
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
    return unknown(name, "When it was due, or committed, is not shown to this reader.");
  }
  if (charge.charge.kind === CHARGE_KIND.assignment) {
    return pass(name, "Plans are assigned ahead, and hold for long.");
  }
  const due = chargeDueMilliseconds(chargeFromJson(charge.charge));
  const committed = BigInt(batch.blockTime) * 1000n;
  if (committed < due) return fail(name, "It was committed before the use had ended.");
  const ageMax = facts.maxRecordAgeSeconds;
  if (ageMax === undefined) {
    return unknown(name, "How late the agreement allows it is not known.");
  }
  if (committed - due > BigInt(ageMax) * 1000n) {
    return fail(name, "It was committed later than the agreement allows.");
  }
  return pass(
    name,
    "It was committed after the use and within the time that the agreement allows.",
  );
}
