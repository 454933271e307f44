import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addFractions,
  compareFractions,
  fraction,
  roundFractionToMultiple,
} from "../../../node/core/money/fraction.ts";
import {
  divideDown,
  divideHalfEven,
  divideHalfUp,
  divideRounded,
  divideUp,
  ROUNDING_MODES,
} from "../../../node/core/money/rounding.ts";

describe("rounding", () => {
  const cases = [
    { of: [5n, 2n], halfUp: 3n, halfEven: 2n, up: 3n, down: 2n },
    { of: [7n, 2n], halfUp: 4n, halfEven: 4n, up: 4n, down: 3n },
    { of: [7n, 3n], halfUp: 2n, halfEven: 2n, up: 3n, down: 2n },
    { of: [8n, 3n], halfUp: 3n, halfEven: 3n, up: 3n, down: 2n },
    { of: [6n, 3n], halfUp: 2n, halfEven: 2n, up: 2n, down: 2n },
    { of: [-5n, 2n], halfUp: -3n, halfEven: -2n, up: -3n, down: -2n },
    { of: [0n, 9n], halfUp: 0n, halfEven: 0n, up: 0n, down: 0n },
  ] as const;
  for (const { of, halfUp, halfEven, up, down } of cases) {
    const [numerator, denominator] = of;
    it(`of ${numerator}/${denominator} follows its name`, () => {
      assert.equal(divideHalfUp(numerator, denominator), halfUp);
      assert.equal(divideHalfEven(numerator, denominator), halfEven);
      assert.equal(divideUp(numerator, denominator), up);
      assert.equal(divideDown(numerator, denominator), down);
    });
  }

  it("is never further from the exact value than the mode allows, and odd in its sign", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        fc.constantFrom(...ROUNDING_MODES),
        (numerator, denominator, mode) => {
          const error = divideRounded(numerator, denominator, mode) * denominator - numerator;
          const magnitude = error < 0n ? -error : error;
          if (mode.startsWith("half")) assert.ok(2n * magnitude <= denominator);
          else assert.ok(magnitude < denominator);
          assert.equal(
            divideRounded(-numerator, denominator, mode),
            -divideRounded(numerator, denominator, mode),
          );
        },
      ),
    );
  });
});

describe("fractions", () => {
  it("add and compare without loss", () => {
    const third = fraction(1n, 3n);
    const sum = addFractions(addFractions(third, third), third);
    assert.equal(compareFractions(sum, fraction(1n)), 0);
    assert.equal(compareFractions(third, fraction(333_333_333n, 1_000_000_000n)), 1);
    assert.equal(compareFractions(third, fraction(333_333_334n, 1_000_000_000n)), -1);
  });

  it("round to a multiple of a unit", () => {
    const value = fraction(2_520_666_666_666n, 1000n);
    assert.equal(roundFractionToMultiple(value, 10_000_000n, "half-up"), 2_520_000_000n);
    assert.equal(roundFractionToMultiple(value, 10_000_000n, "up"), 2_530_000_000n);
  });
});
