import assert from "node:assert/strict";
import { checkTariff } from "../../../node/core/tariff/check.ts";
import type {
  TariffDocument,
  TariffPlan,
  TariffPrice,
} from "../../../node/core/tariff/document.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "./tariff-fixture.ts";

type Tiers = NonNullable<TariffPrice["tiers"]>;

const EACH = { amount: "0.10", per: 1, unit: "unit" } as const;
const GRADUATED: Tiers = {
  kind: "graduated",
  over: "account",
  unit: "unit",
  steps: [{ upTo: 10, price: EACH }, { price: EACH }],
};
const sms = (tiers: object, more: object = {}): Partial<TariffDocument> => ({
  services: [
    {
      service: "sms",
      direction: "outgoing",
      prices: [{ ...more, tiers: { ...GRADUATED, ...tiers } }],
    },
  ],
});
const twoPrices = (a: object, b: object): Partial<TariffDocument> => ({
  services: [
    { service: "sms", prices: [{ tiers: { ...GRADUATED, ...a } }] },
    { service: "event", prices: [{ tiers: { ...GRADUATED, ...b } }] },
  ],
});
const voice = (price: object, more: object = {}): Partial<TariffDocument> =>
  ({
    services: [{ service: "voice", direction: "outgoing", prices: [price], ...more }],
  }) as Partial<TariffDocument>;
const FEE = { name: "fee", per: "account", proration: "none" };
const plan = (parts: object): Partial<TariffDocument> => ({
  plans: [{ name: "S", ...parts } as TariffPlan],
});
const minutes = { name: "m", scope: "account", uses: [{ service: "voice" }] };
const seconds = (upTo: number | undefined) => ({
  ...(upTo === undefined ? {} : { upTo }),
  price: { amount: "1", per: 1, unit: "s" },
});

const TIERS = "/services/0/prices/0/tiers";
const ALLOWANCE = "/plans/0/allowances/0";

const PACKAGE = { amount: "1", per: 4, unit: "unit" } as const;

