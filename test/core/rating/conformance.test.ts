import assert from "node:assert/strict";
import { parseDecimalNano } from "../../../node/core/money/decimal.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

/*
 * What other engines and published tariffs ask, with the source beside each case.
 */

/**
 * The tutorial tariffs of CGRateS (data/tariffplans/tutorial2 and its integration tests): RT_60C is
 * 0.1 and 0.01 a second, RT_120C is 0.2 and 1.2 a minute, the first one whole, then seconds. It
 * rounds up to four decimals.
 */
const CGRATES = tariffDocument({
  currency: "USD",
  timeZone: "UTC",
  validFrom: "2019-03-01",
  validTo: "2020-01-01",
  rounding: { mode: "up", scale: 4 },
  calendar: {
    bands: [
      { name: "new year", when: [{ dates: ["01-01"] }] },
      {
        name: "peak",
        when: [
          {
            days: ["monday", "tuesday", "wednesday", "thursday", "friday"],
            from: "08:00",
            to: "19:00",
          },
        ],
      },
    ],
    otherwise: "off-peak",
  },
  zones: [
    { name: "DST_1002", prefixes: ["1002"] },
    { name: "DST_10", prefixes: ["10"] },
  ],
  services: [
    {
      service: "voice",
      direction: "outgoing",
      zones: ["DST_1002", "DST_10"],
      prices: [
        {
          zones: ["DST_1002"],
          setUp: "0.1",
          price: { amount: "0.01", per: 1, unit: "s" },
          increments: { first: 1, further: 1, unit: "s" },
        },
        {
          zones: ["DST_10"],
          bands: ["peak"],
          setUp: "0.2",
          price: { amount: "1.2", per: 1, unit: "min" },
          increments: { first: 60, further: 1, unit: "s" },
        },
        {
          zones: ["DST_10"],
          bands: ["off-peak", "new year"],
          setUp: "0.1",
          price: { amount: "0.01", per: 1, unit: "s" },
          increments: { first: 1, further: 1, unit: "s" },
        },
      ],
    },
    {
      service: "data",
      prices: [
        {
          price: { amount: "1", per: 1024, unit: "octet" },
          increments: { first: 1024, further: 1024, unit: "octet" },
        },
      ],
    },
    {
      service: "sms",
      direction: "outgoing",
      zones: ["DST_1002", "DST_10"],
      prices: [
        { zones: ["DST_1002"], price: { amount: "0.1", per: 1, unit: "unit" } },
        { zones: ["DST_10"], price: { amount: "0.2", per: 1, unit: "unit" } },
      ],
    },
  ],
});

function one(
  service: "voice" | "data",
  price: TariffDocument["services"][number]["prices"][number],
): TariffDocument {
  return tariffDocument({ validFrom: "2019-01-01", services: [{ service, prices: [price] }] });
}

const PER_SECOND_AFTER_30 = one("voice", {
  price: { amount: "0.019", per: 1, unit: "min" },
  increments: { first: 30, further: 1, unit: "s" },
});

/** RT_40CNT of CGRateS' old tutorial: 0.8, 0.4 a minute in 30 s, after a minute 0.2 in 10 s. */
const RT_40CNT: TariffDocument = {
  ...one("voice", {
    setUp: "0.8",
    increments: { first: 30, further: 30, unit: "s" },
    tiers: {
      kind: "graduated",
      over: "session",
      unit: "s",
      steps: [
        { upTo: 60, price: { amount: "0.4", per: 60, unit: "s" } },
        {
          price: { amount: "0.2", per: 60, unit: "s" },
          increments: { first: 10, further: 10, unit: "s" },
        },
      ],
    },
  }),
  rounding: { mode: "up", scale: 4 },
};

