import { MARCH, type PriceCase, per, steps, tariffOf, testPriceCase } from "./price-case.ts";

/* What carriers, their resellers and their engines say that a call, a session or a month costs. */

const USD = { currency: "USD", rounding: { mode: "half-up", scale: 2 } };
const FOUR_DECIMALS = { currency: "USD", rounding: { mode: "half-up", scale: 4 } };
const MINUTES = steps(60, 60, "s");

const voice = (prices: object[], more: object = {}) => ({
  service: "voice",
  direction: "outgoing",
  prices,
  ...more,
});
const minute = (amount: string, increments: object = MINUTES) => ({
  price: per(amount, 1, "min"),
  increments,
});
const call = (
  durationSeconds: number,
  costs?: string,
  more: object = {},
): PriceCase["uses"][number] => ({
  service: "voice",
  direction: "outgoing",
  account: "a",
  durationSeconds,
  ...(costs === undefined ? {} : { costs }),
  ...more,
});
const data = (
  totalOctets: number,
  costs?: string,
  more: object = {},
): PriceCase["uses"][number] => ({
  service: "data",
  account: "a",
  deviceId: "d",
  totalOctets,
  ...(costs === undefined ? {} : { costs }),
  ...more,
});
const blocks = (over: string, amount: string, per1: number, unit: string, more: object = {}) => ({
  service: "data",
  prices: [
    {
      tiers: { kind: "package", over, unit, steps: [{ price: per(amount, per1, unit) }] },
      increments: steps(1, 1, "octet"),
      ...more,
    },
  ],
});
const minutes = (quantity: number, more: object = {}) => ({
  name: "minutes",
  scope: "account",
  uses: [{ service: "voice" }],
  units: { quantity, unit: "min" },
  ...more,
});
const planned = (plan: object) => ({ defaultPlan: "P", plans: [{ name: "P", ...plan }] });
const NIGHTS = {
  bands: [
    { name: "night", when: [{ from: "21:00" }, { to: "06:00" }, { days: ["saturday", "sunday"] }] },
  ],
  otherwise: "peak",
};
const since = (from: string, more: object = {}) => [
  { id: "a", plans: [{ plan: "P", from }], ...more },
];

