import assert from "node:assert/strict";
import { compareNumbers, normaliseNumber } from "../../../node/core/verdicts/normalise-number.ts";

function compare(a: string, b: string): string {
  return compareNumbers(normaliseNumber(a)!, normaliseNumber(b)!);
}

describe("comparing numbers", () => {
  it("takes notations of one international number for the same", () => {
    assert.equal(compare("+49 171 1234567", "0049 (171) 123-4567"), "same");
    assert.equal(compare("+49 (0)171 1234567", "+491711234567"), "same");
  });

  it("takes a national notation for likely, by its trailing digits", () => {
    assert.equal(compare("0171 1234567", "+491711234567"), "likely");
    assert.equal(compare("(555) 555-0017", "+15555550017"), "likely");
    assert.equal(compare("15555550017", "5555550017"), "likely");
  });

  it("tells numbers apart that end alike only in part", () => {
    assert.equal(compare("+491711234567", "+441711234567"), "different");
    assert.equal(compare("0172 1234567", "+491711234567"), "different");
    assert.equal(compare("234567", "+491711234567"), "different");
  });

  it("compares service numbers whole", () => {
    assert.equal(compare("110", "110"), "same");
    assert.equal(compare("110", "0110"), "different");
  });

  it("compares of a masked number what is shown", () => {
    assert.equal(compare("+49171123xxxx", "+491711234567"), "partial");
    assert.equal(compare("0171123xxxx", "+491711234567"), "partial");
    assert.equal(compare("+49171999xxxx", "+491711234567"), "different");
  });

  it("reads nothing from what has no digits", () => {
    assert.equal(normaliseNumber("anonymous"), undefined);
  });
});
