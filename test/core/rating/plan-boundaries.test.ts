import assert from "node:assert/strict";
import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { AccountRater } from "../../../node/core/rating/account-rater.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { RatingState } from "../../../node/core/rating/rating-state.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const EURO = 1_000_000_000n;
const minute = (more: object = {}) => ({
  price: { amount: "1", per: 1, unit: "min" as const },
  increments: { first: 60, further: 60, unit: "s" as const },
  ...more,
});
const event = (more: object) => ({
  service: "event" as const,
  direction: "none" as const,
  ...more,
});
const tiersOver = (over: "account" | "pool", kind: "graduated" | "volume", steps: object[]) =>
  tariffDocument({
    services: [{ service: "event", prices: [{ tiers: { kind, over, unit: "unit", steps } }] }],
  } as object);
const calls = (plan: object, price: object = minute()) =>
  tariffDocument({
    services: [
      { service: "voice", direction: "outgoing", prices: [price] },
      { service: "event", prices: [{ price: { amount: "1", per: 1, unit: "unit" } }] },
    ],
    defaultPlan: "S",
    plans: [{ name: "S", ...plan }],
  } as object);
const minutes = (quantity: number, more: object = {}) => ({
  name: "minutes",
  scope: "account",
  uses: [{ service: "voice" }],
  units: { quantity, unit: "min" },
  ...more,
});

/* Where a plan begins and ends to hold: each of these once broke without a test that told. */
describe("the boundaries of a plan", () => {
  it("leave the set-up fee due where an allowance covers all units, unless it covers that too", () => {
    const price = minute({ setUp: "0.05" });
    const due = accountScene(calls({ allowances: [minutes(10)] }, price));
    assert.equal(due.rate({ durationSeconds: 60 }).amountNano, 50_000_000n);
    const covered = accountScene(calls({ allowances: [minutes(10, { setUp: "covered" })] }, price));
    assert.equal(covered.rate({ durationSeconds: 60 }).amountNano, 0n);
  });

  it("let a device bring its part of a pool only while it belongs to it", () => {
    const pool = minutes(1, { scope: "pool", grantedPer: "device" });
    const { rate } = accountScene(calls({ allowances: [pool] }), [
      {
        id: "a",
        devices: [
          { id: "d1" },
          { id: "gone", to: "2026-03-01" },
          { id: "next", from: "2026-04-01" },
          { id: "last day", from: "2026-03-31" },
        ],
      },
    ]);
    // Two of the four have a day of March.
    assert.equal(rate({ durationSeconds: 180, deviceId: "d1" }).amountNano, EURO);
  });

  it("let a device that is added bring its part at once", () => {
    const pool = minutes(1, { scope: "pool", grantedPer: "device" });
    const tariff = compileTariff(calls({ allowances: [pool] }));
    const periods = new BillingPeriods(tariff.document);
    const account = (...ids: string[]) => [{ id: "a", devices: ids.map((id) => ({ id })) }];
    const directory = AccountDirectory.read(account("d1"), tariff.document, periods);
    const state = new RatingState(tariff.document);
    const rater = new AccountRater(tariff, directory, periods, state);
    const costs = (id: string) => {
      const outcome = rater.rate({
        id,
        service: "voice",
        direction: "outgoing",
        start: "2026-03-05T12:00:00.000Z",
        durationSeconds: 60,
        account: "a",
        deviceId: "d1",
        billable: true,
      });
      return outcome.outcome === "rated" ? outcome.amountNano : outcome.outcome;
    };
    assert.deepEqual([costs("1"), costs("2")], [0n, EURO]);
    directory.prepare(account("d1", "d2"), periods)();
    assert.deepEqual([costs("3"), costs("4")], [0n, EURO]);
  });

  it("count tiers over a pool for all its accounts together", () => {
    const tariff = tiersOver("pool", "graduated", [
      { upTo: 10, price: { amount: "1", per: 1, unit: "unit" } },
      { price: { amount: "0", per: 1, unit: "unit" } },
    ]);
    const { rate } = accountScene(tariff, [{ id: "a" }, { id: "b", pool: "a" }, { id: "c" }]);
    assert.equal(rate(event({ account: "a", units: 6 })).amountNano, 6n * EURO);
    assert.equal(rate(event({ account: "b", units: 6 })).amountNano, 4n * EURO);
    assert.equal(rate(event({ account: "c", units: 6 })).amountNano, 6n * EURO);
  });

  it("keep the maximum of a session over all its records, and of no other", () => {
    const limits = [{ name: "cap", scope: "account", per: "session", maximum: "2.50" }];
    const { rate } = accountScene(calls({ limits }));
    const part = (id: string, sessionId: string) =>
      rate({ id, durationSeconds: 120, sessionId }).amountNano;
    assert.equal(part("1", "s"), 2n * EURO);
    assert.equal(part("2", "s"), EURO / 2n);
    assert.equal(part("3", "s"), 0n);
    assert.equal(part("4", "t"), 2n * EURO);
  });

  it("count for a limit only the uses that it names", () => {
    const limits = [
      { name: "cap", uses: [{ service: "voice" }], scope: "account", per: "day", maximum: "3" },
    ];
    const { rate } = accountScene(calls({ limits }));
    assert.equal(rate(event({ units: 5 })).amountNano, 5n * EURO);
    assert.equal(rate({ durationSeconds: 120 }).amountNano, 2n * EURO);
    assert.equal(rate(event({ units: 5 })).amountNano, 5n * EURO);
    assert.equal(rate({ durationSeconds: 120 }).amountNano, EURO);
  });

  it("mean by a use with a direction only that direction", () => {
    const sold = (direction: string) => ({ service: "voice", direction, prices: [minute()] });
    const { rate } = accountScene(
      tariffDocument({
        services: [sold("outgoing"), sold("incoming")],
        defaultPlan: "S",
        plans: [
          {
            name: "S",
            allowances: [minutes(9, { uses: [{ service: "voice", direction: "incoming" }] })],
          },
        ],
      } as object),
    );
    assert.equal(rate({ direction: "outgoing", durationSeconds: 60 }).amountNano, EURO);
    assert.equal(rate({ direction: "incoming", durationSeconds: 60 }).amountNano, 0n);
  });

  it("charge no fee of a tier for a counter of nothing", () => {
    const tariff = tiersOver("account", "volume", [
      { upTo: 10, price: { amount: "1", per: 1, unit: "unit" }, fee: "5" },
      { price: { amount: "1", per: 1, unit: "unit" } },
    ]);
    const { rate, close } = accountScene(tariff);
    rate(event({ account: "none", units: 0 }));
    rate(event({ account: "one", units: 1 }));
    const totals = close("2026-03-01/2026-04-01").map(({ account, totalNano }) => [
      account,
      totalNano,
    ]);
    assert.deepEqual(totals, [
      ["none", 0n],
      ["one", 6n * EURO],
    ]);
  });

  it("pay with an allowance of an amount only where the amount is what is counted", () => {
    const tariff = tariffDocument({
      services: [
        {
          service: "content",
          direction: "outgoing",
          measure: "amount",
          prices: [{ price: { amount: "0.1", per: 1, unit: "amount" } }],
        },
        { service: "content", prices: [{ price: { amount: "1", per: 1, unit: "unit" } }] },
      ],
      defaultPlan: "S",
      plans: [
        {
          name: "S",
          allowances: [
            {
              name: "first 10",
              scope: "account",
              uses: [{ service: "content" }],
              units: { quantity: 10, unit: "amount" },
            },
          ],
        },
      ],
    });
    const { rate } = accountScene(tariff);
    assert.equal(rate({ ...event({ units: 2 }), service: "content" }).amountNano, 2n * EURO);
    const declaredCharge = { amount: "30", currency: "EUR" };
    assert.equal(rate({ service: "content", declaredCharge }).amountNano, 2n * EURO);
  });

  it("count 60 days of what is granted once by the calendar, over the change of clocks", () => {
    const once = minutes(10, { granted: "once", validDays: 60 });
    const { rate } = accountScene(calls({ allowances: [once] }), [
      { id: "a", plans: [{ plan: "S", from: "2026-03-01" }] },
    ]);
    // Midnight of 30 April in Berlin is 22:00 UTC, an hour earlier than that of 1 March.
    const at = (start: string) => rate({ durationSeconds: 60, start }).amountNano;
    assert.equal(at("2026-04-29T21:59:59.999Z"), 0n);
    assert.equal(at("2026-04-29T22:00:00.000Z"), EURO);
  });
});

