import assert from "node:assert/strict";
import { Wallet } from "ethers";
import { QuickSigner } from "../../node/adapters/quick-signer.ts";
import { type Hex, toHex } from "../../node/core/bytes.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../node/core/evidence/demand-message.ts";
import { INVOICE_TYPES, invoiceDomain } from "../../node/core/evidence/signed-messages.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { hasCode } from "../engine/engine-scene.ts";

describe("signing quickly", () => {
  it("gives the wallet's own signatures, whatever is signed under whichever domain", async () => {
    const random = new Seeded(11);
    const hex = (length: number): Hex => toHex(random.bytes(length));
    for (let key = 0; key < 2; key++) {
      const wallet = new Wallet(hex(32));
      const quick = new QuickSigner(wallet);
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

  it("signs what has other fields as the wallet does, and no number beyond its type", async () => {
    const wallet = Wallet.createRandom();
    const quick = new QuickSigner(new Wallet(wallet.privateKey));
    const domain = receiptDomain(1n, `0x${"12".repeat(20)}`);
    const types = {
      Note: [
        { name: "text", type: "string" },
        { name: "to", type: "address" },
      ],
    };
    const value = { text: "of any length", to: wallet.address };
    assert.equal(
      await quick.signTypedData(domain, types, value),
      await wallet.signTypedData(domain, types, value),
    );
    const receipt = {
      book: `0x${"0b".repeat(20)}`,
      pseudonym: `0x${"0c".repeat(32)}`,
      issuedAt: 1n,
    };
    for (const lastChargeNumber of [1n << 64n, -1n]) {
      const signing = quick.signTypedData(domain, RECEIPT_TYPES, { ...receipt, lastChargeNumber });
      await assert.rejects(signing);
    }
    const short = { ...receipt, book: "0x0b", lastChargeNumber: 1n };
    const signing = quick.signTypedData(domain, RECEIPT_TYPES, short);
    await assert.rejects(signing, hasCode("bytes.wrong-length"));
  });
});
