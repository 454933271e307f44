import { type PriceCase, per, SECOND, steps, tariffOf, testPriceCase } from "./price-case.ts";

/*
 * CGRateS: what its tutorials and tests expect, and where it loses small amounts that are exact here
 * (research on rating engines, section 3).
 */

const call = (durationSeconds: number, costs: string, more: object = {}) => ({
  direction: "outgoing" as const,
  durationSeconds,
  costs,
  ...more,
});
const voice = (price: object, more: object = {}) =>
  tariffOf([{ service: "voice", direction: "outgoing", prices: [price] }], more);
const UP_4 = { rounding: { mode: "up", scale: 4 } };
const TIERED = {
  setUp: "0.4",
  increments: steps(60, 60, "s"),
  tiers: {
    kind: "graduated",
    over: "session",
    unit: "s",
    steps: [
      { upTo: 60, price: per("0.2", 60, "s") },
      { price: per("0.1", 60, "s"), increments: SECOND },
    ],
  },
};

const cases: PriceCase[] = [
  {
    what: "RT_20CNT: 90 s are 0.65, where six decimals gave 0.6501",
    source: "old tutorial, RT_20CNT; measured",
    tariff: voice(TIERED),
    uses: [call(60, "0.6"), call(61, "0.601666667"), call(90, "0.65"), call(600, "1.5")],
  },
  {
    what: "RT_10CNT: the first minute whole, then seconds, rounded up to four decimals",
    source: "old tutorial, RT_10CNT",
    tariff: voice(
      {
        setUp: "0.2",
        increments: steps(60, 60, "s"),
        tiers: {
          kind: "graduated",
          over: "session",
          unit: "s",
          steps: [
            { upTo: 60, price: per("0.1", 60, "s") },
            { price: per("0.05", 60, "s"), increments: SECOND },
          ],
        },
      },
      UP_4,
    ),
    uses: [call(1, "0.3"), call(60, "0.3"), call(61, "0.3009"), call(120, "0.35")],
  },
  {
    what: "RT_1CNT and RT_1CNT_PER_SEC",
    source: "old tutorial",
    tariff: voice({ price: per("0.01", 60, "s"), increments: steps(60, 60, "s") }),
    uses: [call(1, "0.01"), call(61, "0.02")],
  },
  {
    what: "RT_10C_CN: a call costs its connect fee",
    source: "tutorial2, DR_ANY_10C_CN",
    tariff: voice({ setUp: "0.1", price: per("0", 1, "s"), increments: SECOND }, UP_4),
    uses: [call(0, "0.1"), call(3600, "0.1")],
  },
  {
    what: "12,345 Wh at 0.00005 a kWh are 0.00061725, where the increment's rounding gave 0",
    source: "measured",
    tariff: tariffOf([
      {
        service: "energy",
        prices: [{ price: per("0.00005", 1, "kWh"), increments: steps(1, 1, "Wh") }],
      },
    ]),
    uses: [
      { service: "energy", energyWattHours: "12345", costs: "0.00061725" },
      { service: "energy", energyWattHours: "1000", costs: "0.00005" },
    ],
  },
  {
    what: "600 s at 0.05 a minute by the second are 0.5, where it was 0.498",
    source: "measured",
    tariff: voice({ price: per("0.05", 60, "s"), increments: SECOND }),
    uses: [call(600, "0.5")],
  },
  {
    what: "1 MiB by the octet is 0.01, where more than a million increments gave 0",
    source: "measured",
    tariff: tariffOf([
      {
        service: "data",
        prices: [{ price: per("0.01", 1, "MiB"), increments: steps(1, 1, "octet") }],
      },
    ]),
    uses: [{ service: "data", totalOctets: 1_048_576, costs: "0.01" }],
  },
  {
    what: "no prefix is an error, never 0; the subject's own plan comes before everyone's",
    source: "tutorial2: RP_1001 for 1001, RP_STANDARD for others; general_tests",
    tariff: tariffOf(
      [
        {
          service: "voice",
          direction: "outgoing",
          zones: ["DST_1002", "DST_10"],
          prices: [
            {
              zones: ["DST_1002"],
              classes: ["1001"],
              setUp: "0.1",
              price: per("0.01", 1, "s"),
              increments: SECOND,
            },
            ...[{ zones: ["DST_10"] }, { zones: ["DST_1002"], classes: ["others"] }].map(
              (cell) => ({
                ...cell,
                setUp: "0.2",
                price: per("1.2", 60, "s"),
                increments: steps(60, 1, "s"),
              }),
            ),
          ],
        },
      ],
      {
        ...UP_4,
        zones: [
          { name: "DST_1002", prefixes: ["1002"] },
          { name: "DST_10", prefixes: ["10"] },
        ],
        classes: {
          classes: [{ name: "1001", when: [{ accountGroups: ["1001"] }] }],
          otherwise: "others",
        },
      },
    ),
    accounts: [{ id: "1001", groups: ["1001"] }, { id: "1003" }],
    uses: [
      call(45, "0.55", { account: "1001", bParty: "1002" }),
      call(45, "1.4", { account: "1001", bParty: "1003" }),
      call(45, "1.4", { account: "1003", bParty: "1002" }),
      {
        direction: "outgoing",
        durationSeconds: 45,
        account: "1003",
        bParty: "4986517174963",
        suspended: "rating.no-row-for-number",
      },
    ],
  },
];

describe("CGRateS", () => {
  for (const one of cases) testPriceCase(one);
});
