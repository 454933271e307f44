import { toHex } from "../../node/core/bytes.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
} from "../../node/core/commitment/invoice-leaf.ts";
import { at, CALL_NANO, callOf, type Deeds, invoiceOf, owed } from "./made-leaves.ts";
import { bytesOf } from "./named-bytes.ts";
import { hexed } from "./opened-batch.ts";

/** What can be wrong with invoices. */
export const INVOICE_BREACHES: Deeds = {
  chargeAfterInvoice: async (operator) => {
    const charges = await operator.commit("charges", [
      callOf(operator, "billed"),
      callOf(operator, "billed", { chargeNumber: 2n, runningTotalNano: 2n * CALL_NANO }),
    ]);
    const invoices = await operator.commit("invoices", [invoiceOf("billed", 1n, CALL_NANO)]);
    return {
      story: "charges after the invoice",
      ...at(charges, 1),
      ...owed(CALL_NANO),
      opened: charges.openedOwner(1),
      evidence: {
        charge: charges.owner(1),
        invoiceBook: invoices.book,
        invoiceSequence: invoices.sequence,
        invoiceIndex: 0,
        invoice: invoices.invoice(0),
      },
    };
  },
  invoiceTotalWrong: async (operator) => {
    const charges = await operator.commit("charges", [callOf(operator, "overbilled")]);
    const invoice = invoiceOf("overbilled", 1n, CALL_NANO + 9n);
    const invoices = await operator.commit("invoices", [invoice]);
    return {
      story: "asks more on the invoice than was committed",
      ...at(invoices, 0),
      ...owed(9n),
      opened: invoices.openedBody(0),
      evidence: {
        invoice: invoices.invoice(0),
        chargeBook: charges.book,
        chargeSequence: charges.sequence,
        chargeIndex: 0,
        lastCharge: charges.owner(0),
      },
    };
  },
  secondInvoice: async (operator) => {
    const invoices = await operator.commit("invoices", [
      invoiceOf("twice", 1n, CALL_NANO),
      invoiceOf("twice", 1n, CALL_NANO, "2"),
    ]);
    return {
      story: "sends two invoices for one month",
      ...at(invoices, 1),
      ...owed(CALL_NANO),
      opened: invoices.openedBody(1),
      evidence: {
        claimed: invoices.invoice(1),
        beforeBook: invoices.book,
        beforeSequence: invoices.sequence,
        beforeIndex: 0,
        before: invoices.invoice(0),
      },
    };
  },
  invoiceDocumentDiffers: async (operator) => {
    const document = {
      salt: bytesOf("salt of the document"),
      documentHash: bytesOf("the document as committed"),
      closingState: new Uint8Array(32),
    };
    const digest = invoiceDocumentDigest(document);
    const invoice = { ...invoiceOf("papers", 1n, CALL_NANO), document: digest };
    const batch = await operator.commit("invoices", [invoice]);
    const orderKey = toHex(invoice.orderKey);
    const sentHash = toHex(bytesOf("the document as sent"));
    return {
      story: "sends another invoice than it committed",
      ...at(batch, 0),
      ...owed(0n),
      opened: { leaf: batch.leaf(0), salt: toHex(document.salt) },
      evidence: {
        orderKey,
        body: toHex(invoiceBodyDigest(invoice.body)),
        document: hexed(document),
        chargesNano: CALL_NANO,
        path: batch.path(0),
        sentHash,
        ...(await operator.signInvoice(batch.book, orderKey, sentHash)),
      },
    };
  },
};
