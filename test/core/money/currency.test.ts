import assert from "node:assert/strict";
import { isCurrency, minorUnitDigits } from "../../../node/core/money/currency.ts";

describe("currencies", () => {
  // ISO 4217:2015, list one.
  for (const [code, digits] of [
    ["EUR", 2],
    ["USD", 2],
    ["JPY", 0],
    ["KWD", 3],
    ["TND", 3],
    ["CLF", 4],
    ["UYW", 4],
    ["ISK", 0],
    ["MGA", 2],
    ["XDR", 0],
  ] as const) {
    it(`know that ${code} has ${digits} decimals`, () => {
      assert.equal(minorUnitDigits(code), digits);
    });
  }

  it("refuse codes that do not exist", () => {
    assert.equal(isCurrency("EUR"), true);
    assert.equal(isCurrency("EUX"), false);
    assert.equal(isCurrency("eur"), false);
    assert.throws(() => minorUnitDigits("EUX"), { code: "currency.unknown" });
  });
});