describe("the end of a period", () => {
  const MARCH = "2026-03-01/2026-04-01";
  const twoPlans = (s: object, m: object) => ({
    ...calls(s),
    plans: [
      { name: "S", ...s },
      { name: "M", ...m },
    ],
  });
  const CHANGES = [
    {
      id: "a",
      plans: [
        { plan: "S", from: "2026-01-01", to: "2026-03-10" },
        { plan: "M", from: "2026-03-10" },
      ],
    },
  ];

  it("takes discounts, limits and the commitment from the plan that was held last", () => {
    const percent = (name: string) => ({ periodDiscounts: [{ name, percent: "10" }] });
    const { rate, close } = accountScene(
      twoPlans({ ...percent("of S"), commitment: "500" }, percent("of M")),
      CHANGES,
    );
    rate({ durationSeconds: 600, start: "2026-03-02T12:00:00.000Z" });
    const [closed] = close(MARCH);
    assert.deepEqual(
      closed?.lines.map(({ kind, name, amountNano }) => [kind, name, amountNano]),
      [["credit", "of M", EURO]],
    );
  });

  it("counts days of use for the plan that they lie in", () => {
    const daily = (amount: string) => ({
      recurring: [
        { name: amount, amount, per: "account", proration: "none", every: "day", due: "used" },
      ],
    });
    const { rate, close } = accountScene(twoPlans(daily("1"), daily("3")), CHANGES);
    for (const day of ["02", "09", "10", "20", "31"]) {
      rate({ durationSeconds: 60, start: `2026-03-${day}T12:00:00.000Z` });
    }
    const [closed] = close(MARCH);
    assert.deepEqual(
      closed?.lines.map(({ name, amountNano }) => [name, amountNano]),
      [
        ["1", 2n * EURO],
        ["3", 9n * EURO],
      ],
    );
  });

  it("says of an included tax what is in the price, and nothing where nothing is owed", () => {
    const tariff = {
      ...calls({}),
      taxes: [{ name: "VAT", percent: "19", included: true }],
    };
    const { rate, close } = accountScene(tariff);
    rate(event({ account: "a", units: 119 }));
    rate(event({ account: "b", units: 0 }));
    const taxes = close(MARCH).map(({ account, lines, totalNano }) => [
      account,
      totalNano,
      lines.map(({ kind, amountNano }) => [kind, amountNano]),
    ]);
    assert.deepEqual(taxes, [
      ["a", 119n * EURO, [["tax", 19n * EURO]]],
      ["b", 0n, []],
    ]);
  });
});
