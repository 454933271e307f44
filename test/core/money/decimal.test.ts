import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatDecimalScaled,
  formatNano,
  parseDecimalNano,
  parseDecimalScaled,
} from "../../../node/core/money/decimal.ts";

describe("decimal strings", () => {
  it("become nano-units exactly", () => {
    assert.equal(parseDecimalNano("0.10"), 100_000_000n);
    assert.equal(parseDecimalNano("0.000000001"), 1n);
    assert.equal(parseDecimalNano("12"), 12_000_000_000n);
    assert.equal(parseDecimalNano("-0.5"), -500_000_000n);
    assert.equal(parseDecimalNano("9007199254740993.000000001"), 9007199254740993000000001n);
    assert.equal(parseDecimalNano("1.2000000000"), 1_200_000_000n);
  });

  it("show at least the decimals that are asked for, and more where needed", () => {
    assert.equal(formatNano(100_000_000n, 2), "0.10");
    assert.equal(formatNano(617_250n, 2), "0.00061725");
    assert.equal(formatNano(12_000_000_000n), "12");
    assert.equal(formatNano(-1n, 2), "-0.000000001");
    assert.equal(formatNano(0n, 2), "0.00");
  });

  for (const [text, code] of [
    ["1e3", "decimal.not-a-decimal"],
    ["NaN", "decimal.not-a-decimal"],
    ["Infinity", "decimal.not-a-decimal"],
    ["", "decimal.not-a-decimal"],
    ["1.", "decimal.not-a-decimal"],
    [".5", "decimal.not-a-decimal"],
    ["+1", "decimal.not-a-decimal"],
    ["1,5", "decimal.not-a-decimal"],
    [" 1", "decimal.not-a-decimal"],
    ["0x10", "decimal.not-a-decimal"],
    ["1\n", "decimal.not-a-decimal"],
    ["0.0000000001", "decimal.too-fine"],
    ["1".repeat(200), "decimal.too-long"],
  ] as const) {
    it(`refuse ${JSON.stringify(text.slice(0, 12))} with ${code}`, () => {
      assert.throws(() => parseDecimalNano(text), { code });
    });
  }

  it("refuse a number where a string belongs", () => {
    assert.throws(() => parseDecimalNano(1.5 as unknown as string), {
      code: "decimal.not-a-decimal",
    });
  });

  it("come back as they went in, at every scale", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 128n), max: 2n ** 128n }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 9 }),
        (value, digits, decimalsMin) => {
          const text = formatDecimalScaled(value, digits, Math.min(decimalsMin, digits));
          assert.equal(parseDecimalScaled(text, digits), value);
        },
      ),
    );
  });
});
