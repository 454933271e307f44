import assert from "node:assert/strict";
import { SeenIds } from "../../node/cli/seen-ids.ts";

describe("the ids of a run", () => {
  it("are known again after the table has grown, with the line that had them first", () => {
    const seen = new SeenIds();
    const count = 20_000;
    for (let line = 1; line <= count; line++) {
      assert.equal(seen.add(`id-${line}`, `text ${line}`, line), undefined);
    }
    for (let line = 1; line <= count; line++) {
      assert.deepEqual(seen.add(`id-${line}`, `text ${line}`, count + line), {
        line,
        differs: false,
      });
    }
    assert.deepEqual(seen.add("id-7", "other", 1), { line: 7, differs: true });
  });
});
