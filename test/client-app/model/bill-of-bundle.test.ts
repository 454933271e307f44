import assert from "node:assert/strict";
import { billOfBundle } from "../../../client-app/src/model/bill-of-bundle.ts";
import { committedWords, numberWords } from "../../../client-app/src/model/line-facts.ts";
import { proofPoints } from "../../../client-app/src/model/proof-points.ts";
import type { Bundle } from "../../../node/core/evidence/bundle.ts";
import type { LedgerFacts } from "../../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../../node/core/evidence/verify-bundle.ts";
import { sampleBundle } from "../sample-bundle.ts";

const { bundle, seals, tariff } = sampleBundle({ endpoints: [] });
const asked: LedgerFacts = {
  sources: [{ member: "Alder", url: "", finalizedBlock: "1", agrees: true }],
  seals,
  tariffs: { "1": tariff },
};
const dates = { locale: "en-GB", zone: "Europe/Berlin" };
const open = (from: Bundle, facts = asked) =>
  billOfBundle(from, verifyBundle(from, facts), facts, []);

describe("a bill made of an evidence bundle", () => {
  it("tells each line as the bill states it", () => {
    const bill = open(bundle);
    const [first] = bill.lines;
    assert.equal(first?.otherParty, "+498999998221");
    assert.equal(first?.durationMilliseconds, 254_000);
    assert.equal(first?.amountNano, 500_000_000n);
    assert.match(
      first?.evidence?.priceSentences.join(" ") ?? "",
      /254 s are 5 started minutes at 0\.10/,
    );
  });
  it("says when and where a line was recorded, and that this was before the bill", () => {
    const bill = open(bundle);
    const line = bill.lines[9];
    assert.ok(line !== undefined);
    assert.deepEqual(committedWords(line, bill, dates), {
      ok: true,
      words:
        "Recorded on 10 October 2026 at 14:18:01: 21 days before the bill was made. Batch 561, position 27.",
    });
    assert.equal(numberWords(line, bill, String)?.ok, true);
  });
  it("calls a line late that was recorded after the bill", () => {
    const { billedAt, ...bill } = open(bundle);
    const [line] = bill.lines;
    assert.ok(line !== undefined && billedAt !== undefined);
    assert.equal(committedWords(line, { billedAt: 0 }, dates).ok, false);
  });
  it("does not call missing what only nobody could ask for", () => {
    const bill = open(bundle, { sources: [], seals: {}, tariffs: {} });
    assert.ok(bill.lines.every(({ evidence }) => evidence?.verdict === "unconfirmed"));
    assert.deepEqual(
      proofPoints(bill, dates).map(({ ok }) => ok),
      [null, null, null],
    );
  });
  it("says when a line was left out", () => {
    const short = structuredClone(bundle);
    short.charges.splice(3, 1);
    const [, complete] = proofPoints(open(short), dates);
    assert.equal(complete?.ok, false);
  });
  it("links a credit to the line that it corrects", () => {
    const credited = { line: "10", amountNano: 440_000_000n };
    const sample = sampleBundle({ endpoints: [], credited });
    const bill = open(sample.bundle, { ...asked, seals: sample.seals });
    assert.deepEqual(
      bill.credits.map(({ correctsLine, amountNano }) => [correctsLine, amountNano]),
      [["10", 440_000_000n]],
    );
  });
});
