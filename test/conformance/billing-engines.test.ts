import { MARCH, type PriceCase, per, steps, tariffOf, testPriceCase } from "./price-case.ts";

/*
 * What the documentation of billing engines says that their own examples come to: tiers, packages,
 * commitments, credits, discounts and proration, written with nothing but docs/TARIFFS.md.
 */

const USD = { currency: "USD", rounding: { mode: "half-up", scale: 2 } };
const each = (amount: string) => per(amount, 1, "unit");

/** A step up to a unit, or the last one without an end; its price is for one unit unless said. */
const step = (upTo: number | undefined, amount: string, fee?: string) => ({
  ...(upTo === undefined ? {} : { upTo }),
  price: each(amount),
  ...(fee === undefined ? {} : { fee }),
});
const tiers = (kind: string, ...list: object[]) => ({
  tiers: { kind, over: "account", unit: "unit", steps: list },
});
const events = (price: object, more: object = {}) =>
  tariffOf([{ service: "event", prices: [price] }], { ...USD, ...more });
const planned = (plan: object) => ({ defaultPlan: "P", plans: [{ name: "P", ...plan }] });
const included = (quantity: number, more: object = {}) => ({
  allowances: [
    {
      name: "included",
      scope: "account",
      uses: [{ service: "event" }],
      units: { quantity, unit: "unit" },
      ...more,
    },
  ],
});
const credit = (money: string) => ({
  allowances: [{ name: "credit", scope: "account", uses: [{ service: "event" }], money }],
});
const fee = (name: string, amount: string, proration = "none") => ({
  name,
  amount,
  per: "account",
  proration,
});
const event = (units: number, costs?: string, more: object = {}): PriceCase["uses"][number] => ({
  service: "event",
  account: "a",
  units,
  ...(costs === undefined ? {} : { costs }),
  ...more,
});

const FIVE_TIERS = [
  step(5, "5"),
  step(10, "4"),
  step(15, "3"),
  step(20, "2"),
  step(undefined, "1"),
];
const FOUR_HUNDRED = [step(100, "4"), step(500, "3"), step(undefined, "2")];

