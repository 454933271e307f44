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
 * OCPI 2.2.1, mod_tariffs and mod_cdrs: the costs that the specification works out. A charging
 * session is one record for each thing that is sold; what the start costs is an event of its own
 * where it is taxed otherwise than the energy.
 */

type Price = Record<string, unknown>;

const CENTS = { rounding: { mode: "half-up", scale: 2 } };
const vat = (name: string, percent: string, of: string[]) => ({ name, percent, of });
const start = (amount: string) => ({
  service: "event",
  prices: [{ price: per(amount, 1, "unit") }],
});
const energy = (amount: string, more: Price = {}) => ({
  service: "energy",
  prices: [{ price: per(amount, 1, "kWh"), increments: steps(1, 1, "Wh"), ...more }],
});
const time = (amount: string, step: number, more: Price = {}) => ({
  service: "time",
  prices: [{ price: per(amount, 1, "h"), increments: steps(step, step, "s"), ...more }],
});
/** Charging and parking, told apart by what the record's time was for. */
const chargingAndParking = (charging: Price[], parking: Price, more: object = {}) => ({
  service: "time",
  ...more,
  prices: [
    ...charging.map((price) => ({ classes: ["charging"], ...price })),
    { classes: ["parking"], taxCategory: "parking", ...parking },
  ],
});
const PARKING = {
  classes: {
    classes: [{ name: "parking", when: [{ applications: ["parking"] }] }],
    otherwise: "charging",
  },
};
const kWh = (wattHours: string, more: object = {}) => ({
  service: "energy" as const,
  account: "a",
  energyWattHours: wattHours,
  ...more,
});
const minutes = (count: number, more: object = {}) => ({
  service: "time" as const,
  account: "a",
  durationSeconds: count * 60,
  ...more,
});
const session = { service: "event" as const, account: "a" };
const parking = { application: "parking" };
const VAT_OF_START = [vat("10 %", "10", ["energy"]), vat("20 %", "20", ["event"])];
const VAT_OF_TIME = [vat("10 %", "10", ["energy"]), vat("20 %", "20", ["event", "time"])];

/** By the millisecond: volumes come in hours with four decimals. */
const W12 = chargingAndParking(
  [
    { bands: ["until five"], price: per("1.2", 1, "h"), increments: steps(1, 1, "ms") },
    { bands: ["after five"], price: per("2.4", 1, "h"), increments: steps(1, 1, "ms") },
  ],
  { price: per("1", 1, "h"), increments: steps(900, 900, "s") },
);
const UNTIL_FIVE = {
  calendar: {
    bands: [{ name: "until five", when: [{ to: "17:00" }] }],
    otherwise: "after five",
  },
};

