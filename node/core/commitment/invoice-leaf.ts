import { PackedBytes } from "../bytes.ts";
import { hash } from "../hash.ts";
import { PROTOCOL_VERSION, TAG } from "./tags.ts";

/** What an invoice's leaf binds (docs/PROTOCOL.md, section 7). */
export interface InvoiceBody {
  salt: Uint8Array;
  /** The subscriber's pseudonym in the charge book. */
  pseudonym: Uint8Array;
  lastChargeNumber: bigint;
  lastCreditNumber: bigint;
  creditsNano: bigint;
  taxNano: bigint;
}

export interface InvoiceDocument {
  salt: Uint8Array;
  /** keccak-256 of the bytes of the invoice as sent. */
  documentHash: Uint8Array;
  closingState: Uint8Array;
}

function start(tag: number): PackedBytes {
  return new PackedBytes().unsigned(tag, 1).unsigned(PROTOCOL_VERSION, 1);
}

export function invoiceBodyDigest(body: InvoiceBody): Uint8Array {
  return hash(
    start(TAG.invoiceBody)
      .raw(body.salt, 32)
      .raw(body.pseudonym, 32)
      .unsigned(body.lastChargeNumber, 8)
      .unsigned(body.lastCreditNumber, 8)
      .unsigned(body.creditsNano, 16)
      .unsigned(body.taxNano, 16),
  );
}

export function invoiceDocumentDigest(document: InvoiceDocument): Uint8Array {
  return hash(
    start(TAG.invoiceDocument)
      .raw(document.salt, 32)
      .raw(document.documentHash, 32)
      .raw(document.closingState, 32),
  );
}

/** Leaves of a run are strictly increasing by this key, so that a second invoice is provable. */
export function invoiceOrderKey(pseudonym: Uint8Array, run: bigint): Uint8Array {
  return hash(start(TAG.orderKey).raw(pseudonym, 32).unsigned(run, 8).done());
}

export interface InvoiceLeafParts {
  orderKey: Uint8Array;
  body: Uint8Array;
  document: Uint8Array;
  chargesNano: bigint;
}

export function invoiceLeaf(domain: Uint8Array, parts: InvoiceLeafParts): Uint8Array {
  return hash(
    start(TAG.invoiceLeaf)
      .raw(domain, 20)
      .raw(parts.orderKey, 32)
      .raw(parts.body, 32)
      .raw(parts.document, 32)
      .unsigned(parts.chargesNano, 16),
  );
}
