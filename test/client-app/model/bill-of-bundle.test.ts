import assert from "node:assert/strict";
import { disputedNanoOf, verdictOf } from "../../../client-app/src/model/bill-line-view.ts";
import { billOfBundle, proofOfLine } from "../../../client-app/src/model/bill-of-bundle.ts";
import { committedWords, numberWords } from "../../../client-app/src/model/line-facts.ts";
import { proofPoints } from "../../../client-app/src/model/proof-points.ts";
import { linesOfBundle } from "../../../client-app/src/workers/compare-bill.ts";
import { toHex } from "../../../node/core/bytes.ts";
import { chargeGroupDigest } from "../../../node/core/commitment/charge-groups.ts";
import { type Bundle, isClosed } from "../../../node/core/evidence/bundle.ts";
import { chargeFromJson } from "../../../node/core/evidence/group-json.ts";
import type { LedgerFacts } from "../../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../../node/core/evidence/verify-bundle.ts";
import { sampleBundle } from "../sample-bundle.ts";

const { bundle, seals, tariff } = sampleBundle({ endpoints: [] });
const asked: LedgerFacts = {
  sources: [{ member: "Alder", url: "", finalizedBlock: "1", agrees: true }],
  seals,
  tariffs: { "1": tariff },
  maxRecordAgeSeconds: "2592000",
};
const dates = { locale: "en-GB", zone: "Europe/Berlin" };
const open = (from: Bundle, facts = asked) =>
  billOfBundle(from, verifyBundle(from, facts), facts, []);
const proofOf = (line: string, from = bundle, facts = asked) =>
  proofOfLine(from, verifyBundle(from, facts), line) ?? assert.fail("no such line");

describe("a bill made of an evidence bundle", () => {
  it("tells each line as the bill states it", () => {
    const bill = open(bundle);
    const [first] = bill.lines;
    assert.equal(first?.otherParty, "+498999998221");
    assert.equal(first?.durationMilliseconds, 254_000);
    assert.equal(first?.amountNano, 500_000_000n);
  });
  it("tells of each line what its verdict rests on", () => {
    const [first] = open(bundle).lines;
    const { checks, priceSentences } = proofOf(first?.line ?? "");
    assert.match(priceSentences.join(" "), /254 s are 5 started minutes at 0\.10/);
    assert.deepEqual(
      checks.map(({ ok }) => ok),
      checks.map(() => true),
    );
    assert.equal(proofOfLine(bundle, verifyBundle(bundle, asked), "no such line"), undefined);
  });
  it("names the checks that could not be made, the same ones by one list", () => {
    const facts = { sources: [], seals: {}, tariffs: {} };
    const report = verifyBundle(bundle, facts);
    const unasked = billOfBundle(bundle, report, facts, []);
    const lists = new Set(unasked.lines.map(({ evidence }) => evidence?.open));
    assert.ok(lists.size < unasked.lines.length / 2, `${lists.size} lists`);
    for (const { line, evidence } of unasked.lines) {
      const open = proofOfLine(bundle, report, line)
        ?.checks.filter(({ ok }) => ok === null)
        .map(({ name }) => name);
      assert.deepEqual(evidence?.open, open);
    }
  });
  it("says when and where a line was recorded, and that this was before the bill", () => {
    const bill = open(bundle);
    const line = bill.lines[9];
    assert.ok(line !== undefined);
    assert.deepEqual(committedWords(line, proofOf(line.line), bill, dates), {
      ok: true,
      words:
        "Recorded on 10 October 2026 at 14:18:01: 21 days before the bill was made. Batch 561, position 27.",
    });
    assert.equal(numberWords(line, proofOf(line.line), bill, String)?.ok, true);
  });
  it("calls a line late that was recorded after the bill", () => {
    const { billedAt, ...bill } = open(bundle);
    const [line] = bill.lines;
    assert.ok(line !== undefined && billedAt !== undefined);
    assert.equal(committedWords(line, proofOf(line.line), { billedAt: 0 }, dates).ok, false);
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
  it("says nothing good of what was not checked", () => {
    const closed = structuredClone(bundle);
    for (const one of closed.charges) {
      if (isClosed(one.charge)) continue;
      one.charge = { digest: toHex(chargeGroupDigest(chargeFromJson(one.charge))) };
    }
    const bill = open(closed);
    assert.ok(bill.lines.every((line) => verdictOf(line) === "not-checked"));
    const [recorded, , priced] = proofPoints(bill, dates);
    assert.deepEqual([recorded?.ok, priced?.ok], [true, null]);
    assert.match(priced?.words ?? "", /26 prices could not be checked/);
  });
  it("does not call complete what has no bill that says how much there is", () => {
    const { invoice: _, ...cut } = structuredClone(bundle);
    cut.charges.splice(10);
    const bill = open(cut);
    assert.deepEqual(
      proofPoints(bill, dates).map(({ ok }) => ok === true),
      [false, false, false],
    );
    const [first] = bill.lines;
    assert.ok(first !== undefined);
    assert.equal(numberWords(first, proofOf(first.line, cut), bill, String)?.ok, null);
    const none = proofPoints(open({ ...cut, charges: [], batches: [], tariffs: [] }), dates);
    assert.ok(none.every(({ ok }) => ok !== true));
  });
  it("shows times and zones that no calendar knows, without breaking", () => {
    const strange = structuredClone(bundle);
    strange.period.zone = "Mars/Olympus";
    const [first] = strange.charges;
    if (first !== undefined && !isClosed(first.charge)) first.charge.start = "18446744073709551615";
    const bill = open(strange);
    assert.equal(bill.zone, "UTC");
    assert.equal(bill.lines[0]?.start, undefined);
    assert.equal(linesOfBundle(bill)[0], undefined);
  });
  it("gives back what proven credits do", () => {
    const wrong = open(bundle).lines.find(({ evidence }) => evidence?.verdict === "price-differs");
    const asked10 = { line: wrong?.line ?? "", amountNano: disputedNanoOf(wrong!) };
    const sample = sampleBundle({ endpoints: [], credited: asked10 });
    const bill = open(sample.bundle, { ...asked, seals: sample.seals });
    const line = bill.lines.find((one) => one.line === wrong?.line);
    assert.equal(line?.evidence?.returnedNano, asked10.amountNano);
    assert.equal(verdictOf(line!), "corrected");
    const unproven = open(sample.bundle);
    assert.equal(
      verdictOf(unproven.lines.find((one) => one.line === wrong?.line)!),
      "price-differs",
    );
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
