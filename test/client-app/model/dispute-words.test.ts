import assert from "node:assert/strict";
import {
  creditNumber,
  DISPUTE_STATES,
  type Dispute,
  disputeOutcome,
  disputeSteps,
} from "../../../client-app/src/model/dispute-words.ts";

const dispute = (more: Partial<Dispute>): Dispute => ({
  id: `0x${"01".repeat(32)}`,
  domain: "0x",
  sequence: "1",
  leafIndex: 0,
  line: "3",
  kind: "mispriced",
  state: "claimed",
  claimedNano: "320000000",
  history: [],
  ...more,
});
const facts = { operator: "Alder", claimed: "€0.32", due: "€0.32", repriced: "€0.18" };

describe("a dispute in words", () => {
  it("tells what the ledger decided, what comes back and in which credit", () => {
    const settled = dispute({ state: "settled", creditLine: "C2026-10-1" });
    assert.equal(
      disputeOutcome(settled, { ...facts, creditedOn: "3 November 2026" }),
      "The ledger priced this call again: €0.18. You get €0.32 back. Credit no. 1 of 3 November 2026.",
    );
  });
  it("has a sentence for every state of both kinds", () => {
    for (const state of DISPUTE_STATES) {
      for (const kind of ["mispriced", "matter-of-fact"] as const) {
        assert.match(disputeOutcome(dispute({ state, kind }), facts), /^[A-Z].+\.$/);
      }
    }
  });
  it("has exactly one step that happens now while it runs, and none when it has ended", () => {
    for (const state of DISPUTE_STATES) {
      const now = disputeSteps(dispute({ state }), "Alder").filter((step) => step.state === "now");
      const ended = ["settled", "refuted", "lapsed"].includes(state);
      assert.equal(now.length, ended ? 0 : 1, state);
    }
  });
  it("needs no judge where the operator agrees", () => {
    const titles = disputeSteps(dispute({ state: "conceded" }), "Alder").map(({ title }) => title);
    assert.deepEqual(titles, ["Dispute sent", "Alder agrees", "Money back as a credit"]);
  });
  it("reads a credit's number out of its line's name", () => {
    assert.equal(creditNumber("C2026-10-12"), "12");
    assert.equal(creditNumber("goodwill"), "goodwill");
  });
});
