import {
  MARCH,
  type PriceCase,
  per,
  SECOND,
  steps,
  tariffOf,
  testPriceCase,
} from "./price-case.ts";

/*
 * Worked examples of other engines' documentation, written as tariffs with nothing but
 * docs/TARIFFS.md; the source stands beside each.
 */

const USD = { currency: "USD", rounding: { mode: "half-up", scale: 2 } };
const each = (amount: string) => per(amount, 1, "unit");
const events = (tiers: object, more: object = {}) =>
  tariffOf(
    [{ service: "event", prices: [{ tiers: { over: "account", unit: "unit", ...tiers } }] }],
    {
      ...USD,
      ...more,
    },
  );
const event = (units: number, more: object = {}) => ({
  service: "event" as const,
  account: "a",
  units,
  ...more,
});
const paid = (amount: string, costs: string) => ({
  service: "content" as const,
  account: "a",
  declaredCharge: { amount, currency: "USD" },
  costs,
});
const amounts = (price: object) =>
  tariffOf([{ service: "content", measure: "amount", prices: [price] }], USD);

const FONTS = [
  { upTo: 5, price: each("7") },
  { upTo: 10, price: each("6.5") },
  { price: each("6") },
];
const STRIPE = "docs.stripe.com, tiered pricing";
const LAGO = "getlago.com/docs, charge models";
const ORACLE = "docs.oracle.com, examples for tier based amount";

const atEnd = (
  what: string,
  source: string,
  tariff: object,
  units: number,
  net: string,
): PriceCase => ({ what, source, tariff, uses: [event(units)], period: MARCH, net: { a: net } });