/** What must be refused: a change of the valid document, the code, and the place. */
const refused: [string, object, string, string][] = [
  ["a price and tiers", sms({}, { price: EACH }), "tariff.price-or-tiers", "/services/0/prices/0"],
  [
    "neither",
    voice({ increments: PER_STARTED_MINUTE.increments }),
    "tariff.price-or-tiers",
    "/services/0/prices/0",
  ],
  [
    "tiers of minutes for messages",
    sms({ unit: "min" }),
    "tariff.unit-does-not-fit",
    `${TIERS}/unit`,
  ],
  [
    "a volume over a session",
    sms({ kind: "volume", over: "session" }),
    "tariff.tiers-do-not-fit",
    TIERS,
  ],
  [
    "a counter over a session",
    sms({ over: "session", counter: "c" }),
    "tariff.tiers-do-not-fit",
    TIERS,
  ],
  ["two packages", sms({ kind: "package" }), "tariff.tiers-do-not-fit", TIERS],
  [
    "a volume with a set-up fee",
    sms({ kind: "volume" }, { setUp: "1" }),
    "tariff.tiers-do-not-fit",
    TIERS,
  ],
  [
    "a tier that ends before the one before it",
    sms({ steps: [{ upTo: 10, price: EACH }, { upTo: 10, price: EACH }, { price: EACH }] }),
    "tariff.tier-out-of-order",
    `${TIERS}/steps/1/upTo`,
  ],
  [
    "a last tier with an end",
    sms({ steps: [{ upTo: 10, price: EACH }] }),
    "tariff.tier-out-of-order",
    `${TIERS}/steps/0/upTo`,
  ],
  [
    "a fee of a package",
    sms({ kind: "package", steps: [{ price: EACH, fee: "1" }] }),
    "tariff.tier-cost",
    `${TIERS}/steps/0`,
  ],
  [
    "a package and a price in one step",
    sms({ steps: [{ price: EACH, package: PACKAGE }] }),
    "tariff.tier-cost",
    `${TIERS}/steps/0`,
  ],
  [
    "a step that costs nothing it says",
    sms({ steps: [{ upTo: 8, package: PACKAGE }, {}] }),
    "tariff.tier-cost",
    `${TIERS}/steps/1`,
  ],
  [
    "a package of a stair",
    sms({ kind: "stair-step", steps: [{ fee: "1", package: PACKAGE }] }),
    "tariff.tier-cost",
    `${TIERS}/steps/0`,
  ],
  [
    "a package within a package",
    sms({ kind: "package", steps: [{ package: PACKAGE }] }),
    "tariff.tier-cost",
    `${TIERS}/steps/0`,
  ],
  [
    "a tier that ends within a package",
    sms({ steps: [{ upTo: 8, price: EACH }, { upTo: 18, package: PACKAGE }, { price: EACH }] }),
    "tariff.tier-not-on-package",
    `${TIERS}/steps/1/upTo`,
  ],
  [
    "a package in another unit",
    sms({ steps: [{ package: { ...PACKAGE, unit: "s" } }] }),
    "tariff.unit-does-not-fit",
    `${TIERS}/steps/0/package/unit`,
  ],
  [
    "a stair without a fee",
    sms({ kind: "stair-step", steps: [{}] }),
    "tariff.tier-cost",
    `${TIERS}/steps/0`,
  ],
  [
    "a tier that ends within an increment",
    voice({
      increments: { first: 60, further: 60, unit: "s" },
      tiers: {
        kind: "graduated",
        over: "session",
        unit: "s",
        steps: [seconds(90), seconds(undefined)],
      },
    }),
    "tariff.tier-not-on-increment",
    `${TIERS}/steps/0/upTo`,
  ],
  [
    "bands at the increments of messages",
    { services: [{ service: "sms", bandsAt: "increment-start", prices: [{ price: EACH }] }] },
    "tariff.bands-need-time",
    "/services/0/bandsAt",
  ],
  [
    "increments that change with the band",
    {
      calendar: { bands: [{ name: "n", when: [{ from: "20:00" }] }], otherwise: "d" },
      services: [
        {
          service: "voice",
          bandsAt: "increment-start",
          prices: [
            { ...PER_STARTED_MINUTE, bands: ["n"] },
            {
              ...PER_STARTED_MINUTE,
              bands: ["d"],
              increments: { first: 60, further: 1, unit: "s" },
            },
          ],
        },
      ],
    },
    "tariff.increments-differ",
    "/services/0/prices/1/increments",
  ],
  [
    "a counter of accounts and devices",
    twoPrices({ counter: "c" }, { counter: "c", over: "device" }),
    "tariff.counter-differs",
    "/services/1/prices/0/tiers/counter",
  ],
  [
    "a volume that shares its counter",
    twoPrices({ counter: "c" }, { counter: "c", kind: "volume" }),
    "tariff.counter-shared",
    "/services/1/prices/0/tiers/counter",
  ],
  [
    "a default plan that is not there",
    { defaultPlan: "XL" },
    "tariff.plan-unknown",
    "/defaultPlan",
  ],
  [
    "two plans of one name",
    { plans: [{ name: "S" }, { name: "S" }] },
    "tariff.name-twice",
    "/plans/1/name",
  ],
  [
    "an allowance of what is not sold",
    plan({ allowances: [{ ...minutes, uses: [{ service: "mms" }], money: "1" }] }),
    "tariff.use-unknown",
    `${ALLOWANCE}/uses/0`,
  ],
  [
    "an allowance of units and money",
    plan({ allowances: [{ ...minutes, money: "1", units: { quantity: 1, unit: "min" } }] }),
    "tariff.units-or-money",
    ALLOWANCE,
  ],
  [
    "an allowance of octets for calls",
    plan({ allowances: [{ ...minutes, units: { quantity: 1, unit: "MB" } }] }),
    "tariff.unit-does-not-fit",
    `${ALLOWANCE}/units`,
  ],
  [
    "a cap in money for units",
    plan({
      allowances: [
        {
          ...minutes,
          units: { quantity: 1, unit: "min" },
          rollover: { periods: 1, cap: { money: "1" } },
        },
      ],
    }),
    "tariff.units-or-money",
    `${ALLOWANCE}/rollover/cap`,
  ],
  [
    "a limit of nothing",
    plan({ limits: [{ name: "l", scope: "account", per: "day" }] }),
    "tariff.limit-empty",
    "/plans/0/limits/0",
  ],
  [
    "a minimum above the maximum",
    plan({ limits: [{ name: "l", scope: "account", per: "day", minimum: "2", maximum: "1" }] }),
    "tariff.minimum-above-maximum",
    "/plans/0/limits/0",
  ],
  [
    "a discount of 101 percent",
    plan({ itemDiscounts: [{ name: "d", percent: "101" }] }),
    "tariff.discount-malformed",
    "/plans/0/itemDiscounts/0/percent",
  ],
  [
    "a discount of two kinds",
    plan({ periodDiscounts: [{ name: "d", percent: "1", amount: "1" }] }),
    "tariff.discount-malformed",
    "/plans/0/periodDiscounts/0",
  ],
  [
    "a discount that names services in two ways",
    plan({ periodDiscounts: [{ name: "d", percent: "1", services: ["voice"], of: ["voice"] }] }),
    "tariff.discount-malformed",
    "/plans/0/periodDiscounts/0/services",
  ],
  [
    "a discount of everything and more",
    plan({ periodDiscounts: [{ name: "d", percent: "1", of: ["everything", "voice"] }] }),
    "tariff.discount-malformed",
    "/plans/0/periodDiscounts/0/of",
  ],
  [
    "a discount of fees that the plan does not have",
    plan({ periodDiscounts: [{ name: "d", percent: "1", of: ["voice", "recurring"] }] }),
    "tariff.discount-of-nothing",
    "/plans/0/periodDiscounts/0/of/1",
  ],
  [
    "a discount of a fee that the plan does not have",
    plan({ periodDiscounts: [{ name: "d", percent: "1", fees: ["line"] }] }),
    "tariff.discount-of-nothing",
    "/plans/0/periodDiscounts/0/fees/0",
  ],
  [
    "a ladder that goes down",
    plan({
      periodDiscounts: [
        {
          name: "d",
          ladder: [
            { from: "9", percent: "1" },
            { from: "9", percent: "2" },
          ],
        },
      ],
    }),
    "tariff.discount-malformed",
    "/plans/0/periodDiscounts/0/ladder/1",
  ],
  [
    "a tax on what holds another",
    {
      taxes: [
        { name: "a", percent: "19", of: ["voice"], included: true },
        { name: "b", percent: "1" },
      ],
    },
    "tariff.tax-twice",
    "/taxes/1",
  ],
  [
    "two fees of one name",
    plan({ recurring: ["1", "2"].map((amount) => ({ ...FEE, amount })) }),
    "tariff.name-twice",
    "/plans/0/recurring/1/name",
  ],
  [
    "two one-off fees of one name",
    plan({ oneOff: ["1", "2"].map((amount) => ({ name: "fee", amount, per: "account" })) }),
    "tariff.name-twice",
    "/plans/0/oneOff/1/name",
  ],
  [
    "a cap of octets on minutes",
    plan({
      allowances: [
        {
          name: "a",
          scope: "account",
          uses: [{ service: "voice" }],
          units: { quantity: 1, unit: "min" },
          rollover: { periods: 1, cap: { quantity: 1, unit: "MB" } },
        },
      ],
    }),
    "tariff.unit-does-not-fit",
    "/plans/0/allowances/0/rollover/cap",
  ],
  [
    "a window of more than a day",
    sms({ window: { quantity: 25, unit: "h" } }),
    "tariff.tiers-do-not-fit",
    "/services/0/prices/0/tiers",
  ],
  [
    "a day of the month for periods of a day",
    { billingPeriod: { every: "day", startDay: 3 } },
    "tariff.billing-period-malformed",
    "/billingPeriod/startDay",
  ],
  [
    "a day of the month for weeks",
    { billingPeriod: { every: "week", startDay: 1 } },
    "tariff.billing-period-malformed",
    "/billingPeriod/startDay",
  ],
  [
    "a month in which each month begins",
    { billingPeriod: { every: "month", startMonth: 4 } },
    "tariff.billing-period-malformed",
    "/billingPeriod/startMonth",
  ],
];

