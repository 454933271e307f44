import type { Hex } from "../bytes.ts";

/*
 * What people sign beside claims (EIP-712). The contract that checks it is a judge of contracts/breaches;
 * what is signed names the contract of books, which stays.
 */

export interface BooksContract {
  chainId: bigint;
  books: Hex;
}

/** A subscriber allows that both sides of one charge are shown to the ledger: PlanNotAssigned.sol. */
export const CONSENT_TYPES = {
  Consent: [
    { name: "book", type: "bytes20" },
    { name: "sequence", type: "uint64" },
    { name: "leafIndex", type: "uint32" },
  ],
};

/** An operator stands by the document that it sends as an invoice: InvoiceDocumentDiffers.sol. */
export const INVOICE_TYPES = {
  Invoice: [
    { name: "book", type: "bytes20" },
    { name: "orderKey", type: "bytes32" },
    { name: "documentHash", type: "bytes32" },
  ],
};

const domainOf = (name: string, { chainId, books }: BooksContract) => ({
  name,
  version: "1",
  chainId,
  verifyingContract: books,
});

export const consentDomain = (contract: BooksContract) => domainOf("Tallystick Consents", contract);
export const invoiceDomain = (contract: BooksContract) => domainOf("Tallystick Invoices", contract);
