import { fromHex, type Hex, toHex } from "../bytes.ts";
import { invoiceDocumentDigest, invoiceOrderKey } from "../commitment/invoice-leaf.ts";
import { hashDocument } from "../hash.ts";
import type { Bundle } from "./bundle.ts";

/**
 * What shows the ledger that the bundle's subscriber owns its pseudonym: arguments of `showByInvoice`
 * (contracts/interfaces/IStandings.sol) by name, integers as decimal strings. Undefined when the bundle
 * holds no invoice on the ledger, or does not show what the pseudonym is made of.
 */
export function invoiceStanding(bundle: Bundle) {
  const { invoice } = bundle;
  const book = bundle.books.find(({ kind }) => kind === 1);
  const batch = invoice && bundle.batches[invoice.batch];
  if (invoice === undefined || batch?.blockTime === undefined) return undefined;
  if (book?.disputeAddress === undefined || book.blind === undefined) return undefined;
  const { salt, closingState } = invoice.document;
  const document = invoiceDocumentDigest({
    salt: fromHex(salt, 32),
    documentHash: hashDocument(new TextEncoder().encode(invoice.documentText)),
    closingState: fromHex(closingState, 32),
  });
  return {
    book: book.domain,
    owner: { disputeAddress: book.disputeAddress, blind: book.blind },
    invoice: {
      invoiceBook: batch.domain,
      sequence: batch.sequence,
      leafIndex: invoice.leafIndex,
      orderKey: toHex(invoiceOrderKey(fromHex(invoice.body.pseudonym, 32), BigInt(invoice.run))),
      body: invoice.body,
      document: toHex(document),
      chargesNano: invoice.chargesNano,
      path: {
        depth: batch.depth,
        siblings: invoice.path,
        totals: batch.totals,
        runningTotals: batch.runningTotals,
        blockTime: batch.blockTime,
      },
    },
  };
}

/** As `invoiceStanding`, by the operator's receipt: arguments of `showByReceipt`. It shows no amounts. */
export function receiptStanding({ books, receipt }: Bundle) {
  const book = books.find(({ kind }) => kind === 1);
  if (receipt === undefined) return undefined;
  if (book?.disputeAddress === undefined || book.blind === undefined) return undefined;
  return {
    book: book.domain,
    owner: { disputeAddress: book.disputeAddress, blind: book.blind },
    receipt,
  };
}

/** The pseudonym of the subscriber in the bundle's book of charges, if the bundle says it. */
export const pseudonymOf = (bundle: Bundle): Hex | undefined =>
  bundle.books.find(({ kind }) => kind === 1)?.pseudonym;
