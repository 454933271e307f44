import assert from "node:assert/strict";
import { type Bundle, parseBundle } from "../../../node/core/evidence/bundle.ts";
import type { LedgerFacts } from "../../../node/core/evidence/ledger-facts.ts";
import { verifyBundle } from "../../../node/core/evidence/verify-bundle.ts";
import type { InvoiceDocument } from "../../../node/core/invoice/invoice-document.ts";
import { EPOCH, MemoryOperator, runOctober } from "../../http/memory-operator.ts";
import { committedLie, rewriteInvoice } from "./lying-operator.ts";

type Lie = (bundle: Bundle) => void;

const written =
  (rewrite: (document: InvoiceDocument) => void): Lie =>
  (bundle) =>
    rewriteInvoice(bundle, rewrite);

const bodySays =
  (fields: Partial<NonNullable<Bundle["invoice"]>["body"]>): Lie =>
  (bundle) =>
    void Object.assign(bundle.invoice!.body, fields);

const line = (fields: Partial<InvoiceDocument["lines"][number]>, at = 0): Lie =>
  written(({ lines }) => void Object.assign(lines[at]!, fields));

const OTHER_LINES: [string, Lie][] = [
  ["number", line({ line: "7" })],
  ["amount", line({ amount: "0.21" })],
  ["service", line({ service: "sms" })],
  ["direction", line({ direction: "incoming" })],
  ["start", line({ start: "2026-10-05T10:01:00.000Z" })],
  ["start that is none", line({ start: "yesterday" })],
  ["duration", line({ durationSeconds: "62" })],
  ["octets", line({ octets: "25000001" }, 3)],
  ["units", line({ units: "2" }, 1)],
  ["other party", line({ otherParty: "+493023125009" })],
  [
    "currency",
    written((document) => {
      document.currency = "USD";
    }),
  ],
  [
    "account",
    written((document) => {
      document.account = "";
    }),
  ],
  [
    "zone",
    written((document) => {
      document.period.zone = "UTC";
    }),
  ],
  [
    "month",
    written((document) => {
      document.period.epoch = "2026-11";
    }),
  ],
  [
    "operator",
    written((document) => {
      document.operator.name = "Birch Telecom";
    }),
  ],
  ["line left out", written((document) => void document.lines.pop())],
  [
    "second total for those who read the first",
    (bundle) => {
      const text = bundle.invoice!.documentText;
      bundle.invoice!.documentText = text.replace('"total":', '"total":"99.00","total":');
    },
  ],
];

const credit = { line: "C1", amount: "0.10", reason: "goodwill", invoice: "x" };

const OTHER_TOTALS: [string, Lie][] = [
  [
    "charges",
    written((document) => {
      document.charges = "99.00";
    }),
  ],
  [
    "total",
    written((document) => {
      document.total = "99.00";
    }),
  ],
  [
    "total that is no number",
    written((document) => {
      document.total = "much";
    }),
  ],
  [
    "tax",
    written((document) => {
      document.tax = "0.10";
    }),
  ],
  [
    "sum of credits",
    written((document) => {
      document.creditsTotal = "0.10";
    }),
  ],
  ["credit without its sum", written(({ credits }) => void credits.push(credit))],
  ["committed tax", bodySays({ taxNano: "1" })],
  ["committed credits", bodySays({ creditsNano: "1" })],
  ["committed number of credits", bodySays({ lastCreditNumber: "1" })],
  [
    "committed charges",
    (bundle) => {
      bundle.invoice!.chargesNano = "1";
    },
  ],
];

describe("the invoice beside the committed facts", () => {
  let operator: MemoryOperator;
  let honest: Bundle;
  let facts: LedgerFacts;

  before(async () => {
    operator = await MemoryOperator.start();
    await runOctober(operator);
    honest = parseBundle(JSON.stringify(await operator.pipeline.evidence("anna", EPOCH)));
    facts = operator.facts(honest);
  });
  after(() => operator.stop());

  const failing = (lie: Lie): string[] => {
    const told = committedLie(honest, facts, lie);
    const report = verifyBundle(told.bundle, told.facts);
    assert.equal(
      report.ok,
      report.bundleChecks.every(({ ok }) => ok === true),
    );
    return report.bundleChecks.filter(({ ok }) => ok === false).map(({ name }) => name);
  };

  it("holds where it says what was committed", () => {
    assert.deepEqual(
      failing(() => {}),
      [],
    );
  });

  for (const [what, lie] of OTHER_LINES) {
    it(`does not hold when its lines tell another ${what}`, () => {
      assert.deepEqual(failing(lie), ["invoice-lines"]);
    });
  }

  for (const [what, lie] of OTHER_TOTALS) {
    it(`does not hold when it asks by another ${what}`, () => {
      assert.deepEqual(failing(lie), ["invoice-totals"]);
    });
  }

  it("does not hold when it is no invoice at all", () => {
    assert.deepEqual(
      failing((bundle) => {
        bundle.invoice!.documentText = "{}";
      }),
      ["invoice-lines", "invoice-totals"],
    );
  });

  it("has to list the credits of its period, with their numbers and amounts", async () => {
    const scene = await MemoryOperator.start();
    try {
      await runOctober(scene);
      const before = parseBundle(JSON.stringify(await scene.pipeline.evidence("anna", EPOCH)));
      await scene.credit(before, "1", 50_000_000n);
      await scene.commit();
      const bundle = parseBundle(JSON.stringify(await scene.pipeline.evidence("anna", EPOCH)));
      const totals = (lie: Lie): boolean | null | undefined => {
        const told = committedLie(bundle, scene.facts(bundle), lie);
        const { bundleChecks } = verifyBundle(told.bundle, told.facts);
        return bundleChecks.find(({ name }) => name === "invoice-totals")?.ok;
      };
      // As if the credit had been given before the bill was run.
      const given =
        (amount: string, number = "C1"): Lie =>
        (told) => {
          told.credits[0]!.line = `C${EPOCH}-1`;
          told.invoice!.body.lastCreditNumber = "1";
          told.invoice!.body.creditsNano = `${Number(amount) * 1e9}`;
          rewriteInvoice(told, (document) => {
            document.credits.push({ ...credit, line: number, amount });
            document.creditsTotal = amount;
            document.total = (0.9 - Number(amount)).toFixed(2);
          });
        };
      assert.equal(
        totals(() => {}),
        true,
      );
      assert.equal(totals(given("0.05")), true);
      assert.equal(totals(given("0.04")), false);
      assert.equal(totals(given("0.05", "C2")), false);
      assert.equal(
        totals((told) => {
          told.credits[0]!.line = `C${EPOCH}-1`;
        }),
        false,
      );
    } finally {
      await scene.stop();
    }
  });
});
