import { fromHex, toHex } from "../bytes.ts";
import { pseudonym } from "../commitment/secrets.ts";
import { type Bundle, isClosed } from "./bundle.ts";
import { type Check, fail, type LineReport, pass } from "./check.ts";
import { checkBatch, checkBooks } from "./check-batch.ts";
import { reportCharge } from "./check-charge.ts";
import { reportCredit } from "./check-credit.ts";
import { checkInvoice } from "./check-invoice.ts";
import { openTariffs } from "./check-tariff.ts";
import type { LedgerFacts } from "./ledger-facts.ts";

export type { Check, LineReport, LineVerdict } from "./check.ts";

export interface BundleReport {
  lines: LineReport[];
  credits: LineReport[];
  /** What concerns the bundle as a whole: order, completeness, invoice. */
  bundleChecks: Check[];
  ok: boolean;
  totalNano: bigint;
}

/**
 * Checks an evidence bundle against what the ledger says. Nothing in the bundle is believed: groups
 * are hashed again, paths walked, seals compared with the ledger's, prices recomputed from tariffs
 * whose root the ledger holds (docs/EVIDENCE.md lists the checks).
 */
export function verifyBundle(bundle: Bundle, facts: LedgerFacts): BundleReport {
  const tariffs = openTariffs(bundle, facts);
  const batches = bundle.batches.map((batch) => checkBatch(batch, facts));
  const lines = bundle.charges.map((charge, at) =>
    reportCharge(bundle, charge, bundle.charges[at - 1], batches, tariffs.versions, facts),
  );
  const credits = bundle.credits.map((credit) => reportCredit(bundle, credit, batches));
  const bundleChecks = [
    ...tariffs.checks,
    checkBooks(bundle),
    checkPseudonym(bundle),
    checkGapFree(bundle),
    ...checkInvoice(bundle, batches),
  ];
  const all = [...lines, ...credits];
  return {
    lines,
    credits,
    bundleChecks,
    ok:
      all.every(({ verdict }) => verdict === "committed") &&
      bundleChecks.every(({ ok }) => ok !== false),
    totalNano: bundle.charges.reduce((sum, charge) => sum + BigInt(charge.amountNano), 0n),
  };
}

/** The pseudonym of each book follows from what the subscriber holds. */
function checkPseudonym(bundle: Bundle): Check {
  const name = "pseudonym";
  for (const book of bundle.books) {
    if (
      book.pseudonym === undefined ||
      book.disputeAddress === undefined ||
      book.blind === undefined
    )
      continue;
    const computed = toHex(
      pseudonym(fromHex(book.domain), fromHex(book.disputeAddress), fromHex(book.blind)),
    );
    if (computed !== book.pseudonym)
      return fail(name, "The subscriber's pseudonym does not follow from the subscriber's key.");
  }
  const charges = bundle.books.find((book) => book.kind === 1);
  const foreign = bundle.charges.find(
    (charge) => !isClosed(charge.account) && charge.account.pseudonym !== charges?.pseudonym,
  );
  if (foreign !== undefined)
    return fail(name, `Line ${foreign.line} belongs to another subscriber.`);
  if (bundle.invoice !== undefined && bundle.invoice.body.pseudonym !== charges?.pseudonym)
    return fail(name, "The invoice belongs to another subscriber.");
  return pass(name, "All lines belong to one subscriber.");
}

function checkGapFree(bundle: Bundle): Check {
  const name = "complete";
  const last = bundle.charges.at(-1);
  if (last === undefined) return fail(name, "There are no lines.");
  if (isClosed(last.account))
    return { name, ok: null, because: "Numbers are not shown to this reader." };
  const { chargeNumber } = last.account;
  if (BigInt(chargeNumber) !== BigInt(bundle.charges.length)) {
    return fail(
      name,
      `The last number is ${chargeNumber}, but ${bundle.charges.length} lines are here.`,
    );
  }
  const sumNano = bundle.charges.reduce((sum, { amountNano }) => sum + BigInt(amountNano), 0n);
  if (BigInt(last.account.runningTotalNano) !== sumNano)
    return fail(name, "The last running total is not the sum of the lines.");
  if (bundle.invoice !== undefined && bundle.invoice.body.lastChargeNumber !== chargeNumber) {
    return fail(
      name,
      `The invoice ends with number ${bundle.invoice.body.lastChargeNumber}, the lines with ${chargeNumber}.`,
    );
  }
  return pass(
    name,
    `Numbers 1 to ${chargeNumber} are all here: of the committed records, none is missing.`,
  );
}
