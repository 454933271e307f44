import { fromHex } from "../bytes.ts";
import { accountGroupDigest, creditGroupDigest } from "../commitment/charge-groups.ts";
import { chargeLeaf } from "../commitment/leaf.ts";
import { type Bundle, type BundleCharge, type BundleCredit, isClosed } from "./bundle.ts";
import {
  type Check,
  digestOf,
  fail,
  type LineReport,
  type LineVerdict,
  pass,
  unknown,
} from "./check.ts";
import { type CheckedBatch, checkBook, checkInclusion } from "./check-batch.ts";
import { accountFromJson, creditFromJson } from "./group-json.ts";

export function reportCredit(
  bundle: Bundle,
  credit: BundleCredit,
  batches: CheckedBatch[],
): LineReport {
  const { batch, check, onLedger } = batches[credit.batch] as CheckedBatch;
  const leaf = chargeLeaf(
    fromHex(batch.domain),
    {
      account: digestOf(credit.account, (group) => accountGroupDigest(accountFromJson(group))),
      party: fromHex(credit.party.digest),
      charge: digestOf(credit.credit, (group) => creditGroupDigest(creditFromJson(group))),
    },
    BigInt(credit.amountNano),
  );
  const checks = [
    checkBook(bundle, batch, 2),
    checkInclusion(leaf, credit, batch),
    check,
    checkTarget(bundle, credit),
  ];
  const failed = checks.some(({ ok }) => ok === false);
  const verdict: LineVerdict = failed
    ? check.ok === false && !onLedger
      ? "not-committed"
      : "proof-invalid"
    : checks.every(({ ok }) => ok)
      ? "committed"
      : "not-checked";
  return { line: credit.line, verdict, checks, amountNano: BigInt(credit.amountNano) };
}

/** What the credits that are proven give back, by the line that they point at. */
export function creditedByCharge(
  bundle: Bundle,
  reports: readonly LineReport[],
): Map<BundleCharge, bigint> {
  const credited = new Map<BundleCharge, bigint>();
  const counted = new Set<string>();
  for (const [at, credit] of bundle.credits.entries()) {
    const target = targetOf(bundle, credit);
    const { domain, sequence } = bundle.batches[credit.batch] as Bundle["batches"][number];
    const place = `${domain}:${sequence}:${credit.leafIndex}`;
    // The same credit shown twice gives back once.
    if (target === undefined || reports[at]?.verdict !== "committed" || counted.has(place)) {
      continue;
    }
    counted.add(place);
    credited.set(target, (credited.get(target) ?? 0n) + BigInt(credit.amountNano));
  }
  return credited;
}

function targetOf(bundle: Bundle, { credit }: BundleCredit): BundleCharge | undefined {
  if (isClosed(credit)) return undefined;
  return bundle.charges.find((charge) => {
    const batch = bundle.batches[charge.batch];
    return (
      batch?.domain === credit.targetDomain &&
      batch.sequence === credit.targetSequence &&
      charge.leafIndex === credit.targetIndex
    );
  });
}

function checkTarget(bundle: Bundle, credit: BundleCredit): Check {
  const name = "points-at-charge";
  if (isClosed(credit.credit)) return unknown(name, "Its reason is not shown to this reader.");
  const target = targetOf(bundle, credit);
  if (target === undefined) return fail(name, "It points at a charge that is not shown here.");
  return BigInt(credit.amountNano) <= BigInt(target.amountNano)
    ? pass(name, `It reduces line ${target.line}.`)
    : fail(name, `It is larger than line ${target.line}, which it reduces.`);
}