const cases: PriceCase[] = [
  {
    what: "by started minutes 5 s and 50 s are 0.01",
    source: "go360host.com, what is the billing increment",
    tariff: tariffOf([voice([minute("0.0100")])], FOUR_DECIMALS),
    uses: [call(5, "0.01"), call(50, "0.01")],
  },
  {
    what: "by six seconds 5 s are 0.001",
    source: "go360host.com, what is the billing increment",
    tariff: tariffOf([voice([minute("0.0100", steps(6, 6, "s"))])], FOUR_DECIMALS),
    uses: [call(5, "0.001")],
  },
  {
    what: "a period of 6 s at 0.50 a minute is 0.05; 27 s are five of them",
    source: "wiki.voip.ms, calls cost",
    tariff: tariffOf([voice([minute("0.50", steps(6, 6, "s"))])], USD),
    uses: [call(6, "0.05"), call(27, "0.25"), call(60, "0.50")],
  },
  {
    what: "6/6: 5 s are 6 s, 8 s are 12 s",
    source: "warmconnect, 6/6 billing explanation",
    tariff: tariffOf([voice([{ price: per("0.01", 1, "s"), increments: steps(6, 6, "s") }])], USD),
    uses: [call(5, "0.06"), call(8, "0.12")],
  },
  {
    what: "30/6: 10 s are 30 s, 31 s are 36 s",
    source: "vaasconsumer.com, call billing increment",
    tariff: tariffOf([voice([{ price: per("0.01", 1, "s"), increments: steps(30, 6, "s") }])], USD),
    uses: [call(10, "0.30"), call(31, "0.36")],
  },
  {
    what: "60/1: below a minute a minute, above it each second",
    source: "support.vodafone.co.uk, why have you charged for more minutes",
    tariff: tariffOf([voice([minute("0.60", steps(60, 1, "s"))])], { ...USD, currency: "GBP" }),
    uses: [call(20, "0.60"), call(60, "0.60"), call(61, "0.61"), call(90, "0.90")],
  },
  {
    what: "a toll-free call that is forwarded costs both legs: 0.035 a minute",
    source: "helpdesk.voipo.com, why was the cost of the call different",
    tariff: tariffOf(
      [voice([minute("0.025")], { direction: "incoming" }), voice([minute("0.010")])],
      FOUR_DECIMALS,
    ),
    uses: [call(60, "0.025", { direction: "incoming" }), call(60, "0.01")],
    sum: "0.035",
  },
  {
    what: "the first 24 s of a premium number are free, a longer call is charged whole",
    source: "1300support.com, premium rate telephony",
    tariff: tariffOf(
      [
        voice(
          [
            { zones: ["premium"], chargedFrom: { quantity: 24, unit: "s" }, ...minute("5.50") },
            { zones: ["Australia"], ...minute("0.10") },
          ],
          { zones: ["premium", "Australia"] },
        ),
      ],
      {
        ...USD,
        currency: "AUD",
        numbering: { countryCode: "61", nationalPrefix: "0", internationalPrefix: "0011" },
        zones: [
          { name: "premium", prefixes: ["6119"] },
          { name: "Australia", prefixes: ["61"] },
        ],
      },
    ),
    uses: [
      call(23, "0", { bParty: "1902345678" }),
      call(24, "5.50", { bParty: "1902345678" }),
      call(24, "0.10", { bParty: "0298765432" }),
    ],
  },
  {
    what: "a call from 20:50 to 21:10 is ten peak minutes",
    source: "experts123.com, how do night and weekend minutes work",
    tariff: tariffOf(
      [
        voice(
          [
            { bands: ["peak"], ...minute("0.40") },
            { bands: ["night"], ...minute("0") },
          ],
          { bandsAt: "increment-start" },
        ),
      ],
      { ...USD, timeZone: "America/Chicago", calendar: NIGHTS },
    ),
    uses: [call(1200, "4", { start: "2026-03-03T02:50:00.000Z" })],
  },
  {
    what: "night minutes, then anytime minutes, then money",
    source: "classroom.synonym.com, anytime minutes",
    tariff: tariffOf([voice([minute("0.45")])], {
      ...USD,
      timeZone: "America/New_York",
      calendar: NIGHTS,
      ...planned({
        allowances: [
          minutes(100, { name: "anytime", priority: 2 }),
          minutes(50, {
            name: "nights",
            uses: [{ service: "voice", bands: ["night"] }],
            priority: 1,
          }),
        ],
      }),
    }),
    uses: [
      call(3600, "0", { start: "2026-03-08T12:00:00.000Z" }),
      call(5400, "0", { start: "2026-03-09T16:00:00.000Z" }),
      call(60, "0.45", { start: "2026-03-09T18:00:00.000Z" }),
    ],
  },
  {
    what: "100 minutes of a month that is half over are 50",
    source: "rogers.com, when do partial minutes occur on a bill",
    tariff: tariffOf([voice([minute("0.50")])], {
      ...USD,
      currency: "CAD",
      plans: [{ name: "P", allowances: [minutes(100, { firstPeriod: "prorated" })] }],
    }),
    accounts: since("2026-04-16"),
    uses: [
      call(3000, "0", { start: "2026-04-20T12:00:00.000Z" }),
      call(60, "0.50", { start: "2026-04-21T12:00:00.000Z" }),
    ],
  },
  {
    what: "800 of 1,500 minutes roll over; the next month's 500 above the plan come of them",
    source: "att.com/support, rollover minutes",
    tariff: tariffOf([voice([minute("0.40")])], {
      ...USD,
      plans: [
        { name: "P", allowances: [minutes(1500, { rollover: { periods: 12, used: "last" } })] },
      ],
    }),
    accounts: since("2026-01-01"),
    uses: [
      call(700 * 60, "0", { start: "2026-01-20T12:00:00.000Z" }),
      call(2000 * 60, "0", { start: "2026-02-20T12:00:00.000Z" }),
      call(301 * 60, "0.40", { start: "2026-02-21T12:00:00.000Z" }),
    ],
  },
  {
    what: "minutes first, then 0.10 a minute",
    source: "documentation.matrixx.com, prioritizing rate tables",
    tariff: tariffOf([voice([minute("0.10")])], {
      ...USD,
      ...planned({ allowances: [minutes(10)] }),
    }),
    uses: [call(540, "0"), call(180, "0.20")],
  },
  {
    what: "local calls to friends are free, their other numbers are not",
    source: "documentation.matrixx.com, rate table examples",
    tariff: tariffOf(
      [
        voice(
          [
            { zones: ["local"], ...minute("0.05") },
            { zones: ["long distance"], ...minute("0.10") },
          ],
          { zones: ["local", "long distance"] },
        ),
      ],
      {
        ...USD,
        zones: [
          { name: "local", prefixes: ["1212"] },
          { name: "long distance", prefixes: ["1"] },
        ],
        ...planned({
          itemDiscounts: [
            {
              name: "friends",
              uses: [{ service: "voice", friends: true, zones: ["local"] }],
              percent: "100",
            },
          ],
        }),
      },
    ),
    accounts: [{ id: "a", friends: ["+12125550100", "+13125550100"] }],
    uses: [
      call(60, "0", { bParty: "+12125550100" }),
      call(60, "0.05", { bParty: "+12125550101" }),
      call(60, "0.10", { bParty: "+13125550100" }),
    ],
  },
  {
    what: "10 for each GB above the plan, 50 a line at most",
    source: "dcitelecom.ca, what happens if I go over my data limit",
    tariff: tariffOf([blocks("device", "10", 1, "GB")], {
      ...USD,
      currency: "CAD",
      plans: [
        {
          name: "P",
          allowances: [
            {
              name: "5 GB",
              scope: "device",
              uses: [{ service: "data" }],
              units: { quantity: 5, unit: "GB" },
            },
          ],
          limits: [{ name: "cap", scope: "device", per: "period", maximum: "50" }],
        },
      ],
    }),
    accounts: [{ id: "a", plan: "P", devices: [{ id: "line-1" }, { id: "line-2" }] }],
    uses: [
      data(7_500_000_000, "30", { deviceId: "line-1" }),
      data(12_000_000_000, "70", { deviceId: "line-2" }),
    ],
    period: MARCH,
    net: { a: "80" },
  },
  {
    what: "five cards of 1 MB share 5 MB: 4.5 MB are free whoever used them",
    source: "forum.digikey.com, IoT data plans, sharing data",
    tariff: tariffOf(
      [
        {
          service: "data",
          prices: [{ price: per("1", 1, "MB"), increments: steps(1, 1, "octet") }],
        },
      ],
      {
        ...USD,
        plans: [
          {
            name: "P",
            allowances: [
              {
                name: "1 MB",
                scope: "pool",
                grantedPer: "device",
                uses: [{ service: "data" }],
                units: { quantity: 1, unit: "MB" },
              },
            ],
          },
        ],
      },
    ),
    accounts: [
      {
        id: "a",
        plan: "P",
        devices: ["1", "2", "3", "4", "5"].map((id) => ({ id: `card-${id}` })),
      },
    ],
    uses: [
      data(2_000_000, "0", { deviceId: "card-1" }),
      data(1_000_000, "0", { deviceId: "card-2" }),
      ...["card-3", "card-4", "card-5"].map((deviceId) => data(500_000, "0", { deviceId })),
      data(1_500_000, "1", { deviceId: "card-1" }),
    ],
  },
  {
    what: "overage by the started MB of the whole pool, not of each line",
    source: "campbellsci.ca, what happens if my data use goes over",
    tariff: tariffOf([blocks("pool", "1.00", 1, "MB")], {
      ...USD,
      plans: [
        {
          name: "P",
          allowances: [
            {
              name: "pool",
              scope: "pool",
              grantedPer: "device",
              uses: [{ service: "data" }],
              units: { quantity: 1, unit: "MB" },
            },
          ],
        },
      ],
    }),
    accounts: [{ id: "a", plan: "P", devices: [{ id: "x" }, { id: "y" }] }],
    uses: [
      data(1_500_000, "0", { deviceId: "x" }),
      data(600_000, "1", { deviceId: "y" }),
      data(850_000, "0", { deviceId: "x" }),
      data(60_000, "1", { deviceId: "x" }),
    ],
  },
  {
    what: "whole kilobytes of each data session: parts of one are one",
    source: "support.emnify.com, how does 1 KB stepping work",
    tariff: tariffOf(
      [
        {
          service: "data",
          prices: [
            { counted: "session", price: per("0.001", 1, "KB"), increments: steps(1, 1, "KB") },
          ],
        },
      ],
      FOUR_DECIMALS,
    ),
    uses: [
      data(200, "0.001", { sessionId: "s1" }),
      data(200, "0.001", { sessionId: "s2" }),
      data(200, "0.001", { sessionId: "s3", partial: "first" }),
      data(200, "0", { sessionId: "s3", partial: "intermediate" }),
      data(700, "0.001", { sessionId: "s3", partial: "last" }),
    ],
  },
  {
    what: "5 for each 5 MB of a day, 25 a day at most, in Beijing time",
    source: "China Mobile, roaming data tariff (v5tt.cn)",
    tariff: tariffOf([blocks("device", "5", 5, "MB")], {
      ...USD,
      currency: "CNY",
      timeZone: "Asia/Shanghai",
      billingPeriod: { every: "day" },
      ...planned({ limits: [{ name: "day", scope: "device", per: "day", maximum: "25" }] }),
    }),
    uses: [
      data(3_000_000, "5"),
      data(3_000_000, "5"),
      data(40_000_000, "15"),
      data(1_000_000, "0"),
      data(1, "5", { start: "2026-03-02T16:00:00.000Z" }),
    ],
  },
  {
    what: "10 on each day with use, 100 in a billing cycle at most",
    source: "forums.att.com, international day pass",
    tariff: tariffOf(
      [
        {
          service: "data",
          prices: [
            {
              tiers: {
                kind: "graduated",
                over: "device",
                window: { quantity: 24, unit: "h" },
                unit: "KB",
                steps: [{ price: per("0", 1, "KB"), fee: "10" }],
              },
              increments: steps(1, 1, "KB"),
            },
          ],
        },
      ],
      {
        ...USD,
        ...planned({ limits: [{ name: "cycle", scope: "device", per: "period", maximum: "100" }] }),
      },
    ),
    uses: [2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((day, index) =>
      data(1000, index === 1 ? "0" : "10", {
        start: `2026-03-${String(day).padStart(2, "0")}T12:00:00.000Z`,
      }),
    ),
    period: MARCH,
    net: { a: "100" },
  },
  {
    what: "a message of 200 characters is two, one of 150 in UCS-2 is three",
    source: "support.twilio.com, a message with more than 160 characters",
    tariff: tariffOf(
      [{ service: "sms", direction: "outgoing", prices: [{ price: per("0.0079", 1, "unit") }] }],
      FOUR_DECIMALS,
    ),
    uses: [
      { service: "sms", direction: "outgoing", units: 2, costs: "0.0158" },
      { service: "sms", direction: "outgoing", units: 3, costs: "0.0237" },
    ],
  },
  {
    what: "roaming as at home up to 20 GB, then the wholesale price as a surcharge",
    source: "Regulation (EU) 2022/612, articles 6 and 11: 1.30 a GB in 2025",
    tariff: tariffOf(
      [
        {
          service: "data",
          prices: [
            { areas: ["home"], price: per("0", 1, "GB"), increments: steps(1, 1, "KB") },
            { areas: ["EU"], price: per("1.30", 1, "GB"), increments: steps(1, 1, "KB") },
          ],
        },
      ],
      {
        ...USD,
        currency: "EUR",
        areas: [
          { name: "home", networks: ["262"], unstated: true },
          { name: "EU", networks: ["208", "222"] },
        ],
        ...planned({
          allowances: [
            {
              name: "fair use",
              scope: "device",
              uses: [{ service: "data", areas: ["EU"] }],
              units: { quantity: 20, unit: "GB" },
            },
          ],
        }),
      },
    ),
    uses: [
      data(5_000_000_000, "0"),
      data(20_000_000_000, "0", { visitedNetwork: "20801" }),
      data(1_000_000_000, "1.30", { visitedNetwork: "20801" }),
      data(1_000_000_000, "0"),
    ],
  },
];

describe("worked examples of telecom", () => {
  for (const one of cases) testPriceCase(one);
});