const cases: Omit<PriceCase, "period" | "source">[] = [
  {
    what: "W01: 20 kWh at 0.25",
    tariff: tariffOf([energy("0.25")], { ...CENTS, taxes: [vat("VAT", "10", ["energy"])] }),
    uses: [kWh("20000")],
    net: { a: "5.00" },
    total: { a: "5.50" },
  },
  {
    what: "W02: 20 kWh and a start fee",
    tariff: tariffOf([start("0.50"), energy("0.25")], { ...CENTS, taxes: VAT_OF_START }),
    uses: [session, kWh("20000")],
    net: { a: "5.50" },
    total: { a: "6.10" },
  },
  {
    what: "W03: a minimum of 0.50 that 20 kWh exceed",
    tariff: tariffOf([energy("0.25", { minimum: "0.50" })], {
      ...CENTS,
      taxes: [vat("VAT", "10", ["energy"])],
    }),
    uses: [kWh("20000")],
    net: { a: "5.00" },
    total: { a: "5.50" },
  },
  {
    what: "W04: start, 20 kWh and 40 minutes of parking in quarters of an hour",
    tariff: tariffOf(
      [
        start("0.50"),
        energy("0.25"),
        chargingAndParking([{ price: per("0", 1, "h"), increments: SECOND }], {
          price: per("2", 1, "h"),
          increments: steps(900, 900, "s"),
        }),
      ],
      { ...CENTS, ...PARKING, taxes: VAT_OF_TIME },
    ),
    uses: [session, kWh("20000"), minutes(40, parking)],
    net: { a: "7.00" },
    total: { a: "7.90" },
  },
  {
    what: "W05: 50 kWh and the start fee, at most 10.00",
    tariff: tariffOf([energy("0.25", { setUp: "0.50", maximum: "10.00" })], {
      ...CENTS,
      taxes: [vat("VAT", "10", ["energy"])],
    }),
    uses: [kWh("50000")],
    net: { a: "10.00" },
    total: { a: "11.00" },
  },
  {
    what: "W06: 150 minutes at 2.00 an hour",
    tariff: tariffOf([time("2", 60)], { ...CENTS, taxes: [vat("VAT", "10", ["time"])] }),
    uses: [minutes(150)],
    net: { a: "5.00" },
    total: { a: "5.50" },
  },
  {
    what: "W07: 150 minutes of charging, 42 of parking, of which 45 are billed",
    tariff: tariffOf(
      [
        chargingAndParking([{ price: per("3", 1, "h"), increments: SECOND }], {
          price: per("5", 1, "h"),
          increments: steps(300, 300, "s"),
        }),
      ],
      {
        ...CENTS,
        ...PARKING,
        taxes: [vat("10 %", "10", ["time"]), vat("20 %", "20", ["parking"])],
      },
    ),
    uses: [minutes(150), minutes(42, parking)],
    net: { a: "11.25" },
    total: { a: "12.75" },
  },
  {
    what: "W08: 150 minutes with 5.2 % of VAT: 4.997 are 5.00",
    tariff: tariffOf([time("1.90", 300)], { ...CENTS, taxes: [vat("VAT", "5.2", ["time"])] }),
    uses: [minutes(150)],
    net: { a: "4.75" },
    total: { a: "5.00" },
  },
  {
    what: "W09: free of charge",
    tariff: tariffOf([energy("0")], CENTS),
    uses: [kWh("20000", { costs: "0.00" })],
    net: { a: "0.00" },
  },
  {
    what: "W10: 15 reserved minutes, start and 20 kWh",
    tariff: tariffOf([start("0.50"), energy("0.25"), time("5", 60)], {
      ...CENTS,
      taxes: VAT_OF_TIME,
    }),
    uses: [minutes(15, { application: "reservation" }), session, kWh("20000")],
    net: { a: "6.75" },
    total: { a: "7.60" },
  },
  {
    what: "W11: 0.20 below 16 kW, 0.35 below 32 kW, 0.50 above",
    tariff: tariffOf(
      [
        {
          service: "energy",
          prices: [
            ["slow", "0.20"],
            ["medium", "0.35"],
            ["fast", "0.50"],
          ].map(([name, amount]) => ({
            classes: [name],
            price: per(amount as string, 1, "kWh"),
            increments: steps(1, 1, "Wh"),
          })),
        },
      ],
      {
        ...CENTS,
        classes: {
          classes: [
            { name: "slow", when: [{ qualities: ["below 16 kW"] }] },
            { name: "medium", when: [{ qualities: ["16 to 32 kW"] }] },
          ],
          otherwise: "fast",
        },
      },
    ),
    uses: [
      kWh("1000", { quality: "below 16 kW", costs: "0.20" }),
      kWh("40000", { quality: "32 kW and more", costs: "20.00" }),
      kWh("500", { quality: "below 16 kW", costs: "0.10" }),
    ],
    net: { a: "20.30" },
  },
  {
    what: "W12: 5 minutes before five, 5 after, 2 of parking raised to 15",
    tariff: tariffOf([W12], { ...CENTS, ...UNTIL_FIVE, ...PARKING }),
    uses: [
      minutes(5, { start: "2026-03-02T16:55:00.000Z", costs: "0.10" }),
      minutes(5, { start: "2026-03-02T17:00:00.000Z", costs: "0.20" }),
      minutes(2, { start: "2026-03-02T17:05:00.000Z", ...parking, costs: "0.25" }),
    ],
    net: { a: "0.55" },
  },
  {
    what: "W13: 118 minutes and 23 seconds are 120 minutes",
    tariff: tariffOf([time("2", 300)], { ...CENTS, taxes: [vat("VAT", "10", ["time"])] }),
    uses: [minutes(0, { durationSeconds: 7103 })],
    net: { a: "4.00" },
    total: { a: "4.40" },
  },
  {
    what: "W14: 4.3 kWh before five and 1.1 kWh after, in steps of 500 Wh",
    tariff: tariffOf(
      [
        {
          service: "energy",
          prices: [
            { bands: ["until five"], price: per("0.20", 1, "kWh") },
            { bands: ["after five"], price: per("0.27", 1, "kWh") },
          ].map((price) => ({
            ...price,
            counted: "session-end",
            increments: steps(500, 500, "Wh"),
          })),
        },
      ],
      UNTIL_FIVE,
    ),
    uses: [
      kWh("4300", {
        sessionId: "s",
        partial: "first",
        start: "2026-03-02T16:00:00.000Z",
        costs: "0.86",
      }),
      kWh("1100", {
        sessionId: "s",
        partial: "last",
        start: "2026-03-02T17:00:00.000Z",
        costs: "0.324",
      }),
    ],
    net: { a: "1.184" },
  },
  {
    what: "W15: 2.3.0, Canadian dollars before taxes",
    tariff: tariffOf([time("2", 60)], { ...CENTS, currency: "CAD" }),
    uses: [minutes(150)],
    net: { a: "5.00" },
  },
];

