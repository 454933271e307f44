import { MARCH, type PriceCase, per, steps, tariffOf, testPriceCase } from "./price-case.ts";

/* Worked bills of electricity, water, parking, charging and scooters. */

const USD = { currency: "USD", rounding: { mode: "half-up", scale: 2 } };
const GRADUATED = { kind: "graduated", over: "session" };

const energy = (amount: string, more: object = {}) => ({
  price: per(amount, 1, "kWh"),
  increments: steps(1, 1, "Wh"),
  ...more,
});
const used = (
  energyWattHours: string,
  costs: string,
  more: object = {},
): PriceCase["uses"][number] => ({
  service: "energy",
  account: "a",
  energyWattHours,
  costs,
  ...more,
});
const time = (
  durationSeconds: number,
  costs: string,
  more: object = {},
): PriceCase["uses"][number] => ({
  service: "time",
  account: "a",
  durationSeconds,
  costs,
  ...more,
});
const timed = (price: object, more: object = {}) =>
  tariffOf([{ service: "time", prices: [price] }], { ...USD, ...more });
const fees = (list: Record<string, string>, more: object = {}) => ({
  defaultPlan: "P",
  plans: [
    {
      name: "P",
      recurring: Object.entries(list).map(([name, amount]) => ({
        name,
        amount,
        per: "account",
        proration: "none",
        ...more,
      })),
    },
  ],
});

