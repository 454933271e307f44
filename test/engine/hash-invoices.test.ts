import assert from "node:assert/strict";
import fc from "fast-check";
import { fromHex, toHex } from "../../node/core/bytes.ts";
import { invoiceLeaf } from "../../node/core/commitment/invoice-leaf.ts";
import { invoiceSalts } from "../../node/core/commitment/secrets.ts";
import { hashDocument } from "../../node/core/hash.ts";
import { InvoiceHasher } from "../../node/engine/bill/hash-invoices.ts";
import { leafPartsOfStoredInvoice } from "../../node/engine/bill/stored-invoice-leaf.ts";

const DOMAIN = new Uint8Array(20).fill(5);
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const wide = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const invoice = fc.record({
  epochKey: digest,
  pseudonym: digest,
  lastChargeNumber: number,
  lastCreditNumber: number,
  chargesNano: wide,
  creditsNano: wide,
  taxNano: wide,
  documentText: fc.string(),
});

describe("the hashes of a tile of invoices", () => {
  it("are those of each invoice alone, whatever stood in the tile before", () => {
    const run = 202_610n;
    const hasher = new InvoiceHasher(DOMAIN, run);
    fc.assert(
      fc.property(fc.array(invoice, { maxLength: 6 }), (invoices) => {
        hasher.open(invoices);
        const salts = invoices.map((one, at) => {
          const [body, pseudonym, document] = hasher.opened(at).map(toHex);
          const text = new TextEncoder().encode(one.documentText);
          hasher.place(at, one, hashDocument(text));
          return { body, pseudonym, document };
        });
        hasher.close(invoices.length);
        for (const [at, one] of invoices.entries()) {
          const alone = invoiceSalts(fromHex(one.epochKey, 32), run);
          const [body, document] = [toHex(alone.body), toHex(alone.document)];
          assert.deepEqual(salts[at], { body, pseudonym: one.pseudonym, document });
          const parts = leafPartsOfStoredInvoice({
            run: run.toString(),
            documentText: one.documentText,
            body: {
              salt: body,
              pseudonym: one.pseudonym,
              lastChargeNumber: one.lastChargeNumber.toString(),
              lastCreditNumber: one.lastCreditNumber.toString(),
              creditsNano: one.creditsNano.toString(),
              taxNano: one.taxNano.toString(),
            },
            document: { salt: document, closingState: toHex(new Uint8Array(32)) },
          });
          const leaf = invoiceLeaf(DOMAIN, { ...parts, chargesNano: one.chargesNano });
          assert.deepEqual({ ...hasher.digests(at) }, { ...parts, leaf });
        }
      }),
    );
  });
});