const peakMonday = "2019-03-11T09:00:00.000Z";
const cases: {
  what: string;
  source: string;
  tariff: TariffDocument;
  use: Partial<UsageRecord>;
  amount: string;
}[] = [
  {
    what: "45 s to 1002: 0.1 and 45 times 0.01",
    source: "CGRateS tutorial2, 1001 calls 1002 for 45 s",
    tariff: CGRATES,
    use: { direction: "outgoing", bParty: "1002", durationSeconds: 45 },
    amount: "0.55",
  },
  {
    what: "45 s to 1003 at peak: 0.2 and one minute of 1.2",
    source: "CGRateS tutorial2, 1001 calls 1003 for 45 s on 2019-03-11 at 09:00",
    tariff: CGRATES,
    use: { direction: "outgoing", bParty: "1003", durationSeconds: 45, start: peakMonday },
    amount: "1.4",
  },
  {
    what: "2048 octets: two started 1024",
    source: "CGRateS tutorial2, data",
    tariff: CGRATES,
    use: { service: "data", totalOctets: 2048 },
    amount: "2.0",
  },
  {
    what: "one message to 1002",
    source: "CGRateS tutorial2, sms of 1003",
    tariff: CGRATES,
    use: { service: "sms", direction: "outgoing", bParty: "1002", units: 1 },
    amount: "0.1",
  },
  {
    what: "0.219933 MB at 0.02 a MB",
    source: "emnify, documentation of the data streamer, worked cost",
    tariff: one("data", {
      price: { amount: "0.02", per: 1, unit: "MB" },
      increments: { first: 1, further: 1, unit: "octet" },
    }),
    use: { service: "data", totalOctets: 219_933 },
    amount: "0.00439866",
  },
  {
    what: "a call of 12 s is billed as 30 s, one of 31 s as 31 s",
    source: "Regulation (EU) 2022/612, wholesale cap 0.019 a minute; initial minimum of 30 s",
    tariff: PER_SECOND_AFTER_30,
    use: { durationSeconds: 12 },
    amount: "0.0095",
  },
  {
    what: "31 s by the second after the first 30",
    source: "Regulation (EU) 2022/612, as before; 0.019 × 31 / 60 half up",
    tariff: PER_SECOND_AFTER_30,
    use: { durationSeconds: 31 },
    amount: "0.009816667",
  },
  {
    what: "one octet costs a whole increment of 102.4 kilobyte",
    source: "eety.at, tariff FLAT XL: 0.9023 a MB, increments of 102.4 kilobyte",
    tariff: one("data", {
      price: { amount: "0.9023", per: 1, unit: "MB" },
      increments: { first: 102_400, further: 102_400, unit: "octet" },
    }),
    use: { service: "data", totalOctets: 1 },
    amount: "0.09239552",
  },
  {
    what: "the first octet costs 0.01, the first octet beyond 100 KB the next 0.01",
    source: "twilio.com/docs/wireless/pricing, worked example at 0.10 a MB",
    tariff: one("data", {
      price: { amount: "0.10", per: 1, unit: "MB" },
      increments: { first: 100, further: 100, unit: "KB" },
    }),
    use: { service: "data", totalOctets: 100_001 },
    amount: "0.02",
  },
  {
    what: "a call of 10 s is billed as three minutes",
    source: "frogmobile.gr, by the second with a minimum call charge of 3 minutes",
    tariff: one("voice", {
      price: { amount: "0.06", per: 1, unit: "min" },
      increments: { first: 180, further: 1, unit: "s" },
    }),
    use: { durationSeconds: 10 },
    amount: "0.18",
  },
  {
    what: "1 s is 30 s of the first minute",
    source: "CGRateS old tutorial, RT_40CNT",
    tariff: RT_40CNT,
    use: { durationSeconds: 1 },
    amount: "1.0",
  },
  {
    what: "60 s are the first minute alone",
    source: "CGRateS old tutorial, RT_40CNT",
    tariff: RT_40CNT,
    use: { durationSeconds: 60 },
    amount: "1.2",
  },
  {
    what: "61 s are the first minute and 10 s of the rest",
    source: "CGRateS old tutorial, RT_40CNT",
    tariff: RT_40CNT,
    use: { durationSeconds: 61 },
    amount: "1.2334",
  },
  {
    what: "600 s at 0.05 a minute by the second are 0.5, where rounding each increment gives 0.498",
    source: "research/rating-engines.md, section 3, exactness",
    tariff: one("voice", {
      price: { amount: "0.05", per: 1, unit: "min" },
      increments: { first: 1, further: 1, unit: "s" },
    }),
    use: { durationSeconds: 600 },
    amount: "0.5",
  },
  {
    what: "1 MiB by the octet at 0.01 a MiB, a million increments and more",
    source: "research/rating-engines.md, section 3, exactness",
    tariff: one("data", {
      price: { amount: "0.01", per: 1, unit: "MiB" },
      increments: { first: 1, further: 1, unit: "octet" },
    }),
    use: { service: "data", totalOctets: 1_048_576 },
    amount: "0.01",
  },
  {
    what: "a data session of 1 GB at the wholesale cap of 2026",
    source: "Regulation (EU) 2022/612: 1.10 a GB from 2026, per kilobyte",
    tariff: one("data", {
      price: { amount: "1.10", per: 1, unit: "GB" },
      increments: { first: 1, further: 1, unit: "KB" },
    }),
    use: { service: "data", totalOctets: 999_999_001 },
    amount: "1.1",
  },
  {
    what: "a data session of 5 GiB, more octets than 32 bits count",
    source: "arithmetic: 5,368,709,120 octets at 0.01 a MiB are 51.20",
    tariff: one("data", {
      price: { amount: "0.01", per: 1, unit: "MiB" },
      increments: { first: 1, further: 1, unit: "octet" },
    }),
    use: { service: "data", totalOctets: 5_368_709_120 },
    amount: "51.2",
  },
];

describe("prices that the field asks", () => {
  for (const { what, source, tariff, use, amount } of cases) {
    it(`${what} (${source})`, () => {
      const outcome = rateUsage(compileTariff(tariff), {
        id: "case",
        service: "voice",
        direction: "none",
        start: "2019-03-10T12:00:00.000Z",
        billable: true,
        ...use,
      });
      assert.equal(outcome.outcome, "rated");
      if (outcome.outcome === "rated") {
        assert.equal(outcome.amountNano, parseDecimalNano(amount));
      }
    });
  }
});
