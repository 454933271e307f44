import assert from "node:assert/strict";
import { parseArguments } from "../../scripts/test/arguments.ts";
import { countHardhat, countMocha, countOne, sumLine } from "../../scripts/test/counts.ts";

describe("test runner", () => {
  it("reads mocha's closing lines", () => {
    const output = "  ✔ says 7 passing\n\n  12 passing (3s)\n  2 pending\n  1 failing\n\n  1) x\n";
    assert.deepEqual(countMocha(output, 1), { passed: 12, failed: 1, skipped: 2 });
  });

  it("reads hardhat's closing lines", () => {
    const output = "  Ran 3 tests\n\n  5 passing\n  1 failing\n  2 skipped\n";
    assert.deepEqual(countHardhat(output, 1), { passed: 5, failed: 1, skipped: 2 });
  });

  it("takes a runner that crashed or ran nothing for a failure", () => {
    assert.equal(countMocha("  3 passing (1s)\n", 1).failed, 1);
    assert.equal(countMocha("", 0).failed, 1);
    assert.equal(countHardhat("Error: no compiler\n", 1).failed, 1);
    assert.equal(countOne("", 2).failed, 1);
    assert.equal(countOne("", 0).passed, 1);
  });

  it("adds up to one line, the skipped only when there are any", () => {
    const counts = { passed: 2, failed: 0, skipped: 0 };
    assert.equal(sumLine([counts, { passed: 3, failed: 1, skipped: 0 }]), "5 passed, 1 failed");
    assert.equal(sumLine([{ ...counts, skipped: 4 }]), "2 passed, 0 failed, 4 skipped");
  });

  it("knows its groups, and takes anything else for files of mocha", () => {
    assert.deepEqual(parseArguments(["--only", "types", "--only=lint"]).only, ["types", "lint"]);
    assert.deepEqual(parseArguments(["test/a.test.ts"]), {
      only: ["mocha"],
      files: ["test/a.test.ts"],
    });
    assert.ok(parseArguments(["--only", "colour"]).wrong);
    assert.ok(parseArguments(["--only"]).wrong);
    assert.ok(parseArguments(["--fast"]).wrong);
  });
});
