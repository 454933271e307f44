import assert from "node:assert/strict";
import fc from "fast-check";
import { sortedEntries } from "../../node/engine/intake/sort-entries.ts";

/** Entries that follow from numbers, so that thousands cost no time to make. */
function entriesOf(count: number, step: number, shift: number): Uint32Array {
  const words = new Uint32Array(4 * count);
  for (let at = 0; at < count; at++) {
    const mixed = Math.imul(at + 1, step | 1);
    words.set([(mixed << shift) >>> 0, Math.imul(mixed, 0x85ebca77) >>> 0, at, 1], 4 * at);
  }
  return words;
}

const rowsOf = (words: Uint32Array): number[][] =>
  Array.from({ length: words.length / 4 }, (_, at) => [...words.subarray(4 * at, 4 * at + 4)]);

describe("entries in the order of their fingerprints", () => {
  it("are all of them, by the upper half and then by the lower one, spread evenly or not", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 3_000 })),
        fc.nat({ max: 0xffff_ffff }),
        fc.constantFrom(0, 0, 0, 12, 26),
        (count, step, shift) => {
          const entries = entriesOf(count, step, shift);
          const wanted = rowsOf(entries).sort((a, b) =>
            a[0] === b[0] ? (a[1] ?? 0) - (b[1] ?? 0) : (a[0] ?? 0) - (b[0] ?? 0),
          );
          assert.deepEqual(rowsOf(sortedEntries(entries)), wanted);
        },
      ),
      { numRuns: 60 },
    );
  });
});
