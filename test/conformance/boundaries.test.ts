import { type PriceCase, per, SECOND, steps, tariffOf, testPriceCase } from "./price-case.ts";

/* Where prices change: increments, borders of tiers, days, clocks, versions; the largest and smallest. */

const source = "arithmetic";
const voice = (price: object, more: object = {}, service: object = {}) =>
  tariffOf([{ service: "voice", direction: "outgoing", prices: [price], ...service }], more);
const call = (durationSeconds: number, costs: string, start?: string) => ({
  direction: "outgoing" as const,
  account: "a",
  durationSeconds,
  costs,
  ...(start === undefined ? {} : { start }),
});
/** One a second of increments: what is billed is what it costs. */
const billed = (first: number, further: number) =>
  voice({ price: per("1", 1, "s"), increments: steps(first, further, "s") });

const increments: PriceCase[] = (
  [
    ["60/60", 60, 60, { 0: 0, 1: 60, 59: 60, 60: 60, 61: 120, 119: 120, 120: 120, 121: 180 }],
    ["60/10", 60, 10, { 0: 0, 1: 60, 60: 60, 61: 70, 70: 70, 71: 80, 605: 610 }],
    ["60/1", 60, 1, { 0: 0, 1: 60, 60: 60, 61: 61, 3599: 3599 }],
    ["30/6", 30, 6, { 0: 0, 1: 30, 30: 30, 31: 36, 36: 36, 37: 42, 83: 84 }],
    ["1/1", 1, 1, { 0: 0, 1: 1, 2678400: 2_678_400 }],
  ] as [string, number, number, Record<number, number>][]
).map(([what, first, further, expected]) => ({
  what: `increments of ${what}`,
  source: "billing increments as carriers write them",
  tariff: billed(first, further),
  uses: [
    ...Object.entries(expected).map(([seconds, costs]) => call(Number(seconds), String(costs))),
    // A millisecond more begins the next increment.
    call(first + 0.001, String(first + further)),
  ],
}));

const BERLIN = { timeZone: "Europe/Berlin", validFrom: "2024-01-01", validTo: "2029-01-01" };
const NIGHT = {
  ...BERLIN,
  calendar: { bands: [{ name: "night", when: [{ to: "06:00" }] }], otherwise: "day" },
};
/** 1 a second by night, 10 by day; by the increment. */
const nightAndDay = (bandsAt: string) =>
  tariffOf(
    [
      {
        service: "voice",
        direction: "outgoing",
        bandsAt,
        prices: [
          { bands: ["night"], price: per("1", 1, "s"), increments: SECOND },
          { bands: ["day"], price: per("10", 1, "s"), increments: SECOND },
        ],
      },
    ],
    NIGHT,
  );
const dates = (name: string, ...list: string[]) => ({
  ...BERLIN,
  calendar: { bands: [{ name, when: [{ dates: list }] }], otherwise: "else" },
});
const onDates = (more: object) =>
  tariffOf(
    [
      {
        service: "voice",
        direction: "outgoing",
        prices: [
          { bands: ["then"], price: per("10", 1, "s"), increments: SECOND },
          { bands: ["else"], price: per("1", 1, "s"), increments: SECOND },
        ],
      },
    ],
    more,
  );

const calendar: PriceCase[] = [
  {
    what: "a call over midnight keeps its price, or changes it with the increment",
    source,
    tariff: nightAndDay("increment-start"),
    uses: [
      call(10, "55", "2026-01-31T22:59:55.000Z"),
      call(10, "100", "2026-01-31T22:59:50.000Z"),
      call(10, "10", "2026-01-31T23:00:00.000Z"),
    ],
  },
  {
    what: "a call over midnight is one of the day in which it began",
    source,
    tariff: nightAndDay("session-start"),
    uses: [call(10, "100", "2026-01-31T22:59:55.000Z"), call(10, "10", "2026-01-31T23:00:00.000Z")],
  },
  {
    what: "the night of 29 March 2026 has five hours in Berlin, that of 25 October seven",
    source: "IANA time zone database, Europe/Berlin",
    tariff: nightAndDay("increment-start"),
    uses: [
      // Midnight to six and a second of the day more.
      call(5 * 3600 + 1, "18010", "2026-03-28T23:00:00.000Z"),
      call(6 * 3600 + 1, "21610", "2026-03-29T22:00:00.000Z"),
      call(7 * 3600 + 1, "25210", "2026-10-24T22:00:00.000Z"),
    ],
  },
  {
    what: "29 February is a day of leap years, and of a list of every year's dates",
    source,
    tariff: onDates(dates("then", "02-29")),
    uses: [
      call(1, "1", "2028-02-28T22:59:59.999Z"),
      call(1, "10", "2028-02-28T23:00:00.000Z"),
      call(1, "10", "2028-02-29T22:59:59.999Z"),
      call(1, "1", "2028-02-29T23:00:00.000Z"),
      call(1, "1", "2027-02-28T23:00:00.000Z"),
    ],
  },
  {
    what: "a tariff ends before its end, and the next one begins with it",
    source,
    tariff: voice({ price: per("1", 1, "s"), increments: SECOND }, { validTo: "2026-07-01" }),
    uses: [
      // Begun under it, a call is its own to the end.
      call(10, "10", "2026-06-30T23:59:59.999Z"),
      {
        direction: "outgoing",
        durationSeconds: 10,
        start: "2026-07-01T00:00:00.000Z",
        suspended: "rating.tariff-not-in-force",
      },
      {
        direction: "outgoing",
        durationSeconds: 10,
        start: "2025-12-31T23:59:59.999Z",
        suspended: "rating.tariff-not-in-force",
      },
    ],
  },
];

