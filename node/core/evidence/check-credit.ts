import { fromHex } from "../bytes.ts";
import { accountGroupDigest, creditGroupDigest } from "../commitment/charge-groups.ts";
import { chargeLeaf } from "../commitment/leaf.ts";
import { type Bundle, type BundleCredit, isClosed } from "./bundle.ts";
import { type Check, digestOf, fail, type LineReport, type LineVerdict, pass } from "./check.ts";
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
  const verdict: LineVerdict = checks.every(({ ok }) => ok !== false)
    ? "committed"
    : check.ok === false && !onLedger
      ? "not-committed"
      : "proof-invalid";
  return { line: credit.line, verdict, checks, amountNano: BigInt(credit.amountNano) };
}

function checkTarget(bundle: Bundle, credit: BundleCredit): Check {
  const name = "points-at-charge";
  if (isClosed(credit.credit))
    return { name, ok: null, because: "Its reason is not shown to this reader." };
  const { targetDomain, targetSequence, targetIndex } = credit.credit;
  const target = bundle.charges.find((charge) => {
    const batch = bundle.batches[charge.batch];
    return (
      batch?.domain === targetDomain &&
      batch.sequence === targetSequence &&
      charge.leafIndex === targetIndex
    );
  });
  if (target === undefined)
    return fail(name, "It points at a charge that this bundle does not hold.");
  return BigInt(credit.amountNano) <= BigInt(target.amountNano)
    ? pass(name, `It reduces line ${target.line}.`)
    : fail(name, `It is larger than line ${target.line}, which it reduces.`);
}