const cases: PriceCase[] = [
  ...(
    [
      [1, "7"],
      [5, "35"],
      [6, "39"],
      [20, "120"],
      [25, "150"],
    ] as const
  ).map(([units, net]) =>
    atEnd(
      `volume: ${units} fonts are ${net}`,
      STRIPE,
      events({ kind: "volume", steps: FONTS }),
      units,
      net,
    ),
  ),
  {
    what: "graduated: 5 fonts are 35, the sixth is 6.50 more",
    source: STRIPE,
    tariff: events({ kind: "graduated", steps: FONTS }),
    uses: [event(5, { costs: "35" }), event(1, { costs: "6.5" })],
    sum: "41.5",
  },
  {
    what: "graduated: 5, 4, 3, 2, 1; six units are 29",
    source: "stripe.com/docs/billing/subscriptions/tiers",
    tariff: events({
      kind: "graduated",
      steps: [
        { upTo: 5, price: each("5") },
        { upTo: 10, price: each("4") },
        { upTo: 15, price: each("3") },
        { upTo: 20, price: each("2") },
        { price: each("1") },
      ],
    }),
    uses: [event(6, { costs: "29" })],
  },
  {
    what: "graduated: 1.00, 0.50 and 0.10; 250 calls are 155",
    source: `${LAGO}, graduated`,
    tariff: events({
      kind: "graduated",
      steps: [
        { upTo: 100, price: each("1") },
        { upTo: 200, price: each("0.50") },
        { price: each("0.10") },
      ],
    }),
    uses: [event(250, { costs: "155" })],
  },
  atEnd(
    "volume with a flat fee: 65,000 calls are 49",
    `${LAGO}, volume`,
    events({
      kind: "volume",
      steps: [
        { upTo: 10_000, price: each("0.0010"), fee: "10" },
        { upTo: 50_000, price: each("0.0008"), fee: "10" },
        { upTo: 100_000, price: each("0.0006"), fee: "10" },
        { price: each("0.0004"), fee: "10" },
      ],
    }),
    65_000,
    "49",
  ),
  {
    what: "package: 5 per 100 after 100 free ones; 201 units are 10",
    source: `${LAGO}, package`,
    tariff: events(
      { kind: "package", steps: [{ price: per("5", 100, "unit") }] },
      {
        defaultPlan: "P",
        plans: [
          {
            name: "P",
            allowances: [
              {
                name: "free",
                scope: "account",
                uses: [{ service: "event" }],
                units: { quantity: 100, unit: "unit" },
              },
            ],
          },
        ],
      },
    ),
    uses: [event(201, { costs: "10" })],
  },
  {
    what: "graduated percentage with a fee for each tier: 205, 306 and 80",
    source: `${LAGO}, graduated percentage`,
    tariff: amounts({
      tiers: {
        kind: "graduated",
        over: "account",
        unit: "amount",
        steps: [
          { upTo: 1000, price: per("0.01", 1, "amount"), fee: "200" },
          { upTo: 10_000, price: per("0.02", 1, "amount"), fee: "300" },
          { price: per("0.03", 1, "amount"), fee: "400" },
        ],
      },
    }),
    uses: [paid("500", "205"), paid("550", "306"), paid("4000", "80")],
  },
  {
    what: "percentage with minimum and maximum: 1 %, at least 1, at most 100",
    source: "docs.upvest.co, relative fees",
    tariff: amounts({ price: per("0.01", 1, "amount"), minimum: "1", maximum: "100" }),
    uses: [paid("50", "1"), paid("500", "5"), paid("20000", "100")],
  },
  {
    what: "graduated: 15,000 units are 600",
    source: "zuplo.com/docs, pricing models",
    tariff: events({
      kind: "graduated",
      steps: [
        { upTo: 1000, price: each("0.10") },
        { upTo: 10_000, price: each("0.05") },
        { price: each("0.01") },
      ],
    }),
    uses: [event(15_000, { costs: "600" })],
  },
  atEnd(
    "volume: 15,000 units are 150",
    "zuplo.com/docs, pricing models",
    events({
      kind: "volume",
      steps: [
        { upTo: 1000, price: each("0.10") },
        { upTo: 10_000, price: each("0.05") },
        { price: each("0.01") },
      ],
    }),
    15_000,
    "150",
  ),
  {
    what: "graduated: 15,000 requests are 107",
    source: "docs.useautumn.com, graduated pricing",
    tariff: events({
      kind: "graduated",
      steps: [
        { upTo: 1000, price: each("0.01") },
        { upTo: 10_000, price: each("0.008") },
        { price: each("0.005") },
      ],
    }),
    uses: [event(15_000, { costs: "107" })],
  },
  ...(
    [
      [1_000_000, "1.25"],
      [10, "1.25"],
      [1_500_000, "2.50"],
    ] as const
  ).map(
    ([units, costs]): PriceCase => ({
      what: `packages of a million tokens: ${units} are ${costs}`,
      source: "chargebee.com/docs, package pricing",
      tariff: events({ kind: "package", steps: [{ price: per("1.25", 1_000_000, "unit") }] }),
      uses: [event(units, { costs })],
    }),
  ),
  {
    what: "slabs of a fee each: a count of 1,000 is 60",
    source: ORACLE,
    tariff: events({
      kind: "graduated",
      steps: [
        { upTo: 250, price: each("0"), fee: "10" },
        { upTo: 500, price: each("0"), fee: "20" },
        { price: each("0"), fee: "30" },
      ],
    }),
    uses: [event(1000, { costs: "60" })],
  },
  {
    what: "slabs by unit: a count of 1,000 is 2,250",
    source: ORACLE,
    tariff: events({
      kind: "graduated",
      steps: [
        { upTo: 250, price: each("1") },
        { upTo: 500, price: each("2") },
        { price: each("3") },
      ],
    }),
    uses: [event(1000, { costs: "2250" })],
  },
  atEnd(
    "variable amount: a count of 1,000 is 30",
    ORACLE,
    events({
      kind: "stair-step",
      steps: [{ upTo: 250, fee: "10" }, { upTo: 500, fee: "20" }, { fee: "30" }],
    }),
    1000,
    "30",
  ),
  atEnd(
    "variable amount by unit: a count of 1,000 is 3,000",
    ORACLE,
    events({
      kind: "volume",
      steps: [
        { upTo: 250, price: each("1") },
        { upTo: 500, price: each("2") },
        { price: each("3") },
      ],
    }),
    1000,
    "3000",
  ),
  {
    what: "per unit: 100,000 calls at 0.001 are 100",
    source: "zuplo.com/docs, pricing models",
    tariff: tariffOf([{ service: "event", prices: [{ price: each("0.001") }] }], USD),
    uses: [event(100_000, { costs: "100" })],
  },
  {
    what: "included seconds go before the price, an initial block before them",
    source:
      "ASTPP and A2Billing: initial block and increment, included seconds (research, section 4)",
    tariff: tariffOf(
      [
        {
          service: "voice",
          direction: "outgoing",
          prices: [{ price: per("0.06", 60, "s"), increments: steps(30, 6, "s") }],
        },
      ],
      {
        defaultPlan: "P",
        plans: [
          {
            name: "P",
            allowances: [
              {
                name: "60 s",
                scope: "account",
                uses: [{ service: "voice" }],
                units: { quantity: 60, unit: "s" },
              },
            ],
          },
        ],
      },
    ),
    uses: [
      { direction: "outgoing", account: "a", durationSeconds: 31, costs: "0" },
      { direction: "outgoing", account: "a", durationSeconds: 31, costs: "0.012" },
      { direction: "outgoing", account: "a", durationSeconds: 31, costs: "0.036" },
    ],
  },
  {
    what: "percentage with a fee: 1.2 % and 0.10, the first 500 free",
    source: `${LAGO}, percentage`,
    tariff: {
      ...amounts({ setUp: "0.10", price: { amount: "0.012", per: 1, unit: "amount" } }),
      defaultPlan: "P",
      plans: [
        {
          name: "P",
          allowances: [
            {
              name: "free",
              scope: "account",
              uses: [{ service: "content" }],
              units: { quantity: 500, unit: "amount" },
              setUp: "covered",
            },
          ],
        },
      ],
    },
    uses: [paid("200", "0"), paid("300", "0"), paid("100", "1.30")],
  },
  {
    what: "dynamic: each event's own amount; 0.70, 0.55 and 2.20 are 3.45",
    source: `${LAGO}, dynamic`,
    tariff: amounts({ price: { amount: "1", per: 1, unit: "amount" } }),
    uses: [paid("0.70", "0.70"), paid("0.55", "0.55"), paid("2.20", "2.20")],
    sum: "3.45",
  },
  {
    what: "maximum cost of a call",
    source: "CGRateS, MaxCost with *free strategy: what is beyond costs nothing",
    tariff: tariffOf([
      {
        service: "voice",
        direction: "outgoing",
        prices: [{ price: per("0.10", 60, "s"), increments: SECOND, maximum: "1" }],
      },
    ]),
    uses: [
      { direction: "outgoing", durationSeconds: 600, costs: "1" },
      { direction: "outgoing", durationSeconds: 601, costs: "1" },
      { direction: "outgoing", durationSeconds: 599, costs: "0.998333333" },
    ],
  },
];

describe("worked examples of other engines", () => {
  for (const one of cases) testPriceCase(one);
});
