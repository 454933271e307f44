import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accountLine, periodLine } from "../../../node/cli/rate-lines.ts";
import { minorUnitDigits } from "../../../node/core/money/currency.ts";
import { formatNano } from "../../../node/core/money/decimal.ts";
import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { AccountRater, needsAccounts } from "../../../node/core/rating/account-rater.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { PeriodCloser } from "../../../node/core/rating/close-period.ts";
import { explainComponents } from "../../../node/core/rating/explain.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import { RatingState } from "../../../node/core/rating/rating-state.ts";
import { readUsageLine } from "../../../node/core/rating/usage-line.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import { tariffJsonSchema } from "../../../node/core/tariff/document.ts";

/** One line of an example: a record and what becomes of it. */
type Example = Partial<UsageRecord> & { costs?: string; suspended?: string };

interface GuideExample {
  tariff: { name: string };
  accounts?: unknown;
  uses: Example[];
  closings: { period: string; lines: Record<string, Record<string, unknown>>[] }[];
}

const GUIDE = readFileSync(new URL("../../../docs/TARIFFS.md", import.meta.url), "utf8");

/** The blocks that follow a tariff, up to the next one, are about it. */
const EXAMPLES = readExamples();

function readExamples(): GuideExample[] {
  const examples: GuideExample[] = [];
  for (const [, kind, text = ""] of GUIDE.matchAll(/```((?:nd)?json [^\n]+)\n(.*?)```/gs)) {
    const [what, period = ""] = (kind ?? "").split(" ").slice(1);
    const lines = () =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
    const last = examples.at(-1);
    if (what === "tariff") examples.push({ tariff: JSON.parse(text), uses: [], closings: [] });
    else if (what === "accounts" && last !== undefined) last.accounts = JSON.parse(text);
    else if (what === "costs") last?.uses.push(...lines());
    else if (what === "closes") last?.closings.push({ period, lines: lines() });
  }
  return examples;
}

/** Every field that the guide names; a line may hold more. */
function assertNames(line: object, named: Record<string, Record<string, unknown>>): void {
  for (const [key, fields] of Object.entries(named)) {
    const values = (line as Record<string, Record<string, unknown>>)[key];
    assert.notEqual(values, undefined, `${JSON.stringify(line)} is no ${key}`);
    for (const [field, value] of Object.entries(fields)) {
      assert.deepEqual(values?.[field], value, `${field} of ${JSON.stringify(line)}`);
    }
  }
}

describe("the guide to tariffs", () => {
  it("has its examples", () => {
    assert.equal(EXAMPLES.length, GUIDE.split("```json tariff").length - 1);
    assert.ok(EXAMPLES.length >= 30);
  });

  it("names every code of the check", () => {
    for (const file of [
      "check",
      "check-calendar",
      "check-conditions",
      "check-counters",
      "check-exchange",
      "check-plans",
      "check-services",
      "check-tiers",
    ]) {
      const source = readFileSync(
        new URL(`../../../node/core/tariff/${file}.ts`, import.meta.url),
        "utf8",
      );
      for (const [code] of source.matchAll(/tariff\.[a-z]+(-[a-z]+)+(?=")/g)) {
        assert.ok(GUIDE.includes(`\`${code}\``), code);
      }
    }
  });

  it("names every key and every value of the schema", () => {
    const prose = GUIDE.replace(/```.*?```/gs, "");
    const unnamed = new Set<string>();
    const visit = (part: unknown): void => {
      if (typeof part !== "object" || part === null) return;
      const { properties, enum: values, const: value } = part as Record<string, unknown>;
      const texts = [values, value].flat().filter((one) => typeof one === "string");
      for (const name of [...Object.keys(properties ?? {}), ...texts]) {
        if (!prose.includes(`\`${name}\``)) unnamed.add(name);
      }
      for (const inner of Object.values(part)) visit(inner);
    };
    visit(tariffJsonSchema());
    assert.deepEqual([...unnamed], []);
  });

  it("begins with commands that print what it shows", () => {
    const [, tariff = "", usage = "", printed = ""] =
      /<<'END'\n(.*?)\nEND\necho '([^']+)'.*?```text\n([^\n]+)\n/s.exec(GUIDE) ?? [];
    const line = readUsageLine(usage);
    if (line.kind !== "usage") assert.fail(usage);
    const compiled = compileTariff(JSON.parse(tariff));
    const outcome = rateUsage(compiled, line.record);
    if (outcome.outcome !== "rated") assert.fail(usage);
    const explained = explainComponents(compiled, outcome).join("; ");
    assert.equal(
      `${line.record.id}  ${formatNano(outcome.amountNano, 2)} EUR  ${explained}`,
      printed,
    );
  });

  for (const { tariff, accounts, uses, closings } of EXAMPLES) {
    describe(tariff.name, () => {
      it("is a tariff without a problem", () => {
        assert.deepEqual(checkTariff(tariff).problems, []);
      });

      it("costs what the guide says", () => {
        const compiled = compileTariff(tariff);
        const periods = new BillingPeriods(compiled.document);
        const directory =
          accounts === undefined
            ? new AccountDirectory(compiled.document, true)
            : AccountDirectory.read(accounts, compiled.document, periods);
        const state = new RatingState(compiled.document);
        const rater = new AccountRater(compiled, directory, periods, state);
        const digits = minorUnitDigits(compiled.currency);
        for (const { costs, suspended, ...use } of uses) {
          const record = {
            id: "example",
            start: "2026-03-02T12:00:00.000Z",
            billable: true,
            ...use,
          } as UsageRecord;
          const outcome = needsAccounts(compiled)
            ? rater.rate(record)
            : rateUsage(compiled, record);
          const what = JSON.stringify([use, outcome], (_, value) =>
            typeof value === "bigint" ? String(value) : value,
          );
          if (outcome.outcome === "suspended") assert.equal(outcome.code, suspended, what);
          else if (outcome.outcome === "rated") {
            assert.equal(formatNano(outcome.amountNano, digits), costs, what);
            const parts = outcome.components.reduce((sum, part) => sum + part.amountNano, 0n);
            assert.equal(parts, outcome.amountNano, what);
          } else assert.fail(what);
        }
        const day = (milliseconds: number): string => periods.dayAt(milliseconds);
        const closer = new PeriodCloser(compiled, directory, periods, state);
        for (const { period, lines } of closings) {
          const made = periods
            .within(period)
            .flatMap((one) => [...closer.close(one)])
            .flatMap((closed) => [
              ...closed.lines.map((line) => periodLine(line, compiled.currency, day, digits)),
              accountLine(closed, compiled.currency, day, digits),
            ]);
          assert.equal(made.length, lines.length, JSON.stringify(made, null, 1));
          for (const [index, line] of made.entries()) assertNames(line, lines[index] ?? {});
        }
      });
    });
  }
});
