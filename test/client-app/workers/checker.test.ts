import assert from "node:assert/strict";
import type { CheckedBill } from "../../../client-app/src/model/checked-bill.ts";
import { billPieces, joinBill } from "../../../client-app/src/workers/bill-pieces.ts";
import { Checker } from "../../../client-app/src/workers/checker.ts";
import type { Bundle } from "../../../node/core/evidence/bundle.ts";
import { sampleBundle } from "../sample-bundle.ts";

const { bundle } = sampleBundle({ endpoints: [] });
const fileOf = (content: string, name = "company.json") => new File([content], name);
const nothing = () => {};

/** The same lines again and again: none of those behind the first ones is in order. */
function largeBundle(lines: number): Bundle {
  const charges = Array.from({ length: lines }, (_, at) => {
    const charge = bundle.charges[at % bundle.charges.length] as Bundle["charges"][number];
    return { ...charge, line: String(at + 1) };
  });
  return { ...bundle, charges };
}

async function opened(checker: Checker, file: File, words: string[] = []): Promise<CheckedBill> {
  const task = { task: "open-file", file, zone: "Europe/Berlin" } as const;
  const result = await checker.run(task, (progress) => words.push(progress.words));
  return "bill" in result ? result.bill : assert.fail("no bill");
}

describe("the checker of the page", () => {
  it("tells evidence from lines without proofs by the file itself", async () => {
    const checker = new Checker();
    const evidence = await opened(checker, fileOf(JSON.stringify(bundle)));
    assert.deepEqual([evidence.kind, evidence.fileName], ["evidence", "company.json"]);
    assert.equal(evidence.lines.length, bundle.charges.length);
    const lines =
      "date,time,number,duration,amount,currency\n2026-10-02,10:00:00,+4930,60,0.10,EUR\n";
    const plain = await opened(checker, fileOf(lines, "lines.csv"));
    assert.deepEqual([plain.kind, plain.lines.length], ["file", 1]);
    await assert.rejects(checker.run({ task: "show-proof", line: "1" }, nothing), {
      code: "page.no-line",
    });
  });

  it("asks the ledger before it judges a large bill, and after that a small one", async () => {
    const judgings = (words: string[]) =>
      words.filter((one, at) => one === "Checking the lines" && words[at - 1] !== one).length;
    for (const [evidence, isAsked] of [
      [bundle, false],
      [largeBundle(5_000), true],
    ] as const) {
      const words: string[] = [];
      const bill = await opened(new Checker(), fileOf(JSON.stringify(evidence)), words);
      assert.equal(bill.lines.length, evidence.charges.length);
      assert.equal(bill.ledger !== undefined, isAsked);
      assert.equal(judgings(words), 1);
    }
  });

  it("shows what the verdict of one line rests on, of the bill that is open", async () => {
    const checker = new Checker();
    await opened(checker, fileOf(JSON.stringify(bundle)));
    const shown = await checker.run({ task: "show-proof", line: "2" }, nothing);
    assert.ok("proof" in shown && shown.proof.checks.some(({ name }) => name === "included"));
    assert.ok(shown.proof.priceSentences.length > 0);
    await assert.rejects(checker.run({ task: "show-proof", line: "none" }, nothing), {
      code: "page.no-line",
    });
  });

  it("sends a bill in pieces that make the same bill", async () => {
    const small = await opened(new Checker(), fileOf(JSON.stringify(bundle)));
    const many = Array.from({ length: 4_500 }, (_, at) => small.lines[at % small.lines.length]);
    const bill = { ...small, lines: many.filter((line) => line !== undefined) };
    const pieces = [...billPieces(bill)];
    const lines = pieces.flatMap((piece) => ("lines" in piece ? [piece.lines] : []));
    assert.deepEqual(
      lines.map(({ length }) => length),
      [2_000, 2_000, 500],
    );
    const last = pieces.at(-1);
    assert.ok(last !== undefined && "bill" in last && last.bill.lines.length === 0);
    assert.deepEqual(joinBill(last.bill, lines), bill);
  });
});
