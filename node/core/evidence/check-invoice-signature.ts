import { fromHex, type Hex, toHex } from "../bytes.ts";
import { invoiceOrderKey } from "../commitment/invoice-leaf.ts";
import { hashDocument } from "../hash.ts";
import { recoverSigner } from "../recover-signer.ts";
import type { Bundle, BundleInvoice } from "./bundle.ts";
import { type Check, fail, pass } from "./check.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import { INVOICE_TYPES, invoiceDomain } from "./signed-messages.ts";

const NAME = "invoice-signed";

/**
 * That the operator stands by the document as it was sent: EIP-712, docs/PROTOCOL.md, section 10. With
 * the document alone, without the ledger's commitment, this is what shows whose invoice it is.
 * @returns undefined where the invoice is not signed, or nobody says whose key it is (a key that was
 *   rotated since is nobody's): the commitment shows whose the document is, and this adds nothing then
 */
export function checkInvoiceSignature(bundle: Bundle, facts: LedgerFacts): Check | undefined {
  const { invoice } = bundle;
  if (invoice?.signed === undefined) return undefined;
  const { signer, signature } = invoice.signed;
  const book = bundle.batches[invoice.batch]?.domain as Hex;
  if (recoverSigner(digestOf(bundle, book, invoice), signature) !== signer) {
    return fail(NAME, `The signature is not one of this invoice by the key ${signer}.`);
  }
  const member = facts.keys?.[signer];
  if (member === undefined) return undefined;
  return member === bundle.operator.id
    ? pass(NAME, `${bundle.operator.name} signed it as it was sent.`)
    : fail(NAME, "It is signed by a key of another member.");
}

/** As `TypedData.digest` of the contracts. */
function digestOf({ ledger }: Bundle, book: Hex, { body, run, documentText }: BundleInvoice) {
  const { name, version, chainId, verifyingContract } = invoiceDomain({
    chainId: BigInt(ledger.chainId),
    books: ledger.contracts.books,
  });
  const separator = hashWords([
    textHash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
    textHash(name),
    textHash(version),
    chainId.toString(16).padStart(64, "0"),
    verifyingContract.slice(2).padStart(64, "0"),
  ]);
  const fields = INVOICE_TYPES.Invoice.map((field) => `${field.type} ${field.name}`).join(",");
  const orderKey = invoiceOrderKey(fromHex(body.pseudonym, 32), BigInt(run));
  const message = hashWords([
    textHash(`Invoice(${fields})`),
    book.slice(2).padEnd(64, "0"),
    toHex(orderKey).slice(2),
    textHash(documentText),
  ]);
  return hashDocument(fromHex(`0x1901${separator}${message}`));
}

const textHash = (text: string): string =>
  toHex(hashDocument(new TextEncoder().encode(text))).slice(2);

const hashWords = (words: readonly string[]): string =>
  toHex(hashDocument(fromHex(`0x${words.join("")}`))).slice(2);
