import assert from "node:assert/strict";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

type BillingPeriod = NonNullable<TariffDocument["billingPeriod"]>;

function periodOf(billingPeriod: BillingPeriod | undefined, instant: string): string {
  const document = tariffDocument(billingPeriod === undefined ? {} : { billingPeriod });
  const periods = new BillingPeriods(document);
  const { from, to } = periods.at(Date.parse(instant));
  // The period before it ends where it begins, and holds the same instants however it is asked for.
  assert.equal(periods.before({ from, to }).to, from);
  assert.deepEqual(new BillingPeriods(document).at(to - 1), { from, to });
  return `${periods.dayAt(from)}/${periods.dayAt(to)}`;
}

const cases: [string, BillingPeriod | undefined, string, string][] = [
  ["a month", undefined, "2026-03-31T21:59:59Z", "2026-03-01/2026-04-01"],
  [
    "the next month, at midnight in Berlin",
    undefined,
    "2026-03-31T22:00:00Z",
    "2026-04-01/2026-05-01",
  ],
  [
    "a month from the 15th",
    { every: "month", startDay: 15 },
    "2026-03-14T12:00:00Z",
    "2026-02-15/2026-03-15",
  ],
  [
    "a month from the 15th on it",
    { every: "month", startDay: 15 },
    "2026-03-15T12:00:00Z",
    "2026-03-15/2026-04-15",
  ],
  ["a leap day", { every: "day" }, "2028-02-29T12:00:00Z", "2028-02-29/2028-03-01"],
  ["a day of 23 hours", { every: "day" }, "2026-03-29T12:00:00Z", "2026-03-29/2026-03-30"],
  ["a week, on its Sunday", { every: "week" }, "2026-03-08T12:00:00Z", "2026-03-02/2026-03-09"],
  [
    "a week, on its Monday",
    { every: "week" },
    "2026-03-02T00:00:00+01:00",
    "2026-03-02/2026-03-09",
  ],
  ["a week over the new year", { every: "week" }, "2026-01-01T12:00:00Z", "2025-12-29/2026-01-05"],
  ["a quarter", { every: "quarter" }, "2026-03-31T12:00:00Z", "2026-01-01/2026-04-01"],
  ["the next quarter", { every: "quarter" }, "2026-04-01T12:00:00Z", "2026-04-01/2026-07-01"],
  [
    "a quarter that began last year",
    { every: "quarter", startMonth: 2 },
    "2026-01-31T12:00:00Z",
    "2025-11-01/2026-02-01",
  ],
  [
    "the same, whichever quarter is named",
    { every: "quarter", startMonth: 11 },
    "2026-01-31T12:00:00Z",
    "2025-11-01/2026-02-01",
  ],
  [
    "a quarter from the 10th",
    { every: "quarter", startDay: 10 },
    "2026-04-09T12:00:00Z",
    "2026-01-10/2026-04-10",
  ],
  ["a year", { every: "year" }, "2026-12-31T12:00:00Z", "2026-01-01/2027-01-01"],
  [
    "a year from April, before it",
    { every: "year", startMonth: 4 },
    "2026-03-31T12:00:00Z",
    "2025-04-01/2026-04-01",
  ],
  [
    "a year from April, in it",
    { every: "year", startMonth: 4 },
    "2026-04-01T12:00:00Z",
    "2026-04-01/2027-04-01",
  ],
  [
    "a year from the 6th of April",
    { every: "year", startMonth: 4, startDay: 6 },
    "2026-04-05T12:00:00Z",
    "2025-04-06/2026-04-06",
  ],
];

describe("billing periods", () => {
  for (const [what, billingPeriod, instant, expected] of cases) {
    it(`hold ${what}`, () => assert.equal(periodOf(billingPeriod, instant), expected));
  }

  it("are named by where they begin and end, several in a row", () => {
    const quarters = new BillingPeriods(tariffDocument({ billingPeriod: { every: "quarter" } }));
    assert.equal(quarters.within("2026-01-01/2027-01-01").length, 4);
    assert.throws(() => quarters.within("2026-01-01/2026-02-01"), {
      code: "period.not-a-billing-period",
    });
  });
});
