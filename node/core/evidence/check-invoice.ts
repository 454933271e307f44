import { fromHex } from "../bytes.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../commitment/invoice-leaf.ts";
import { TallystickError } from "../errors.ts";
import { hashDocument } from "../hash.ts";
import { readInvoiceDocument } from "../invoice/invoice-document.ts";
import { formatNano, parseDecimalNano } from "../money/decimal.ts";
import { canonicalJson } from "../tariff/canonical-json.ts";
import type { Bundle, BundleBatch } from "./bundle.ts";
import { type Check, fail, pass } from "./check.ts";
import { type CheckedBatch, checkBook, checkInclusion } from "./check-batch.ts";

export function checkInvoice(bundle: Bundle, batches: CheckedBatch[]): Check[] {
  const { invoice } = bundle;
  if (invoice === undefined)
    return [{ name: "invoice", ok: null, because: "The period has no invoice yet." }];
  const { batch, check } = batches[invoice.batch] as CheckedBatch;
  const leaf = invoiceLeaf(fromHex(batch.domain), {
    orderKey: invoiceOrderKey(fromHex(invoice.body.pseudonym), BigInt(invoice.run)),
    body: invoiceBodyDigest({
      salt: fromHex(invoice.body.salt),
      pseudonym: fromHex(invoice.body.pseudonym),
      lastChargeNumber: BigInt(invoice.body.lastChargeNumber),
      lastCreditNumber: BigInt(invoice.body.lastCreditNumber),
      creditsNano: BigInt(invoice.body.creditsNano),
      taxNano: BigInt(invoice.body.taxNano),
    }),
    document: invoiceDocumentDigest({
      salt: fromHex(invoice.document.salt),
      documentHash: hashDocument(new TextEncoder().encode(invoice.documentText)),
      closingState: fromHex(invoice.document.closingState),
    }),
    chargesNano: BigInt(invoice.chargesNano),
  });
  const included = checkInclusion(leaf, invoice, batch);
  return [
    { ...checkBook(bundle, batch, 3), name: "invoice-in-book" },
    {
      ...included,
      name: "invoice-included",
      because: included.ok
        ? "The invoice is the one that was committed, to the last character."
        : included.because,
    },
    { ...check, name: "invoice-on-ledger" },
    checkInvoiceLines(bundle),
    checkCommittedBeforeInvoice(bundle, batch),
  ];
}

/** The document's lines are the charges, one for one, and its total is their sum. */
function checkInvoiceLines(bundle: Bundle): Check {
  const name = "invoice-lines";
  const invoice = bundle.invoice as NonNullable<Bundle["invoice"]>;
  try {
    const document = readInvoiceDocument(invoice.documentText);
    const { operator, period, currency } = document;
    const isOfBundle =
      operator.name === bundle.operator.name &&
      operator.member === bundle.operator.id &&
      currency === bundle.currency &&
      canonicalJson(period) === canonicalJson(bundle.period);
    if (!isOfBundle) {
      return fail(name, "The invoice is of another operator, period or currency than the bundle.");
    }
    const sum = bundle.charges.reduce((total, charge) => total + BigInt(charge.amountNano), 0n);
    if (document.lines.length !== bundle.charges.length) {
      return fail(
        name,
        `The invoice has ${document.lines.length} lines; ${bundle.charges.length} charges were committed.`,
      );
    }
    for (const [at, charge] of bundle.charges.entries()) {
      const line = document.lines[at];
      if (
        line?.line !== charge.line ||
        parseDecimalNano(line.amount) !== BigInt(charge.amountNano)
      ) {
        return fail(
          name,
          `Line ${line?.line ?? at + 1} of the invoice asks ${line?.amount}; ${formatNano(BigInt(charge.amountNano), 2)} was committed.`,
        );
      }
    }
    if (parseDecimalNano(document.charges) !== sum || BigInt(invoice.chargesNano) !== sum) {
      return fail(
        name,
        `The invoice's total is ${document.charges}; its lines sum to ${formatNano(sum, 2)}.`,
      );
    }
    return pass(name, "The invoice holds exactly the committed lines, and their sum is its total.");
  } catch (error) {
    if (!(error instanceof TallystickError)) throw error;
    return fail(name, error.message);
  }
}

function checkCommittedBeforeInvoice(bundle: Bundle, invoiceBatch: BundleBatch): Check {
  const name = "committed-before-bill";
  const billed = BigInt(invoiceBatch.blockTime ?? "0");
  const late = bundle.charges.find(
    (charge) => BigInt(bundle.batches[charge.batch]?.blockTime ?? "0") > billed,
  );
  return late === undefined
    ? pass(name, "Every line was committed before the bill was.")
    : fail(name, `Line ${late.line} was committed after the bill.`);
}
