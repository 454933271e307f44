import assert from "node:assert/strict";
import {
  type BillLineView,
  disputedNanoOf,
  disputeKindOf,
  type LineEvidence,
  objectedNanoOf,
  verdictOf,
  wordsOf,
} from "../../../client-app/src/model/bill-line-view.ts";
import { filterLines, filtersOf, summarise } from "../../../client-app/src/model/bill-summary.ts";

const evidence = (verdict: LineEvidence["verdict"], expectedNano?: bigint): LineEvidence => ({
  verdict,
  open: [],
  sequence: 1n,
  position: 1,
  leafIndex: 0,
  domain: "0x",
  root: "0x",
  ...(expectedNano === undefined ? {} : { expectedNano }),
});
const line = (name: string, more: Partial<BillLineView> = {}): BillLineView => ({
  line: name,
  start: 0,
  service: "voice",
  direction: "outgoing",
  amountNano: 500n,
  evidence: evidence("committed", 500n),
  ...more,
});
const device = (verdict: "matched" | "duration-differs" | "undecided", disputedNano = 0n) => ({
  verdict,
  because: "",
  disputedNano,
});

describe("the verdict of a line", () => {
  it("is the log's where the proof holds, and the proof's where it does not", () => {
    assert.equal(verdictOf(line("1")), "committed");
    assert.equal(verdictOf(line("1", { device: device("matched") })), "matched");
    const broken = { evidence: evidence("proof-invalid"), device: device("matched") };
    assert.equal(verdictOf(line("1", broken)), "proof-invalid");
  });
  it("waits where the ledger could not be asked, unless the log can say something", () => {
    assert.equal(verdictOf(line("1", { evidence: evidence("unconfirmed") })), "unconfirmed");
    const both = { evidence: evidence("unconfirmed"), device: device("duration-differs", 100n) };
    assert.equal(verdictOf(line("1", both)), "duration-differs");
  });
  it("is not in order because a log agrees, where something was not checked", () => {
    for (const verdict of ["unconfirmed", "not-checked"] as const) {
      const agreed = line("1", { evidence: evidence(verdict), device: device("matched") });
      assert.equal(verdictOf(agreed), verdict);
      assert.equal(wordsOf(agreed).tone, "open");
    }
  });
  it("disputes only what a credit has not given back, and claims the whole", () => {
    const partly = { ...evidence("committed", 500n), returnedNano: 60n };
    const rest = line("1", { evidence: partly, device: device("duration-differs", 100n) });
    assert.equal(disputedNanoOf(rest), 40n);
    assert.equal(objectedNanoOf(rest), 100n);
    assert.equal(verdictOf(rest), "duration-differs");
  });
  it("disputes what is above the right price, and never a price that is too low", () => {
    assert.equal(disputedNanoOf(line("1", { evidence: evidence("price-differs", 180n) })), 320n);
    const cheap = line("1", { evidence: evidence("price-differs", 700n) });
    assert.equal(disputedNanoOf(cheap), 0n);
    assert.equal(disputeKindOf(cheap), undefined);
    assert.equal(wordsOf(cheap).tone, "review");
  });
  it("does not add up what tariff and log object to", () => {
    const both = {
      evidence: evidence("price-differs", 180n),
      device: device("duration-differs", 400n),
    };
    assert.equal(disputedNanoOf(line("1", both)), 400n);
  });
  it("goes to the ledger for a price, to people for a fact, nowhere without a place", () => {
    assert.equal(
      disputeKindOf(line("1", { evidence: evidence("price-differs", 1n) })),
      "mispriced",
    );
    const fact = line("1", { device: device("duration-differs", 100n) });
    assert.equal(disputeKindOf(fact), "matter-of-fact");
    assert.equal(disputeKindOf(line("1", { evidence: evidence("not-committed") })), undefined);
  });
});

describe("the summary of a bill", () => {
  const lines = [
    line("1", { device: device("matched") }),
    line("2", { device: device("duration-differs", 100n) }),
    line("3", { evidence: evidence("price-differs", 180n), device: device("matched") }),
    line("4", { device: device("undecided") }),
  ];
  it("counts each line once and sums what it asks too much", () => {
    const summary = summarise(lines);
    assert.deepEqual(summary.byTone, { wrong: 2, review: 0, open: 1, right: 1 });
    assert.equal(summary.totalNano, 2000n);
    assert.equal(summary.disputedNano, 420n);
  });
  it("takes a line that a proven credit makes good for in order, with money back", () => {
    const corrected = { ...evidence("corrected", 180n), returnedNano: 320n };
    const fact = { ...evidence("committed", 500n), returnedNano: 100n };
    const [first, second, third, ...rest] = lines;
    const summary = summarise([
      first!,
      { ...second!, evidence: fact },
      { ...third!, evidence: corrected },
      ...rest,
    ]);
    assert.deepEqual(summary.byTone, { wrong: 0, review: 0, open: 1, right: 3 });
    assert.equal(summary.byVerdict.corrected, 2);
    assert.equal(summary.disputedNano, 0n);
    assert.equal(summary.returnedNano, 420n);
  });
  it("offers a filter for each verdict that occurs, and for all that is wrong", () => {
    assert.deepEqual(filtersOf(summarise(lines)), [
      { filter: "all", count: 4 },
      { filter: "wrong", count: 2 },
      { filter: "price-differs", count: 1 },
      { filter: "duration-differs", count: 1 },
      { filter: "undecided", count: 1 },
      { filter: "matched", count: 1 },
    ]);
    const wrong = filterLines(lines, "wrong").map((one) => one.line);
    assert.deepEqual(wrong, ["2", "3"]);
  });
});
