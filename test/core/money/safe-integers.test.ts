import assert from "node:assert/strict";
import fc from "fast-check";
import { divideDown, divideRounded, ROUNDING_MODES } from "../../../node/core/money/rounding.ts";
import {
  floorDivideSafe,
  greatestCommonDivisor,
  roundUpSafe,
  SAFE_MAX,
} from "../../../node/core/money/safe-integers.ts";

describe("safe integers", () => {
  it("divide as bigints do, up to their bound", () => {
    const nearMultiple = fc
      .tuple(fc.integer({ min: 1, max: SAFE_MAX }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([b, share]): [number, number] => {
        const k = Math.floor((SAFE_MAX / b) * share);
        return [Math.max(0, k * b - 1), b];
      });
    fc.assert(
      fc.property(nearMultiple, ([a, b]) => {
        assert.equal(BigInt(floorDivideSafe(a, b)), divideDown(BigInt(a), BigInt(b)));
      }),
      { numRuns: 1000 },
    );
  });

  it("round as bigints do, ties included", () => {
    for (const mode of ROUNDING_MODES) {
      for (let a = 0; a <= 24; a++) {
        for (let b = 1; b <= 8; b++) {
          const quotient = floorDivideSafe(a, b);
          const rounded = quotient + (roundUpSafe(mode, quotient, a - quotient * b, b) ? 1 : 0);
          assert.equal(
            BigInt(rounded),
            divideRounded(BigInt(a), BigInt(b), mode),
            `${a}/${b} ${mode}`,
          );
        }
      }
    }
  });

  it("have a greatest common divisor", () => {
    assert.equal(greatestCommonDivisor(84, 60), 12);
    assert.equal(greatestCommonDivisor(7, 60), 1);
  });
});
