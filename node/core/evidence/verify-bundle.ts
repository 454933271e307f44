import type { Hex } from "../bytes.ts";
import { type Bundle, isClosed } from "./bundle.ts";
import { type Check, fail, type LineReport, pass, unknown } from "./check.ts";
import { checkBatch, checkBook, checkBooks } from "./check-batch.ts";
import { type LineContext, reportCharge } from "./check-charge.ts";
import { creditedByCharge, reportCredit } from "./check-credit.ts";
import { checkInvoice } from "./check-invoice.ts";
import { checkInvoiceSignature } from "./check-invoice-signature.ts";
import { versionInForce } from "./check-price.ts";
import { checkOwner, checkPseudonym } from "./check-subscriber.ts";
import { openTariffs } from "./check-tariff.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import { PeriodReplay } from "./period-replay.ts";
import { PlanReplay } from "./plan-replay.ts";

export type { Check, LineReport, LineVerdict } from "./check.ts";

export interface BundleReport {
  lines: LineReport[];
  credits: LineReport[];
  /** What concerns the bundle as a whole: order, completeness, invoice. */
  bundleChecks: Check[];
  /**
   * Every line is committed or corrected, every credit committed, and every check of the whole is
   * true. What could not be checked is not ok.
   */
  ok: boolean;
  totalNano: bigint;
}

export interface VerifyOptions {
  /**
   * The dispute address (20 bytes, lower case) that the reader's own link yields for
   * `bundle.period.epoch` (docs/ACCESS.md). With it the check "yours" says whether the bill is the
   * reader's; without, it is whoever's the bundle says.
   */
  owner?: Hex;
  /** Told now and then how many lines are done. */
  onProgress?: (done: number, total: number) => void;
}

const PROGRESS_LINES = 2_000;

/**
 * Checks an evidence bundle against what the ledger says. Nothing in the bundle is believed: groups
 * are hashed again, paths walked, seals compared with the ledger's, prices recomputed from tariffs
 * whose root the ledger holds (docs/EVIDENCE.md lists the checks).
 */
export function verifyBundle(
  bundle: Bundle,
  facts: LedgerFacts,
  { owner, onProgress }: VerifyOptions = {},
): BundleReport {
  const tariffs = openTariffs(bundle, facts);
  const batches = bundle.batches.map((batch) => checkBatch(batch, facts));
  const credits = bundle.credits.map((credit) => reportCredit(bundle, credit, batches));
  const plans = new PlanReplay(bundle);
  const context: LineContext = {
    bundle,
    facts,
    batches,
    inBook: bundle.batches.map((batch) => checkBook(bundle, batch, 1)),
    tariffs: tariffs.versions,
    plans,
    ends: new PeriodReplay(bundle, (period) => plans.moved(period)),
    creditedNano: creditedByCharge(bundle, credits),
  };
  const lines = bundle.charges.map((charge, at) => {
    if (at % PROGRESS_LINES === 0) onProgress?.(at, bundle.charges.length);
    return reportCharge(context, charge, bundle.charges[at - 1]);
  });
  onProgress?.(lines.length, lines.length);
  const reductions =
    bundle.invoice &&
    context.ends.checkReductions(
      BigInt(bundle.invoice.body.creditsNano),
      (at) => versionInForce(tariffs.versions, BigInt(at))?.compiled,
    );
  const signed = checkInvoiceSignature(bundle, facts);
  const bundleChecks = [
    ...tariffs.checks,
    checkBooks(bundle),
    checkPseudonym(bundle),
    ...(owner === undefined ? [] : [checkOwner(bundle, owner)]),
    checkGapFree(bundle),
    ...checkInvoice(bundle, batches),
    ...(signed === undefined ? [] : [signed]),
    ...(reductions === undefined ? [] : [reductions]),
  ];
  return {
    lines,
    credits,
    bundleChecks,
    ok:
      lines.every(({ verdict }) => verdict === "committed" || verdict === "corrected") &&
      credits.every(({ verdict }) => verdict === "committed") &&
      bundleChecks.every(({ ok }) => ok === true),
    totalNano: bundle.charges.reduce((sum, charge) => sum + BigInt(charge.amountNano), 0n),
  };
}

function checkGapFree(bundle: Bundle): Check {
  const name = "complete";
  const last = bundle.charges.at(-1);
  if (last === undefined) return fail(name, "There are no lines.");
  if (isClosed(last.account)) return unknown(name, "Numbers are not shown to this reader.");
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
  if (bundle.invoice === undefined) {
    return unknown(
      name,
      `Numbers 1 to ${chargeNumber} are all here; without an invoice nothing shows that ${chargeNumber} is the last.`,
    );
  }
  if (bundle.invoice.body.lastChargeNumber !== chargeNumber) {
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
