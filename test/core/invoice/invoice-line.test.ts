import assert from "node:assert/strict";
import fc from "fast-check";
import { TallystickError } from "../../../node/core/errors.ts";
import { writeInvoiceCredit, writeInvoiceLine } from "../../../node/core/invoice/invoice-line.ts";
import { canonicalJson } from "../../../node/core/tariff/canonical-json.ts";

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
  it("has each line and credit in canonical form, whatever it holds", () => {
    fc.assert(
      fc.property(line, credit, (oneLine, oneCredit) => {
        assert.equal(writeInvoiceLine(oneLine), canonicalJson(oneLine));
        assert.equal(writeInvoiceCredit(oneCredit), canonicalJson(oneCredit));
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
