import assert from "node:assert/strict";
import {
  type BillProgress,
  billLeft,
  billProgressInWords,
  billStandsInWords,
} from "../../node/cli/bill-progress.ts";

const at = (done: number, share: number, running = true): BillProgress => ({
  period: "2026-10",
  phase: "compose",
  running,
  accounts: { done, all: 1_000_000 },
  share,
});

describe("the progress of a bill in words", () => {
  it("tells rate and time left from what changed since the first look", () => {
    const left = billLeft(at(100_000, 0.2), at(340_000, 0.4), 24);
    assert.deepEqual(left, { accountsPerSecond: 10_000, secondsLeft: 72 });
    const words = billProgressInWords(at(340_000, 0.4), left);
    assert.match(words, /340,000 of 1,000,000 accounts, 40 %, 10,000 a second, 72 s left$/);
  });

  it("tells neither before anything changed", () => {
    assert.deepEqual(billLeft(at(0, 0.1), at(0, 0.1), 3), {});
    assert.deepEqual(billLeft(at(0, 0.1), at(0, 0.2), 0), {});
    assert.deepEqual(billLeft(at(0, 0.1), at(0, 0.2), 5), { secondsLeft: 40 });
  });

  it("says of an interrupted bill how it goes on, of a running one what it does", () => {
    assert.match(billStandsInWords(at(340_000, 0.4, false)), /tallystick bill 2026-10$/);
    assert.match(billStandsInWords(at(340_000, 0.4)), /accounts, writing invoices$/);
  });
});
