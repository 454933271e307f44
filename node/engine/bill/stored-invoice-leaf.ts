import { fromHex } from "../../core/bytes.ts";
import type { BatchLeaf } from "../../core/commitment/batch-commitment.ts";
import {
  invoiceBodyDigest,
  invoiceDocumentDigest,
  invoiceLeaf,
  invoiceOrderKey,
} from "../../core/commitment/invoice-leaf.ts";
import { hashDocument } from "../../core/hash.ts";
import type { StoredInvoice, StoredInvoiceLeaf } from "../store/stored-types.ts";

/** The parts of an invoice's leaf, always computed from what opens it. */
export function leafPartsOfStoredInvoice(
  invoice: Pick<StoredInvoice, "run" | "documentText" | "body" | "document">,
) {
  const { body, document, documentText } = invoice;
  const pseudonym = fromHex(body.pseudonym, 32);
  return {
    orderKey: invoiceOrderKey(pseudonym, BigInt(invoice.run)),
    body: invoiceBodyDigest({
      salt: fromHex(body.salt, 32),
      pseudonym,
      lastChargeNumber: BigInt(body.lastChargeNumber),
      lastCreditNumber: BigInt(body.lastCreditNumber),
      creditsNano: BigInt(body.creditsNano),
      taxNano: BigInt(body.taxNano),
    }),
    document: invoiceDocumentDigest({
      salt: fromHex(document.salt, 32),
      documentHash: hashDocument(new TextEncoder().encode(documentText)),
      closingState: fromHex(document.closingState, 32),
    }),
  };
}

export const leafOfStoredInvoice = (domain: Uint8Array, invoice: StoredInvoice): Uint8Array =>
  invoiceLeaf(domain, {
    ...leafPartsOfStoredInvoice(invoice),
    chargesNano: BigInt(invoice.chargesNano),
  });

export function batchLeafOfInvoice(domain: Uint8Array, entry: StoredInvoiceLeaf): BatchLeaf {
  const amountNano = BigInt(entry.chargesNano);
  const leaf = invoiceLeaf(domain, {
    orderKey: fromHex(entry.orderKey, 32),
    body: fromHex(entry.body, 32),
    document: fromHex(entry.document, 32),
    chargesNano: amountNano,
  });
  return { leaf, amountNano, start: 0n };
}
