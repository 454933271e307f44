import assert from "node:assert/strict";
import fc from "fast-check";
import { TallystickError } from "../../../node/core/errors.ts";
import {
  type InvoiceDocument,
  writeInvoiceDocument,
  writeInvoiceOfLines,
} from "../../../node/core/invoice/invoice-document.ts";
import { writeInvoiceCredit, writeInvoiceLine } from "../../../node/core/invoice/invoice-line.ts";

const HEAD: Omit<InvoiceDocument, "lines" | "credits"> = {
  format: "tallystick-invoice",
  version: 1,
  number: "2026-10-000001",
  issuedAt: "2026-11-01T06:00:00.000Z",
  operator: { name: 'Alder "Mobile"', member: "0x01" },
  account: "anna",
  period: { epoch: "2026-10", from: "x", to: "y", zone: "UTC" },
  currency: "EUR",
  charges: "1.00",
  creditsTotal: "0.00",
  tax: "0.00",
  total: "1.00",
};
const decimal = fc.nat().map(String);
const line = fc.record(
  {
    line: decimal,
    device: fc.string({ unit: "grapheme" }),
    service: fc.constantFrom("voice", "data", "other"),
    direction: fc.constantFrom("outgoing", "none"),
    otherParty: fc.string({ unit: "grapheme" }),
    start: fc.constant("2026-10-05T10:00:00.000Z"),
    durationSeconds: decimal,
    octets: decimal,
    units: decimal,
    amount: decimal,
  },
  { requiredKeys: ["line", "device", "service", "direction", "start", "amount"] },
);
const credit = fc.record({
  line: decimal,
  amount: decimal,
  reason: fc.string(),
  invoice: fc.string(),
});

describe("an invoice written line by line", () => {
  it("is the canonical form of the same document, whatever its lines hold", () => {
    fc.assert(
      fc.property(fc.array(line), fc.array(credit), (lines, credits) => {
        const written = writeInvoiceOfLines(
          HEAD,
          lines.map(writeInvoiceLine),
          credits.map(writeInvoiceCredit),
        );
        assert.equal(written, writeInvoiceDocument({ ...HEAD, lines, credits }));
      }),
    );
  });

  it("refuses text that has no one spelling", () => {
    const halfPair = "\ud83d";
    const odd = { line: "1", device: halfPair, service: "voice", direction: "none" };
    assert.throws(
      () => writeInvoiceLine({ ...odd, start: "x", amount: "1" }),
      (error) => error instanceof TallystickError && error.code === "json.not-canonical",
    );
  });
});
