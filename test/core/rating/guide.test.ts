import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { minorUnitDigits } from "../../../node/core/money/currency.ts";
import { formatNano } from "../../../node/core/money/decimal.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";

/** One line of an example: a record and what becomes of it. */
type Example = Partial<UsageRecord> & { costs?: string; suspended?: string };

const GUIDE = readFileSync(new URL("../../../docs/TARIFFS.md", import.meta.url), "utf8");
const EXAMPLES = [...GUIDE.matchAll(/```json tariff\n(.*?)```.*?```ndjson costs\n(.*?)```/gs)].map(
  ([, tariff = "", lines = ""]) => ({
    tariff: JSON.parse(tariff) as { name: string },
    uses: lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Example),
  }),
);

describe("the guide to tariffs", () => {
  it("has its examples", () => {
    assert.equal(EXAMPLES.length, GUIDE.split("```json tariff").length - 1);
    assert.ok(EXAMPLES.length >= 5);
  });

  it("names every code of the check", () => {
    for (const file of ["check", "check-calendar", "check-services"]) {
      const source = readFileSync(
        new URL(`../../../node/core/tariff/${file}.ts`, import.meta.url),
        "utf8",
      );
      for (const [code] of source.matchAll(/tariff\.[a-z]+(-[a-z]+)+(?=")/g)) {
        assert.ok(GUIDE.includes(`\`${code}\``), code);
      }
    }
  });

  for (const { tariff, uses } of EXAMPLES) {
    describe(tariff.name, () => {
      it("is a tariff without a problem", () => {
        assert.deepEqual(checkTariff(tariff).problems, []);
      });
      for (const { costs, suspended, ...use } of uses) {
        it(`${JSON.stringify(use)} is ${costs ?? suspended}`, () => {
          const compiled = compileTariff(tariff);
          const outcome = rateUsage(compiled, {
            id: "example",
            start: "2026-03-02T12:00:00.000Z",
            billable: true,
            ...use,
          } as UsageRecord);
          const digits = minorUnitDigits(compiled.currency);
          assert.equal(
            outcome.outcome === "rated" ? formatNano(outcome.amountNano, digits) : undefined,
            costs,
          );
          assert.equal(outcome.outcome === "suspended" ? outcome.code : undefined, suspended);
        });
      }
    });
  }
});
