import { type Hex, toHex } from "../../core/bytes.ts";
import type { TextBytes } from "../../core/invoice/text-bytes.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreReader } from "../store/store.ts";
import { BYTES_HEADER, readBytes, sealBytes } from "../store/stored-bytes.ts";
import type { StoredInvoice } from "../store/stored-types.ts";

/*
 * The codec of an invoice in the store: length of the facts (4 bytes, little-endian), then salt of the
 * body, pseudonym, salt of the document, closing state (32 bytes each), the facts as JSON, and the
 * document's own bytes, which are what was hashed.
 */

const DIGESTS = 4;
const FACTS_AT = 4 + 32 * DIGESTS;
const decoder = new TextDecoder();

/** What of an invoice is kept as JSON. */
export interface InvoiceFacts {
  account: string;
  epoch: string;
  run: string;
  number: string;
  chargesNano: string;
  lastChargeNumber: string;
  lastCreditNumber: string;
  creditsNano: string;
  taxNano: string;
  domain: Hex;
}

/**
 * Appends an invoice's value to `out`.
 * @param digests salt of the body, pseudonym, salt of the document, closing state
 */
export function appendInvoice(
  out: TextBytes,
  facts: InvoiceFacts,
  digests: readonly Uint8Array[],
  document: Uint8Array,
): void {
  const from = out.length;
  out.reserve(BYTES_HEADER + FACTS_AT);
  let at = from + BYTES_HEADER + 4;
  for (const digest of digests) {
    out.bytes.set(digest, at);
    at += 32;
  }
  out.length = at;
  out.text(JSON.stringify(facts));
  const factsBytes = out.length - at;
  const { buffer } = out.bytes;
  new DataView(buffer).setUint32(from + BYTES_HEADER, factsBytes, true);
  out.copy(document);
  sealBytes(out.bytes, from, out.length);
}

/** @throws TallystickError `store.value-damaged` */
export function readInvoice(key: string, value: Uint8Array): StoredInvoice {
  const payload = readBytes(key, value);
  const documentAt = FACTS_AT + new DataView(payload.buffer).getUint32(0, true);
  const { lastChargeNumber, lastCreditNumber, creditsNano, taxNano, domain, ...facts } = JSON.parse(
    decoder.decode(payload.subarray(FACTS_AT, documentAt)),
  ) as InvoiceFacts;
  const digest = (of: number) => toHex(payload.subarray(4 + 32 * of, 4 + 32 * (of + 1)));
  return {
    ...facts,
    documentText: decoder.decode(payload.subarray(documentAt)),
    body: {
      salt: digest(0),
      pseudonym: digest(1),
      lastChargeNumber,
      lastCreditNumber,
      creditsNano,
      taxNano,
    },
    document: { salt: digest(2), closingState: digest(3) },
    domain,
  };
}

export async function getInvoice(
  store: StoreReader,
  account: string,
  epoch: string,
): Promise<StoredInvoice | undefined> {
  const key = keys.invoice(account, epoch);
  const value = await store.get(key);
  return value === undefined ? undefined : readInvoice(key, value);
}
