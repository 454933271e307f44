import { fromHex } from "../bytes.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../commitment/invoice-leaf.ts";
import { hashDocument } from "../hash.ts";
import type { Bundle, BundleBatch } from "./bundle.ts";
import { type Check, fail, pass, unknown } from "./check.ts";
import { type CheckedBatch, checkBook, checkInclusion } from "./check-batch.ts";
import { checkInvoiceDocument } from "./check-invoice-document.ts";

export function checkInvoice(bundle: Bundle, batches: CheckedBatch[]): Check[] {
  const { invoice } = bundle;
  if (invoice === undefined) return [unknown("invoice", "There is no invoice of the period yet.")];
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
    ...checkInvoiceDocument(bundle, invoice),
    checkCommittedBeforeInvoice(bundle, batch),
  ];
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
