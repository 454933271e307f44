import assert from "node:assert/strict";
import { type Concluded, conclusionInWords } from "../../node/cli/verify-conclusion.ts";

const GOOD: Concluded = {
  ok: true,
  isContradicted: false,
  source: "rpc",
  report: {
    lines: [{ verdict: "committed" }],
    credits: [],
    bundleChecks: [{ name: "books", ok: true }],
  },
};
const NO_BILL = [
  { name: "complete", ok: null },
  { name: "invoice", ok: null },
];

describe("the last words of verify", () => {
  const words = (changes: Partial<Concluded["report"]>, others: Partial<Concluded> = {}) =>
    conclusionInWords({ ...GOOD, ok: false, ...others, report: { ...GOOD.report, ...changes } });

  it("say that everything holds only where it was all checked, by others' end points", () => {
    assert.equal(conclusionInWords(GOOD), "Everything holds.");
    const own = conclusionInWords({ ...GOOD, source: "bundle" });
    assert.match(own, /by the word of those whom the file names/);
  });

  it("say of a month without a bill that nothing fails, and what is missing", () => {
    const told = words({ bundleChecks: NO_BILL });
    assert.match(told, /^Nothing fails, .*no bill of the month/);
    assert.doesNotMatch(told, /complete|holds/);
    assert.match(words({ bundleChecks: NO_BILL }, { source: "bundle" }), /itself names/);
  });

  it("say how many lines, and which checks, could not be made", () => {
    const told = words({
      lines: [{ verdict: "not-checked" }, { verdict: "corrected" }],
      bundleChecks: [{ name: "pseudonym", ok: null }],
    });
    assert.match(told, /^Nothing fails, .*1 line in part; pseudonym\.$/);
  });

  it("say that not everything holds where anything fails, whatever else is missing", () => {
    for (const verdict of ["price-differs", "not-committed", "proof-invalid"]) {
      const told = words({ lines: [{ verdict }], bundleChecks: NO_BILL });
      assert.match(told, /^NOT everything holds/);
      assert.match(words({ credits: [{ verdict }] }), /^NOT everything holds/);
    }
    assert.match(words({ bundleChecks: [{ name: "books", ok: false }] }), /^NOT everything/);
    assert.match(words({ bundleChecks: NO_BILL }, { isContradicted: true }), /^NOT everything/);
  });
});
