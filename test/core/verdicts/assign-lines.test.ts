import assert from "node:assert/strict";
import fc from "fast-check";
import { assignLines, type Candidate } from "../../../node/core/verdicts/assign-lines.ts";

const ALONE = 1000;

/** All ways to give rows columns, the plain way. */
function cheapest(rows: Candidate[][], row = 0, taken = new Set<number>()): number {
  const candidates = rows[row];
  if (candidates === undefined) return 0;
  let best = ALONE + cheapest(rows, row + 1, taken);
  for (const { column, cost } of candidates) {
    if (taken.has(column)) continue;
    taken.add(column);
    best = Math.min(best, cost + cheapest(rows, row + 1, taken));
    taken.delete(column);
  }
  return best;
}

const candidates = fc.uniqueArray(fc.record({ column: fc.nat(5), cost: fc.nat(1200) }), {
  selector: ({ column }) => column,
  maxLength: 6,
});

describe("the assignment of lines to entries", () => {
  it("is as cheap as the best of all possible ones", () => {
    fc.assert(
      fc.property(fc.array(candidates, { maxLength: 6 }), (rows) => {
        assert.equal(assignLines(rows, 6, ALONE).cost, cheapest(rows));
      }),
      { numRuns: 500 },
    );
  });

  it("gives no column twice, and only candidates", () => {
    fc.assert(
      fc.property(fc.array(candidates, { maxLength: 6 }), (rows) => {
        const { columns } = assignLines(rows, 6, ALONE);
        const given = columns.filter((column) => column !== undefined);
        assert.equal(new Set(given).size, given.length);
        columns.forEach((column, row) => {
          assert.ok(column === undefined || rows[row]!.some((one) => one.column === column));
        });
      }),
    );
  });

  it("moves an earlier row aside when both then have a column", () => {
    const rows = [
      [
        { column: 0, cost: 1 },
        { column: 1, cost: 5 },
      ],
      [{ column: 0, cost: 2 }],
    ];
    assert.deepEqual(assignLines(rows, 2, ALONE), { columns: [1, 0], cost: 7 });
  });

  it("leaves a row alone where every column costs more", () => {
    assert.deepEqual(assignLines([[{ column: 0, cost: ALONE + 1 }]], 1, ALONE).columns, [
      undefined,
    ]);
  });
});
