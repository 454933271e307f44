import { strict as assert } from "node:assert";
import fc from "fast-check";
import { treeDepth } from "../../../node/core/commitment/inclusion-tree.ts";
import { sumNode, sumTreeRoot } from "../../../node/core/commitment/sum-tree.ts";
import { TallystickError } from "../../../node/core/errors.ts";

describe("sum tree", () => {
  it("carries exactly the sum of all amounts", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(0n, 2n ** 100n), { maxLength: 200 }), (amounts) => {
        const root = sumTreeRoot(amounts, treeDepth(amounts.length, 5));
        assert.equal(
          root.sumNano,
          amounts.reduce((sum, amount) => sum + amount, 0n),
        );
      }),
      { numRuns: 50 },
    );
  });

  it("changes its root when an amount moves from one chunk to another", () => {
    const amounts = Array.from({ length: 64 }, () => 10n);
    const moved = [...amounts];
    moved[0] = 9n;
    moved[63] = 11n;
    assert.notDeepEqual(sumTreeRoot(amounts, 6).digest, sumTreeRoot(moved, 6).digest);
    assert.equal(sumTreeRoot(amounts, 6).sumNano, sumTreeRoot(moved, 6).sumNano);
  });

  it("refuses a sum of more than 128 bits and a negative amount", () => {
    const overflow = (error: unknown) =>
      error instanceof TallystickError && error.code === "commitment.sum-overflow";
    const half = 2n ** 127n;
    assert.throws(() => sumTreeRoot([half, half], 5), overflow);
    assert.throws(() => sumTreeRoot([-1n], 5), overflow);
    const node = { digest: new Uint8Array(32), sumNano: half };
    assert.throws(() => sumNode(node, node), overflow);
  });
});
