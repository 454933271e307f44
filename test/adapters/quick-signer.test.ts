import assert from "node:assert/strict";
import { Wallet } from "ethers";
import { QuickSigner } from "../../node/adapters/quick-signer.ts";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../node/core/evidence/demand-message.ts";
import { INVOICE_TYPES, invoiceDomain } from "../../node/core/evidence/signed-messages.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";

describe("signing quickly", () => {
  it("gives the wallet's own signatures, whatever is signed under whichever domain", async () => {
    const random = new Seeded(11);
    const hex = (length: number): Hex => toHex(random.bytes(length));
    for (let key = 0; key < 2; key++) {
      const wallet = new Wallet(hex(32));
      const quick = await QuickSigner.of(wallet);
      assert.equal(quick.address, wallet.address);
      const domains = [receiptDomain(31_337n, hex(20)), receiptDomain(1n, hex(20))];
      const invoices = invoiceDomain({ chainId: 31_337n, books: hex(20) });
      for (let at = 0; at < 5; at++) {
        const receipt = {
          book: hex(20),
          pseudonym: hex(32),
          lastChargeNumber: BigInt(random.below(1_000_000)),
          issuedAt: BigInt(random.below(2_000_000_000)),
        };
        for (const domain of domains) {
          assert.equal(
            await quick.signTypedData(domain, RECEIPT_TYPES, receipt),
            await wallet.signTypedData(domain, RECEIPT_TYPES, receipt),
          );
        }
        const invoice = { book: hex(20), orderKey: hex(32), documentHash: hex(32) };
        assert.equal(
          await quick.signTypedData(invoices, INVOICE_TYPES, invoice),
          await wallet.signTypedData(invoices, INVOICE_TYPES, invoice),
        );
      }
    }
  });
});
