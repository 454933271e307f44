import type { Hex } from "../../core/bytes.ts";
import type { BundleReceipt } from "../../core/evidence/bundle.ts";

export interface ReceiptMessage {
  book: Hex;
  pseudonym: Hex;
  lastChargeNumber: bigint;
  /** Block time in seconds. */
  issuedAt: bigint;
}

export interface Signed {
  signer: Hex;
  signature: Hex;
}

/** With the operator's Commit or Settle key: an EIP-712 signature that the ledger takes. */
export type SignReceipt = (message: ReceiptMessage) => Promise<Signed>;

/** By which an operator stands by the document that it sends as an invoice. */
export interface InvoiceMessage {
  book: Hex;
  orderKey: Hex;
  /** Of the document's bytes as sent. */
  documentHash: Hex;
}

/** With the operator's Commit or Settle key, as the ledger takes it (InvoiceDocumentDiffers.sol). */
export type SignInvoice = (message: InvoiceMessage) => Promise<Signed>;

/**
 * What an operator signs whenever it hands out evidence: that charges of the pseudonym up to a number
 * exist. If it withholds one of them later, its own word shows the ledger that it can be demanded. Only
 * charges whose batch is final are promised: no other can be delivered.
 *
 * @param message of the newest charge whose batch is final, and those before it
 */
export async function issueReceipt(
  message: ReceiptMessage,
  sign: SignReceipt,
): Promise<BundleReceipt> {
  const { signer, signature } = await sign(message);
  return {
    lastChargeNumber: message.lastChargeNumber.toString(),
    issuedAt: message.issuedAt.toString(),
    signer,
    signature,
  };
}
