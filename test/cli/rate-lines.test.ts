import assert from "node:assert/strict";
import { boundedParts } from "../../node/cli/rate-lines.ts";

describe("parts of a line of the period's end", () => {
  const parts = Array.from({ length: 10 }, (_, at) => ({
    because: `for ${at}`,
    amountNano: BigInt(at),
  }));

  it("are all there up to the most that is shown", () => {
    assert.equal(boundedParts(parts, 10), parts);
  });

  it("are one for the others beyond it, so that they still sum up", () => {
    const few = boundedParts(parts, 4);
    assert.deepEqual(few.at(-1), { because: "7 more", amountNano: 42n });
    assert.deepEqual(few.slice(0, 3), parts.slice(0, 3));
  });
});