describe("costs that OCPI works out", () => {
  for (const one of cases) {
    testPriceCase({ source: "OCPI 2.2.1, mod_tariffs and mod_cdrs", period: MARCH, ...one });
  }
});

describe("charge detail records with their cost", () => {
  const source = "tandemdrive/ocpi-tariffs, test_data";
  const at = { start: "2026-03-13T14:30:00.000Z" };
  const whole: PriceCase[] = [
    {
      what: "step_size: volumes of 0.0834 h are 300.24 s, charged to the hundredth of a cent",
      source,
      tariff: tariffOf([W12], {
        ...UNTIL_FIVE,
        ...PARKING,
        rounding: { mode: "half-up", scale: 4, of: "line" },
      }),
      uses: [
        minutes(0, { durationSeconds: 300.24, start: "2026-03-13T16:55:00.000Z" }),
        minutes(0, { durationSeconds: 300.24, start: "2026-03-13T17:00:00.000Z" }),
        minutes(0, { durationSeconds: 120.24, start: "2026-03-13T17:02:00.000Z", ...parking }),
      ],
      net: { a: "0.5502" },
    },
    {
      what: "simple_3hour_5parking: 2.5 h and 0.7 h",
      source,
      tariff: tariffOf(
        [
          chargingAndParking([{ price: per("3", 1, "h"), increments: steps(60, 60, "s") }], {
            price: per("5", 1, "h"),
            increments: steps(300, 300, "s"),
          }),
        ],
        {
          ...CENTS,
          ...PARKING,
          taxes: [vat("10 %", "10", ["time"]), vat("20 %", "20", ["parking"])],
        },
      ),
      uses: [
        minutes(150, { ...at, costs: "7.50" }),
        minutes(42, { ...at, ...parking, costs: "3.75" }),
      ],
      net: { a: "11.25" },
      total: { a: "12.75" },
    },
    {
      what: "025kwh_min_price: 20 kWh",
      source,
      tariff: tariffOf([energy("0.25", { minimum: "0.5" })], {
        ...CENTS,
        taxes: [vat("VAT", "10", ["energy"])],
      }),
      uses: [kWh("20000", at)],
      net: { a: "5.00" },
      total: { a: "5.50" },
    },
    {
      what: "025kwh_start: 20 kWh and a start fee of 0.50",
      source,
      tariff: tariffOf([start("0.50"), energy("0.25")], { ...CENTS, taxes: VAT_OF_START }),
      uses: [{ ...session, ...at, costs: "0.50" }, kWh("20000", { ...at, costs: "5.00" })],
      net: { a: "5.50" },
      total: { a: "6.10" },
    },
  ];
  for (const one of whole) testPriceCase({ period: MARCH, ...one });
});
