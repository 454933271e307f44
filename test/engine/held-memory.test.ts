import assert from "node:assert/strict";
import { FedOperator, heldBytes } from "../../scripts/bench/fed-operator.ts";

const ROWS = 1_000;
/** Between the two the table of records seen does not grow: it doubles behind 8,192 and 16,384 of them. */
const [FIRST, LAST] = [9, 15];
/**
 * Of six files with a tick each: what a file leaves that is compiled or remembered for the next one. An object a
 * record that nobody lets go of would be found, or 55 kB a file.
 */
const HEAP_BYTES_MAX = 327_680;
/** Blocks of what is kept outside of the heap are some larger. */
const EXTERNAL_BYTES_MAX = 524_288;

describe("memory that is held", () => {
  it("does not grow with files and records that were taken in and sealed", async () => {
    const operator = await FedOperator.open(50, { threads: false });
    try {
      for (let file = 0; file < FIRST; file++) await operator.take(ROWS);
      const before = await heldBytes();
      for (let file = FIRST; file < LAST; file++) await operator.take(ROWS);
      const after = await heldBytes();
      const grown = { heap: after.heap - before.heap, external: after.external - before.external };
      assert.ok(grown.heap < HEAP_BYTES_MAX, `the heap grew by ${grown.heap} bytes`);
      assert.ok(grown.external < EXTERNAL_BYTES_MAX, `beside it ${grown.external} bytes`);
    } finally {
      await operator.close();
    }
  });
});