const unit = (amount: string) => per(amount, 1, "unit");
const sms = (units: number, costs: string) => ({
  service: "sms" as const,
  direction: "outgoing" as const,
  account: "a",
  units,
  costs,
});
const messages = (tiers: object) =>
  tariffOf([{ service: "sms", direction: "outgoing", prices: [{ tiers }] }]);
const TWO = [{ upTo: 100, price: unit("1") }, { price: unit("10") }];

const borders: PriceCase[] = [
  {
    what: "graduated: one below the border, on it, one above",
    source,
    tariff: messages({ kind: "graduated", over: "account", unit: "unit", steps: TWO }),
    uses: [sms(99, "99"), sms(1, "1"), sms(1, "10")],
  },
  {
    what: "graduated in one record over the border",
    source,
    tariff: messages({ kind: "graduated", over: "account", unit: "unit", steps: TWO }),
    uses: [sms(101, "110")],
  },
  {
    what: "a tier's fee with its first unit, whether a record ends on the border or crosses it",
    source,
    tariff: messages({
      kind: "graduated",
      over: "account",
      unit: "unit",
      steps: [
        { upTo: 10, price: unit("0"), fee: "3" },
        { price: unit("0"), fee: "7" },
      ],
    }),
    uses: [sms(10, "3"), sms(0, "0"), sms(1, "7"), sms(100, "0")],
  },
  {
    what: "packages: one below, on, one above",
    source,
    tariff: messages({
      kind: "package",
      over: "account",
      unit: "unit",
      steps: [{ price: per("5", 10, "unit") }],
    }),
    uses: [sms(9, "5"), sms(1, "0"), sms(1, "5"), sms(29, "10"), sms(10, "5")],
  },
  {
    what: "tiers of a session: the minute, and a second more",
    source,
    tariff: voice({
      increments: steps(60, 60, "s"),
      tiers: {
        kind: "graduated",
        over: "session",
        unit: "s",
        steps: [
          { upTo: 60, price: per("1", 1, "s") },
          { price: per("10", 1, "s"), increments: SECOND },
        ],
      },
    }),
    uses: [call(59, "60"), call(60, "60"), call(61, "70")],
  },
  {
    what: "charged from the tenth second: nine, ten",
    source,
    tariff: voice({
      chargedFrom: { quantity: 10, unit: "s" },
      setUp: "5",
      price: per("1", 1, "s"),
      increments: SECOND,
    }),
    uses: [call(9.999, "0"), call(10, "15"), call(0, "0")],
  },
];

const octets = (totalOctets: number | string, costs: string) => ({
  service: "data" as const,
  account: "a",
  totalOctets,
  costs,
});
const dataAt = (price: object) =>
  tariffOf([{ service: "data", prices: [{ price, increments: steps(1, 1, "octet") }] }]);

const sizes: PriceCase[] = [
  {
    what: "volumes around 2^32 and 2^53, and the largest that is counted",
    source,
    tariff: dataAt(per("0.000000001", 1, "octet")),
    uses: [
      octets(4_294_967_295, "4.294967295"),
      octets(4_294_967_296, "4.294967296"),
      octets(4_294_967_297, "4.294967297"),
      octets("9007199254740991", "9007199.254740991"),
      octets("9007199254740992", "9007199.254740992"),
      octets("9007199254740993", "9007199.254740993"),
      octets("18446744073709551615", "18446744073.709551615"),
      {
        service: "data",
        totalOctets: "18446744073709551616",
        suspended: "rating.quantity-too-large",
      },
    ],
  },
  {
    what: "a billionth, and half of one",
    source,
    tariff: dataAt(per("0.000000001", 2, "octet")),
    uses: [octets(1, "0.000000001"), octets(2, "0.000000001"), octets(3, "0.000000002")],
  },
  {
    what: "large amounts keep their last billionth",
    source,
    tariff: dataAt(per("999999999999999999.999999999", 1, "octet")),
    uses: [
      octets(1, "999999999999999999.999999999"),
      octets(7, "6999999999999999999.999999993"),
      {
        service: "data",
        totalOctets: "18446744073709551615",
        suspended: "rating.amount-too-large",
      },
    ],
  },
  {
    what: "no use costs nothing but what is due for the session",
    source,
    tariff: voice({ setUp: "0.05", price: per("1", 1, "s"), increments: steps(60, 60, "s") }),
    uses: [call(0, "0.05")],
  },
];

describe("borders", () => {
  for (const one of [...increments, ...calendar, ...borders, ...sizes]) testPriceCase(one);
});
