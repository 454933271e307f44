import {
  MARCH,
  type PriceCase,
  per,
  SECOND,
  steps,
  tariffOf,
  testPriceCase,
} from "./price-case.ts";

/* Tariffs that are or were on sale, and rules of regulators; the source stands beside each. */

const MB = 1_000_000;
const BYTE = steps(1, 1, "octet");
const data = (octets: number, more: object = {}) => ({
  service: "data" as const,
  account: "a",
  totalOctets: octets,
  ...more,
});
const call = (seconds: number, more: object = {}) => ({
  direction: "outgoing" as const,
  account: "a",
  durationSeconds: seconds,
  ...more,
});
const sms = (costs: string, more: object = {}) => ({
  service: "sms" as const,
  direction: "outgoing" as const,
  account: "a",
  costs,
  ...more,
});
const voiceService = (price: object) => ({
  service: "voice",
  direction: "outgoing",
  prices: [price],
});
const dataService = (price: object) => ({ service: "data", prices: [price] });
const smsService = (amount: string, direction = "outgoing") => ({
  service: "sms",
  direction,
  prices: [{ price: per(amount, 1, "unit") }],
});
const EU = "Regulation (EU) 2022/612, wholesale caps";

const cases: PriceCase[] = [
  ...(
    [
      ["2022-07-01", "2.00"],
      ["2023-01-01", "1.80"],
      ["2024-01-01", "1.55"],
      ["2025-01-01", "1.30"],
      ["2026-01-01", "1.10"],
      ["2027-01-01", "1.00"],
    ] as const
  ).map(
    ([from, cap]): PriceCase => ({
      what: `a gigabyte from ${from} is ${cap}, and the kilobyte a millionth of it`,
      source: EU,
      tariff: tariffOf([dataService({ price: per(cap, 1, "GB"), increments: steps(1, 1, "KB") })], {
        validFrom: from,
      }),
      uses: [
        data(1000 * MB, { start: `${from}T00:00:00.000Z`, costs: cap }),
        data(1, { start: `${from}T00:00:00.000Z`, costs: `0.00000${cap.replace(".", "")}` }),
        data(1, { start: "2022-06-30T23:59:59.999Z", suspended: "rating.tariff-not-in-force" }),
      ],
    }),
  ),
  {
    what: "voice by the second after 30 s, messages at 0.004",
    source: EU,
    tariff: tariffOf([
      voiceService({ price: per("0.019", 60, "s"), increments: steps(30, 1, "s") }),
      smsService("0.004"),
    ]),
    uses: [call(12, { costs: "0.0095" }), call(31, { costs: "0.009816667" }), sms("0.004")],
  },
  {
    what: "0.03 a MB by the kilobyte of a whole session, at least 0.25 a SIM, 1.00 a SIM and month",
    source: "docs.hologram.io, billing",
    tariff: tariffOf(
      [
        dataService({
          counted: "session",
          price: per("0.03", 1, "MB"),
          increments: steps(1, 1, "KB"),
        }),
        smsService("0.19"),
        smsService("0", "incoming"),
      ],
      {
        currency: "USD",
        defaultPlan: "P",
        plans: [
          {
            name: "P",
            recurring: [{ name: "SIM", amount: "1.00", per: "device", proration: "none" }],
            limits: [{ name: "least", scope: "device", per: "period", minimum: "0.25" }],
          },
        ],
      },
    ),
    accounts: [{ id: "a", devices: [{ id: "sim-1" }, { id: "sim-2" }] }],
    uses: [
      data(500, { deviceId: "sim-1", sessionId: "s", partial: "first", costs: "0.00003" }),
      data(500, { deviceId: "sim-1", sessionId: "s", partial: "last", costs: "0" }),
      data(1, { deviceId: "sim-1", sessionId: "t", costs: "0.00003" }),
      data(20 * MB, { deviceId: "sim-2", costs: "0.60" }),
      sms("0.19", { deviceId: "sim-2" }),
      sms("0", { direction: "incoming", deviceId: "sim-2" }),
    ],
    period: MARCH,
    // 0.25 for the first SIM, 0.79 for the second, and both SIMs.
    net: { a: "3.04" },
  },
  {
    what: "500 MB and 250 messages once, for ten years",
    source: "1nce.com, lifetime flat",
    tariff: tariffOf(
      [dataService({ price: per("1", 1, "MB"), increments: BYTE }), smsService("1")],
      {
        currency: "USD",
        defaultPlan: "P",
        plans: [
          {
            name: "P",
            oneOff: [
              { name: "ten years", amount: "14.00", per: "device" },
              { name: "SIM", amount: "1.00", per: "device" },
            ],
            allowances: [
              {
                name: "data",
                scope: "device",
                uses: [{ service: "data" }],
                units: { quantity: 500, unit: "MB" },
                granted: "once",
                validDays: 3652,
              },
              {
                name: "messages",
                scope: "device",
                uses: [{ service: "sms" }],
                units: { quantity: 250, unit: "unit" },
                granted: "once",
                validDays: 3652,
              },
            ],
          },
        ],
      },
    ),
    accounts: [{ id: "a", devices: [{ id: "sim-1", from: "2026-03-01" }] }],
    uses: [
      data(500 * MB, { deviceId: "sim-1", costs: "0" }),
      data(MB, { deviceId: "sim-1", costs: "1" }),
      sms("0", { units: 250, deviceId: "sim-1" }),
    ],
    period: MARCH,
    net: { a: "16" },
  },
  {
    what: "100 KB at a time for each SIM and network; the rest of one stays usable",
    source: "twilio.com/docs/wireless/pricing",
    tariff: tariffOf(
      [
        {
          service: "data",
          prices: ["T-Mobile", "Vodafone"].map((area) => ({
            areas: [area],
            tiers: {
              kind: "package",
              over: "device",
              unit: "KB",
              steps: [{ price: per("0.01", 100, "KB") }],
            },
            increments: BYTE,
          })),
        },
      ],
      {
        currency: "USD",
        areas: [
          { name: "T-Mobile", networks: ["26201"] },
          { name: "Vodafone", networks: ["26202"] },
        ],
      },
    ),
    uses: [
      data(1, { deviceId: "d", visitedNetwork: "26201", costs: "0.01" }),
      data(99_999, { deviceId: "d", visitedNetwork: "26201", costs: "0" }),
      data(1, { deviceId: "d", visitedNetwork: "26201", costs: "0.01" }),
      data(1, { deviceId: "d", visitedNetwork: "26202", costs: "0.01" }),
      data(1, { deviceId: "e", visitedNetwork: "26201", costs: "0.01" }),
    ],
  },
  {
    what: "tiers of 100 MB and 500 MB for each SIM",
    source: "telnyx.com, IoT, United States",
    tariff: tariffOf(
      [
        dataService({
          increments: BYTE,
          tiers: {
            kind: "graduated",
            over: "device",
            unit: "MB",
            steps: [
              { upTo: 100, price: per("0.0780", 1, "MB") },
              { upTo: 500, price: per("0.0390", 1, "MB") },
              { price: per("0.0195", 1, "MB") },
            ],
          },
        }),
      ],
      { currency: "USD" },
    ),
    uses: [
      data(100 * MB, { deviceId: "d", costs: "7.80" }),
      data(1, { deviceId: "d", costs: "0.000000039" }),
      data(600 * MB - 1, { deviceId: "d", costs: "19.499999961" }),
    ],
    // 7.80, 400 MB at 0.039 and 200 MB at 0.0195.
    sum: "27.3",
  },
  {
    what: "no fee for SIMs that send nothing",
    source: "onomondo.com, pricing",
    tariff: tariffOf([dataService({ price: per("0.0025", 1, "MB"), increments: BYTE })], {
      defaultPlan: "P",
      plans: [
        {
          name: "P",
          recurring: [
            { name: "active", amount: "0.30", per: "device", proration: "none", due: "used" },
          ],
        },
      ],
    }),
    accounts: [{ id: "a", devices: [{ id: "d" }, { id: "e" }] }],
    uses: [data(4 * MB, { deviceId: "d", costs: "0.01" })],
    period: MARCH,
    net: { a: "0.31" },
  },
  {
    what: "0.219933 MB at 0.02",
    source: "emnify, documentation of the data streamer",
    tariff: tariffOf([dataService({ price: per("0.02", 1, "MB"), increments: BYTE })]),
    uses: [data(219_933, { costs: "0.00439866" })],
  },
  {
    what: "60/60, messages, increments of 102.4 kilobyte",
    source: "eety.at, FLAT XL",
    tariff: tariffOf([
      voiceService({ price: per("0.05", 60, "s"), increments: steps(60, 60, "s") }),
      smsService("0.05"),
      dataService({ price: per("0.9023", 1, "MB"), increments: steps(102_400, 102_400, "octet") }),
    ]),
    uses: [
      call(61, { costs: "0.10" }),
      sms("0.05"),
      data(1, { costs: "0.09239552" }),
      data(102_401, { costs: "0.18479104" }),
    ],
  },
  {
    what: "by the second, three minutes at least",
    source: "frogmobile.gr, terms",
    tariff: tariffOf([
      voiceService({ price: per("0.06", 60, "s"), increments: steps(180, 1, "s") }),
    ]),
    uses: [call(10, { costs: "0.18" }), call(181, { costs: "0.181" })],
  },
  {
    what: "whole minutes; data above the plan at 0.01 a MB",
    source: "eurocom.lt",
    tariff: tariffOf(
      [
        voiceService({ price: per("0.20", 60, "s"), increments: steps(60, 60, "s") }),
        dataService({ price: per("0.01", 1, "MB"), increments: BYTE }),
      ],
      {
        defaultPlan: "P",
        plans: [
          {
            name: "P",
            allowances: [
              {
                name: "5 GB",
                scope: "account",
                uses: [{ service: "data" }],
                units: { quantity: 5, unit: "GB" },
              },
            ],
          },
        ],
      },
    ),
    uses: [call(1, { costs: "0.20" }), data(5100 * MB, { costs: "1.00" })],
  },
  {
    what: "0.25 a minute, 0.15 a message, 0.85 a MB",
    source: "Proximus, Start 5 bis",
    tariff: tariffOf([
      voiceService({ price: per("0.25", 60, "s"), increments: SECOND }),
      smsService("0.15"),
      dataService({ price: per("0.85", 1, "MB"), increments: BYTE }),
    ]),
    uses: [call(90, { costs: "0.375" }), sms("0.15"), data(2 * MB, { costs: "1.70" })],
  },
];

describe("real tariffs", () => {
  for (const one of cases) testPriceCase(one);
});
