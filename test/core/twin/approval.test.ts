import assert from "node:assert/strict";
import {
  type ApprovedFacts,
  makeApproval,
  requireApproval,
  requireSameReplay,
} from "../../../node/core/twin/approval.ts";
import { factsOf } from "./signed-approval.ts";

const OLD = `0x${"1".repeat(64)}`;
const NEW = `0x${"2".repeat(64)}`;
const FACTS = factsOf(OLD, NEW);

describe("the approval of a tariff's difference", () => {
  const approval = makeApproval(FACTS);

  it("holds for its two tariffs, also when it was written and read", () => {
    assert.deepEqual(requireApproval(JSON.parse(JSON.stringify(approval)), OLD, NEW), approval);
  });

  it("is of these tariffs alone", () => {
    assert.throws(() => requireApproval(approval, NEW, NEW), { code: "approval.other-tariff" });
    assert.throws(() => requireApproval(approval, OLD, OLD), { code: "approval.other-draft" });
  });

  it("can not be changed", () => {
    const changed = [
      { ...approval, report: "f".repeat(64) },
      { ...approval, draft: OLD },
      { ...approval, usage: { ...approval.usage, records: 4 } },
      { ...approval, sums: { ...approval.sums, after: { EUR: "1.00" } } },
      { ...approval, period: "2026-03-01/2026-04-01" },
    ];
    for (const one of changed) {
      assert.throws(() => requireApproval(one, OLD, NEW), { code: "approval.digest" });
    }
  });

  it("is of a replay in which something had a price", () => {
    const of = (records: number, suspendedBefore: number, suspendedAfter: number) =>
      makeApproval({
        ...FACTS,
        usage: { ...FACTS.usage, records },
        sums: { ...FACTS.sums, suspendedBefore, suspendedAfter },
      });
    for (const [records, before, after] of [
      [0, 0, 0],
      [3, 3, 3],
    ] as const) {
      assert.throws(() => of(records, before, after), { code: "approval.nothing-replayed" });
    }
    for (const [before, after] of [
      [3, 2],
      [2, 3],
    ] as const) {
      requireApproval(of(3, before, after), OLD, NEW);
    }
  });

  it("is refused when it is none", () => {
    const { digest: _, ...undigested } = approval;
    for (const none of [undefined, null, {}, [], "x", undigested, { ...approval, more: 1 }]) {
      assert.throws(() => requireApproval(none, OLD, NEW), { code: "approval.shape" });
    }
  });

  it("names the usage and the sums that a replay must give", () => {
    requireSameReplay(approval, FACTS);
    const other = (changes: Partial<ApprovedFacts>) => () =>
      requireSameReplay(approval, { ...FACTS, ...changes });
    const usage = { sha256: "b".repeat(64), records: 3 };
    assert.throws(other({ usage }), { code: "approval.other-usage" });
    assert.throws(other({ accounts: "c".repeat(64) }), { code: "approval.other-usage" });
    assert.throws(other({ period: "2026-03-01/2026-04-01" }), { code: "approval.other-usage" });
    const sums = { ...FACTS.sums, after: { EUR: "0.91" } };
    assert.throws(other({ sums }), { code: "approval.other-sums" });
    assert.throws(other({ report: "e".repeat(64) }), { code: "approval.other-report" });
  });
});
