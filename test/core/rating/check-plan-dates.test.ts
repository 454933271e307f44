import assert from "node:assert/strict";
import { AccountDirectory, planAt } from "../../../node/core/rating/account-directory.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { parseTariff } from "../../../node/core/tariff/check.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

const DOCUMENT = parseTariff(
  tariffDocument({
    plans: [{ name: "S" }, { name: "L" }],
    defaultPlan: "S",
  } as Parameters<typeof tariffDocument>[0]),
);

function read(account: object): AccountDirectory {
  return AccountDirectory.read([{ id: "a", ...account }], DOCUMENT, new BillingPeriods(DOCUMENT));
}

const refused: [string, object, string][] = [
  ["two plans without dates", { plans: [{ plan: "S" }, { plan: "L" }] }, "accounts.plans-overlap"],
  [
    "a plan that begins before another ends",
    {
      plans: [
        { plan: "L", from: "2026-06-30" },
        { plan: "S", to: "2026-07-01" },
      ],
    },
    "accounts.plans-overlap",
  ],
  [
    "one plan twice at a time",
    { plans: [{ plan: "S", from: "2026-01-01" }, { plan: "S" }] },
    "accounts.plans-overlap",
  ],
  [
    "a plan that ends before it begins",
    { plans: [{ plan: "L", from: "2026-03-01", to: "2026-02-01" }] },
    "accounts.dates-reversed",
  ],
  [
    "a device that leaves before it comes",
    { devices: [{ id: "d", from: "2026-03-01", to: "2026-02-01" }] },
    "accounts.dates-reversed",
  ],
  [
    "a device that comes back before it left",
    {
      devices: [
        { id: "d", from: "2026-03-01" },
        { id: "d", to: "2026-03-02" },
      ],
    },
    "accounts.device-twice",
  ],
  ["a device that stands twice", { devices: [{ id: "d" }, { id: "d" }] }, "accounts.device-twice"],
  ["a plan beside plans", { plan: "L", plans: [{ plan: "S" }] }, "accounts.plan-or-plans"],
];

describe("an account's plans", () => {
  for (const [what, account, code] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => read(account), { code }));
  }

  it("takes a device that comes back after it left, or at once", () => {
    const devices = [
      { id: "d", from: "2026-06-01" },
      { id: "d", to: "2026-03-01" },
      { id: "d", from: "2026-03-01", to: "2026-04-01" },
    ];
    assert.equal(read({ devices }).account("a")?.devices.length, 3);
  });

  it("takes one after the other, in any order, with a gap or none", () => {
    const plans = [
      { plan: "L", from: "2026-07-01" },
      { plan: "S", from: "2026-01-01", to: "2026-03-01" },
      { plan: "L", from: "2026-03-01", to: "2026-05-01" },
    ];
    const account = read({ label: "A", plans }).account("a");
    assert.ok(account);
    const planOn = (date: string) => planAt(account, Date.parse(date))?.plan.name;
    assert.equal(planOn("2026-02-28T12:00:00Z"), "S");
    assert.equal(planOn("2026-03-02T12:00:00Z"), "L");
    assert.equal(planOn("2026-06-01T12:00:00Z"), undefined);
    assert.equal(planOn("2026-08-01T12:00:00Z"), "L");
  });
});
