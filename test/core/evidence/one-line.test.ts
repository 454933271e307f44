import assert from "node:assert/strict";
import { parseBundle } from "../../../node/core/evidence/bundle.ts";
import { neededFacts } from "../../../node/core/evidence/ledger-facts.ts";
import { bundleOfLine } from "../../../node/core/evidence/one-line.ts";
import { verifyBundle } from "../../../node/core/evidence/verify-bundle.ts";
import { EPOCH, MemoryOperator, runOctober } from "../../http/memory-operator.ts";

describe("one line of a bundle", () => {
  let operator: MemoryOperator;
  before(async () => {
    operator = await MemoryOperator.start();
    await runOctober(operator);
    const bundle = await operator.pipeline.evidence("bert", EPOCH);
    const dear = bundle.charges.find(({ amountNano }) => amountNano === "600000000");
    await operator.credit(bundle, dear?.line ?? "", 350_000_000n);
    await operator.commit();
  });
  after(() => operator.stop());

  it("is judged as among all lines, by the batches that it needs", async () => {
    const bundle = await operator.pipeline.evidence("bert", EPOCH);
    const facts = operator.facts(bundle);
    const whole = verifyBundle(bundle, facts);
    assert.ok(whole.lines.some(({ verdict }) => verdict === "corrected"));
    for (const [at, charge] of bundle.charges.entries()) {
      const alone = bundleOfLine(bundle, charge);
      parseBundle(JSON.stringify(alone));
      assert.ok(alone.charges.length <= 2);
      assert.ok(neededFacts(alone).seals.length < neededFacts(bundle).seals.length);
      const { lines } = verifyBundle(alone, operator.facts(alone));
      assert.deepEqual(lines.at(-1), whole.lines[at]);
    }
  });

  it("is read alone from the store, with what judges it", async () => {
    const bundle = await operator.pipeline.evidence("bert", EPOCH);
    const whole = verifyBundle(bundle, operator.facts(bundle));
    for (const [at, { line }] of bundle.charges.entries()) {
      const alone = await operator.pipeline.evidence("bert", EPOCH, Number(line));
      parseBundle(JSON.stringify(alone));
      assert.ok(alone.charges.length <= 2 && alone.invoice === undefined);
      assert.ok(alone.batches.length < bundle.batches.length);
      const { lines } = verifyBundle(alone, operator.facts(alone));
      assert.deepEqual(lines.at(-1), whole.lines[at]);
    }
    const beyond = operator.pipeline.evidence("bert", EPOCH, bundle.charges.length + 1);
    await assert.rejects(beyond, { code: "evidence.nothing" });
  });

  it("is refused as among all lines when it was changed, or its seal is another one", async () => {
    const bundle = await operator.pipeline.evidence("bert", EPOCH);
    const charge = bundle.charges[1] ?? assert.fail("there is a second line");
    const alone = bundleOfLine(bundle, charge);
    const facts = operator.facts(alone);
    const dearer = structuredClone(alone);
    const line = dearer.charges.at(-1) ?? assert.fail("the line is there");
    line.amountNano = "1";
    assert.equal(verifyBundle(dearer, facts).lines.at(-1)?.verdict, "proof-invalid");
    const absent = { ...facts, seals: {} };
    assert.equal(verifyBundle(alone, absent).lines.at(-1)?.verdict, "not-committed");
  });
});