const cases: PriceCase[] = [
  {
    what: "the fee of the range that the messages lie in: 200 for 1,500 as for 4,500",
    source: "docs.flexprice.io/docs/product-catalogue/plans/billing-models/package",
    tariff: events({
      tiers: {
        kind: "stair-step",
        over: "account",
        unit: "unit",
        steps: [{ upTo: 1000, fee: "50" }, { upTo: 5000, fee: "200" }, { fee: "350" }],
      },
    }),
    uses: [event(4500), event(1500, undefined, { account: "b" })],
    period: MARCH,
    net: { a: "200", b: "200" },
  },
  {
    what: "volume: 65,000 calls are 39",
    source: "docs.flexprice.io/docs/product-catalogue/plans/billing-models/tiered",
    tariff: events(
      tiers("volume", step(10_000, "0.0010"), step(50_000, "0.0008"), step(undefined, "0.0006")),
    ),
    uses: [event(65_000)],
    period: MARCH,
    net: { a: "39" },
  },
  {
    what: "packages of 1,000 on a volume: 4,500 calls are five of them",
    source: "docs.flexprice.io/docs/product-catalogue/plans/billing-models/tiered",
    tariff: events(
      tiers(
        "volume",
        { upTo: 10_000, package: per("1.00", 1000, "unit") },
        { package: per("0.80", 1000, "unit") },
      ),
    ),
    uses: [event(4500)],
    period: MARCH,
    net: { a: "5" },
  },
  {
    what: "the first 100 free, then packages of 100, as tiers: 201 units are 10",
    source: "getlago.com/docs/guide/plans/charges/charge-models/package",
    tariff: events(tiers("graduated", step(100, "0"), { package: per("5", 100, "unit") })),
    uses: [event(201, "10")],
  },
  {
    what: "a minimum of 100 on what 5,000 users come to, 50",
    source: "getlago.com/docs/guide/plans/charges/spending-minimum",
    tariff: events(
      { price: each("0.010") },
      planned({
        limits: [
          {
            name: "minimum",
            uses: [{ service: "event" }],
            scope: "account",
            per: "period",
            minimum: "100",
          },
        ],
      }),
    ),
    uses: [event(5000, "50")],
    period: MARCH,
    net: { a: "100" },
  },
  {
    what: "a commitment of 100 counts the subscription: 50 and 3 units at 10 leave 20",
    source: "github.com/getlago/lago-api/pull/1787",
    tariff: events(
      { price: each("10") },
      planned({ recurring: [fee("subscription", "50")], commitment: "100" }),
    ),
    uses: [event(3, "30")],
    period: MARCH,
    net: { a: "100" },
  },
  {
    what: "a fee for each tier, and half units: 8.5 hours are 0, 200 and 100",
    source: "knowledgecenter.zuora.com, tiered pricing",
    tariff: tariffOf(
      [
        {
          service: "time",
          prices: [
            {
              tiers: {
                kind: "graduated",
                over: "account",
                unit: "h",
                steps: [
                  { upTo: 5, price: per("0", 1, "h") },
                  { upTo: 7, price: per("0", 1, "h"), fee: "200" },
                  { upTo: 9, price: per("0", 1, "h"), fee: "100" },
                  { price: per("75", 1, "h") },
                ],
              },
              increments: steps(1, 1, "min"),
            },
          ],
        },
      ],
      USD,
    ),
    uses: [{ service: "time", account: "a", durationSeconds: 30_600, costs: "300" }],
  },
  {
    what: "tiered with overage: 130 units, 100 of them free, are 60",
    source: "docs.zuora.com, rating detail, example of tiered pricing",
    tariff: events(tiers("graduated", step(100, "0"), step(undefined, "2"))),
    uses: [event(130, "60")],
  },
  {
    what: "three records of 3, 5 and 7 units are 35 together",
    source: "docs.zuora.com, on-demand usage rating, by billing period",
    tariff: events(tiers("graduated", step(10, "2"), step(20, "3"), step(undefined, "5"))),
    uses: [event(3, "6"), event(5, "10"), event(7, "19")],
    sum: "35",
  },
  {
    what: "what prepaid credit leaves: 300 less 200",
    source: "docs.zuora.com, prepaid commitment, overage handling",
    tariff: events({ price: each("300") }, planned(credit("200"))),
    uses: [event(1, "100")],
  },
  {
    what: "1,000 prepaid units of which 800 are used make 1,200 in the next period",
    source: "docs.zuora.com, prepayment charge with rollover",
    tariff: events(
      { price: each("1") },
      { plans: [{ name: "P", ...included(1000, { rollover: { periods: 1 } }) }] },
    ),
    accounts: [{ id: "a", plans: [{ plan: "P", from: "2026-01-01" }] }],
    uses: [
      event(800, "0", { start: "2026-01-20T12:00:00.000Z" }),
      event(1200, "0", { start: "2026-02-20T12:00:00.000Z" }),
      event(1, "1", { start: "2026-02-21T12:00:00.000Z" }),
    ],
  },
  {
    what: "seats by volume: 12 are 108",
    source: "docs.paymentkit.com, tiered pricing",
    tariff: events(tiers("volume", step(10, "10"), step(50, "9"), step(undefined, "8"))),
    uses: [event(12)],
    period: MARCH,
    net: { a: "108" },
  },
  {
    what: "calls graduated: 3,000 are 26",
    source: "docs.paymentkit.com, tiered pricing",
    tariff: events(
      tiers("graduated", step(1000, "0.01"), step(5000, "0.008"), step(undefined, "0.005")),
    ),
    uses: [event(3000, "26")],
  },
  {
    what: "the same tiers graduated and by volume, by the account's group: 1,300 and 1,200",
    source: "community.getlago.com, volume pricing model",
    tariff: tariffOf(
      [
        {
          service: "event",
          prices: [
            { classes: ["graduated"], ...tiers("graduated", ...FOUR_HUNDRED) },
            { classes: ["volume"], ...tiers("volume", ...FOUR_HUNDRED) },
          ],
        },
      ],
      {
        ...USD,
        classes: {
          classes: [{ name: "graduated", when: [{ accountGroups: ["graduated"] }] }],
          otherwise: "volume",
        },
      },
    ),
    accounts: [{ id: "a", groups: ["graduated"] }, { id: "b" }],
    uses: [event(400, "1300"), event(400, undefined, { account: "b" })],
    period: MARCH,
    net: { a: "1300", b: "1200" },
  },
  {
    what: "graduated: 600 units are 4,800",
    source: "meteroid.com/glossary/graduated-pricing",
    tariff: events(tiers("graduated", step(100, "10"), step(500, "8"), step(undefined, "6"))),
    uses: [event(600, "4800")],
  },
  ...(
    [
      [1, "5"],
      [5, "25"],
      [6, "24"],
      [20, "40"],
      [25, "25"],
    ] as const
  ).map(
    ([units, net]): PriceCase => ({
      what: `volume of five tiers, which may fall: ${units} are ${net}`,
      source: "stripe.com/docs/billing/subscriptions/tiers",
      tariff: events(tiers("volume", ...FIVE_TIERS)),
      uses: [event(units)],
      period: MARCH,
      net: { a: net },
    }),
  ),
  {
    what: "bulk: 10 units are 5, 101 are 40.40",
    source: "docs.withorb.com/reference/price",
    tariff: events(tiers("volume", step(10, "0.50"), step(undefined, "0.40"))),
    uses: [event(10), event(101, undefined, { account: "b" })],
    period: MARCH,
    net: { a: "5", b: "40.40" },
  },
  {
    what: "packages of five: 4 units are billed as 5, 6 as 10",
    source: "docs.withorb.com/reference/price",
    tariff: events(tiers("package", { price: per("5", 5, "unit") })),
    uses: [event(4, "5"), event(6, "10", { account: "b" })],
  },
  {
    what: "25 basis points of each payment, at most 25",
    source: "docs.withorb.com/product-catalog/price-configuration",
    tariff: tariffOf(
      [
        {
          service: "content",
          measure: "amount",
          prices: [{ price: per("0.0025", 1, "amount"), maximum: "25" }],
        },
      ],
      USD,
    ),
    uses: (
      [
        ["400", "1"],
        ["10000", "25"],
        ["50000", "25"],
      ] as const
    ).map(([amount, costs]) => ({
      service: "content",
      declaredCharge: { amount, currency: "USD" },
      costs,
    })),
  },
  {
    what: "30 a month, five videos at 2, the sixth at 1",
    source: "docs.killbill.io/latest/consumable_in_arrear",
    tariff: events(
      tiers("graduated", step(5, "2"), step(undefined, "1")),
      planned({ recurring: [fee("base", "30")] }),
    ),
    uses: [event(5, "10"), event(1, "1")],
    period: MARCH,
    net: { a: "41" },
  },
  {
    what: "300 calls above 1,000 are 3.00",
    source: "docs.stigg.io, overages",
    tariff: events({ price: each("0.01") }, planned(included(1000))),
    uses: [event(1300, "3")],
  },
  {
    what: "300 MB above 500 in blocks of 100 are 6.00",
    source: "docs.stigg.io, overages",
    tariff: tariffOf(
      [
        {
          service: "data",
          prices: [
            {
              tiers: {
                kind: "package",
                over: "account",
                unit: "MB",
                steps: [{ price: per("2.00", 100, "MB") }],
              },
              increments: steps(1, 1, "octet"),
            },
          ],
        },
      ],
      {
        ...USD,
        ...planned({
          allowances: [
            {
              name: "500 MB",
              scope: "account",
              uses: [{ service: "data" }],
              units: { quantity: 500, unit: "MB" },
            },
          ],
        }),
      },
    ),
    uses: [{ service: "data", account: "a", totalOctets: 800_000_000, costs: "6" }],
  },
  {
    what: "an upload of 3 with 1 of included credit left is 2",
    source: "docs.devicecloud.dev/billing/overage",
    tariff: events({ price: each("3") }, planned(credit("1"))),
    uses: [event(1, "2")],
  },
  {
    what: "compute and requests beyond what is free: 18.34 and 0.40",
    source: "aws.amazon.com/lambda/pricing, example 1",
    tariff: tariffOf(
      [
        {
          service: "event",
          prices: [
            { classes: ["compute"], price: each("0.00001667") },
            { classes: ["requests"], price: per("0.20", 1_000_000, "unit") },
          ],
        },
      ],
      {
        ...USD,
        classes: {
          classes: [{ name: "compute", when: [{ applications: ["compute"] }] }],
          otherwise: "requests",
        },
        ...planned({
          allowances: [
            ["compute", 400_000],
            ["requests", 1_000_000],
          ].map(([name, quantity]) => ({
            name,
            scope: "account",
            uses: [{ service: "event", classes: [name] }],
            units: { quantity, unit: "unit" },
          })),
        }),
      },
    ),
    uses: [
      event(1_500_000, "18.34", { application: "compute" }),
      event(3_000_000, "0.40", { application: "requests" }),
    ],
    sum: "18.74",
  },
  {
    what: "two discounts of 5 % one after the other leave 18.05 of 20",
    source: "documentation.matrixx.com, discounting methods, sequential",
    tariff: events(
      { price: each("1") },
      planned({
        itemDiscounts: ["first", "second"].map((name) => ({ name, percent: "5" })),
      }),
    ),
    uses: [event(20, "18.05")],
  },
  {
    what: "three discounts of half each leave 75 of 600",
    source: "Odoo Community Association, account_invoice_triple_discount, usage",
    tariff: events(
      { price: each("600") },
      planned({ periodDiscounts: ["1", "2", "3"].map((name) => ({ name, percent: "50" })) }),
    ),
    uses: [event(1, "600")],
    period: MARCH,
    net: { a: "75" },
  },
  {
    what: "10 % off 130, 8 % tax on what is left, delivery of 5 untaxed: 131.36",
    source: "boneyardtools.com, discount before or after tax",
    tariff: events(
      { price: each("10") },
      {
        ...planned({
          recurring: [fee("delivery", "5")],
          periodDiscounts: [{ name: "10 %", services: ["event"], percent: "10" }],
        }),
        taxes: [{ name: "sales tax", percent: "8", of: ["event"] }],
      },
    ),
    uses: [event(13, "130")],
    period: MARCH,
    total: { a: "131.36" },
  },
  {
    what: "21 of 30 days of 50 are 35",
    source: "blog.timelybill.com, prorated billing",
    tariff: events(
      { price: each("0") },
      { plans: [{ name: "P", recurring: [fee("plan", "50", "by-day")] }] },
    ),
    accounts: [{ id: "a", plans: [{ plan: "P", from: "2026-04-10" }] }],
    uses: [],
    period: "2026-04-01/2026-05-01",
    net: { a: "35" },
  },
  {
    what: "15 of 30 days of 60, then the next plan: 30 and 45",
    source: "gta.net/help-center, what are prorations",
    tariff: events(
      { price: each("0") },
      {
        plans: [
          { name: "S", recurring: [fee("S", "60", "by-day")] },
          { name: "M", recurring: [fee("M", "90", "by-day")] },
        ],
      },
    ),
    accounts: [
      {
        id: "a",
        plans: [
          { plan: "S", from: "2026-01-01", to: "2026-04-16" },
          { plan: "M", from: "2026-04-16" },
        ],
      },
    ],
    uses: [],
    period: "2026-04-01/2026-05-01",
    net: { a: "75" },
  },
];

describe("worked examples of billing engines", () => {
  for (const one of cases) testPriceCase(one);
});