const cases: PriceCase[] = [
  {
    what: "1,000 kWh, 80 % of it off-peak, are 93.78; 85 % are 91.52",
    source: "faypwc.com, online usage calculator, time of use",
    tariff: tariffOf(
      [
        {
          service: "energy",
          prices: [
            { bands: ["peak"], ...energy("0.13") },
            { bands: ["off-peak"], ...energy("0.08473") },
          ],
        },
      ],
      {
        currency: "USD",
        rounding: { mode: "half-up", scale: 2, of: "line" },
        timeZone: "America/New_York",
        calendar: {
          bands: [
            {
              name: "peak",
              when: [
                {
                  days: ["monday", "tuesday", "wednesday", "thursday", "friday"],
                  from: "06:00",
                  to: "10:00",
                },
              ],
            },
          ],
          otherwise: "off-peak",
        },
        defaultPlan: "P",
        plans: [{ name: "P" }],
      },
    ),
    uses: [
      used("800000", "67.784", { start: "2026-03-02T20:00:00.000Z" }),
      used("200000", "26", { start: "2026-03-02T12:00:00.000Z" }),
      used("850000", "72.0205", { account: "b", start: "2026-03-02T20:00:00.000Z" }),
      used("150000", "19.5", { account: "b", start: "2026-03-02T12:00:00.000Z" }),
    ],
    period: MARCH,
    net: { a: "93.78", b: "91.52" },
  },
  {
    what: "350 kWh at 28 p and 30 days at 52 p are 113.60",
    source: "energyplus.co.uk, understanding your energy bill",
    tariff: tariffOf([{ service: "energy", prices: [energy("0.28")] }], {
      ...USD,
      currency: "GBP",
      timeZone: "Europe/London",
      ...fees({ "standing charge": "0.52" }, { every: "day" }),
    }),
    uses: [used("350000", "98", { start: "2026-04-10T12:00:00.000Z" })],
    period: "2026-04-01/2026-05-01",
    net: { a: "113.60" },
  },
  {
    what: "17,588 kWh less the adjustment, 30 kW of demand and the customer charge: 1,624.72",
    source: "Handbook of energy management, monthly bill of Public Service Electric & Gas",
    tariff: tariffOf(
      [
        { service: "energy", prices: [energy("0.077248")] },
        { service: "event", prices: [{ price: per("262.34", 30, "unit") }] },
      ],
      { ...USD, ...fees({ customer: "3.74" }) },
    ),
    uses: [
      used("17588000", "1358.64"),
      { service: "event", account: "a", application: "demand", units: 30, costs: "262.34" },
    ],
    period: MARCH,
    net: { a: "1624.72" },
  },
  {
    what: "1,110 kWh and the availability fee: 105.56 and 18.48",
    source: "jcpb.com, how to calculate your bill",
    tariff: tariffOf([{ service: "energy", prices: [energy("0.0951")] }], {
      ...USD,
      ...fees({ availability: "18.48" }),
    }),
    uses: [used("1110000", "105.56")],
    period: MARCH,
    net: { a: "124.04" },
  },
  {
    what: "a quarter's 50,000 gallons of water and sewer: 180.00, 172.55 and five fees",
    source: "City of Arden Hills, rate structure (its total is a cent above its own parts)",
    tariff: tariffOf(
      [
        {
          service: "event",
          prices: [
            {
              classes: ["water"],
              tiers: {
                kind: "graduated",
                over: "account",
                unit: "unit",
                steps: [
                  { upTo: 10_000, price: per("0", 1000, "unit") },
                  { upTo: 35_000, price: per("3.51", 1000, "unit") },
                  { price: per("6.15", 1000, "unit") },
                ],
              },
            },
            {
              classes: ["sewer"],
              tiers: {
                kind: "graduated",
                over: "account",
                unit: "unit",
                steps: [
                  { upTo: 15_000, price: per("0", 1000, "unit") },
                  { price: per("4.93", 1000, "unit") },
                ],
              },
            },
          ],
        },
      ],
      {
        ...USD,
        classes: {
          classes: [{ name: "sewer", when: [{ applications: ["sewer"] }] }],
          otherwise: "water",
        },
        billingPeriod: { every: "quarter" },
        ...fees({
          "water base": "41.16",
          "stand by": "7.71",
          "water test": "1.59",
          "sewer base": "85.55",
          "surface water": "11.71",
        }),
      },
    ),
    uses: [
      { service: "event", account: "a", units: 50_000, costs: "180" },
      { service: "event", account: "a", units: 50_000, application: "sewer", costs: "172.55" },
    ],
    period: "2026-01-01/2026-04-01",
    net: { a: "500.27" },
  },
  {
    what: "six hours at 4 are 20 at most, and 2 to enter",
    source: "zaculators.com, parking fee",
    tariff: timed({
      setUp: "2",
      price: per("4", 1, "h"),
      increments: steps(1, 1, "h"),
      maximum: "22",
    }),
    uses: [time(21_600, "22"), time(7200, "10")],
  },
  {
    what: "half an hour free, 5 for the first hour, then 1 an hour, 10 at most",
    source: "ajiexun.com, common rules of parking",
    tariff: timed(
      {
        chargedFrom: { quantity: 1801, unit: "s" },
        tiers: {
          ...GRADUATED,
          unit: "h",
          steps: [{ upTo: 1, price: per("5", 1, "h") }, { price: per("1", 1, "h") }],
        },
        increments: steps(1, 1, "h"),
        maximum: "10",
      },
      { currency: "CNY", timeZone: "Asia/Shanghai" },
    ),
    uses: [
      time(1800, "0"),
      time(1801, "5"),
      time(3600, "5"),
      time(3601, "6"),
      time(21_600, "10"),
      time(32_400, "10"),
    ],
  },
  {
    what: "15 at most in each 24 hours from entry: tiers that are free up to the next day",
    source: "vicky.one, hourly rate, minimum price and 24-hour price",
    tariff: timed({
      tiers: {
        ...GRADUATED,
        unit: "h",
        steps: [
          { upTo: 5, price: per("3", 1, "h") },
          { upTo: 24, price: per("0", 1, "h") },
          { upTo: 29, price: per("3", 1, "h") },
          { upTo: 48, price: per("0", 1, "h") },
          { price: per("3", 1, "h") },
        ],
      },
      increments: steps(1, 1, "min"),
    }),
    uses: [time(7200, "6"), time(36_000, "15"), time(90_000, "18"), time(144_000, "30")],
  },
  {
    what: "20 kWh at 0.40, and 0.50 a minute from the sixth idle minute on",
    source: "agentcalc.com, charger idle fee",
    tariff: tariffOf(
      [
        { service: "energy", prices: [energy("0.40")] },
        {
          service: "time",
          prices: [
            {
              classes: ["idle"],
              tiers: {
                ...GRADUATED,
                unit: "min",
                steps: [{ upTo: 5, price: per("0", 1, "min") }, { price: per("0.50", 1, "min") }],
              },
              increments: steps(1, 1, "min"),
            },
            { classes: ["charging"], price: per("0", 1, "min"), increments: steps(1, 1, "min") },
          ],
        },
      ],
      {
        ...USD,
        classes: {
          classes: [{ name: "idle", when: [{ applications: ["idle"] }] }],
          otherwise: "charging",
        },
      },
    ),
    uses: [
      used("20000", "8"),
      time(1800, "0"),
      ...([5, 15, 30, 45] as const).map((minutes) =>
        time(minutes * 60, String((minutes - 5) / 2), { application: "idle" }),
      ),
    ],
  },
  {
    what: "1 to unlock and 15 minutes at 0.25 are 4.75",
    source: "xjd.com, how much does it cost to use a scooter",
    tariff: timed({ setUp: "1", price: per("0.25", 1, "min"), increments: steps(1, 1, "min") }),
    uses: [time(900, "4.75")],
  },
  {
    what: "1.20 to unlock and 15 minutes at 0.28 are 5.40",
    source: "novascooter.com, pricing in Berlin",
    tariff: timed(
      { setUp: "1.20", price: per("0.28", 1, "min"), increments: steps(1, 1, "min") },
      { currency: "EUR", timeZone: "Europe/Berlin" },
    ),
    uses: [time(900, "5.40")],
  },
];

describe("worked examples of the city", () => {
  for (const one of cases) testPriceCase(one);
});
