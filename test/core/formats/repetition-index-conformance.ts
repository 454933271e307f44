import assert from "node:assert/strict";
import fc from "fast-check";
import type { RepetitionIndex } from "../../../node/core/formats/repetition-index.ts";

/** What every index of keys seen must do, wherever it keeps them. */
export function repetitionIndexConformance(open: () => RepetitionIndex): void {
  it("counts keys that were there before, and names the first place of each", () => {
    const index = open();
    ["a", "b", "a", "c", "a", "b"].forEach((key, i) => {
      index.add(key, i + 1);
    });
    assert.deepEqual(index.finish(2), {
      count: 3,
      first: [
        { position: 3, firstPosition: 1 },
        { position: 5, firstPosition: 1 },
      ],
    });
  });

  it("agrees with a plain list", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 60 }), (keys) => {
        const index = open();
        keys.forEach((key, i) => {
          index.add(String(key), i + 1);
        });
        const repeated = keys.flatMap((key, i) =>
          keys.indexOf(key) < i ? [{ position: i + 1, firstPosition: keys.indexOf(key) + 1 }] : [],
        );
        assert.deepEqual(index.finish(5), { count: repeated.length, first: repeated.slice(0, 5) });
      }),
      { numRuns: 20 },
    );
  });

  it("can be given up, also after it was finished", () => {
    const index = open();
    index.add("a", 1);
    index.discard();
    index.discard();
    const finished = open();
    finished.finish(1);
    finished.discard();
  });
}