/** What is accepted, and perhaps was not meant. */
const doubtful: [string, Partial<TariffDocument>, string, string][] = [
  [
    "calls without a direction",
    { services: [{ service: "voice", prices: [PER_STARTED_MINUTE] }] },
    "tariff.direction-missing",
    "/services/0",
  ],
  [
    "a tax category that no tax names",
    {
      ...voice({ ...PER_STARTED_MINUTE, taxCategory: "boks" }),
      taxes: [{ name: "VAT", percent: "7", of: ["voice"] }],
    },
    "tariff.tax-category-unused",
    "/services/0/prices/0/taxCategory",
  ],
  [
    "a discount off what is not sold",
    plan({ periodDiscounts: [{ name: "d", services: ["data"], percent: "10" }] }),
    "tariff.discount-of-nothing",
    "/plans/0/periodDiscounts/0/services/0",
  ],
];

describe("the check of tiers, counters and plans", () => {
  it("accepts a window of a day", () => {
    const day = sms({ window: { quantity: 24, unit: "h" } });
    assert.deepEqual(checkTariff(tariffDocument(day)).problems, []);
  });

  for (const [what, changes, code, place] of doubtful) {
    it(`warns of ${what}`, () => {
      const { document, problems } = checkTariff({ ...tariffDocument(), ...changes });
      assert.deepEqual(
        problems.map((one) => [one.severity, one.code, one.place]),
        [["warning", code, place]],
      );
      assert.ok(document !== undefined);
    });
  }

  it("finds nothing wrong where nothing is", () => {
    assert.deepEqual(checkTariff(tariffDocument(sms({}))).problems, []);
  });

  for (const [what, changes, code, place] of refused) {
    it(`refuses ${what}`, () => {
      const { problems } = checkTariff({ ...tariffDocument(), ...changes });
      assert.deepEqual(
        problems
          .filter(({ severity }) => severity === "error")
          .map((one) => [one.code, one.place])[0],
        [code, place],
      );
    });
  }
});
