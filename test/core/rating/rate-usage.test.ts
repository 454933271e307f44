import assert from "node:assert/strict";
import fc from "fast-check";
import { formatNano } from "../../../node/core/money/decimal.ts";
import type { Rated } from "../../../node/core/rating/outcome.ts";
import { priceCharge, rowsAt } from "../../../node/core/rating/price-charge.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { type CompiledTariff, compileTariff } from "../../../node/core/tariff/compile.ts";
import { packDigits, unpackDigits } from "../../../node/core/tariff/digits.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { PEAK_CALENDAR, PER_STARTED_MINUTE, tariffDocument } from "../tariff/tariff-fixture.ts";

function usage(changes: Partial<UsageRecord> = {}): UsageRecord {
  return {
    id: "u1",
    service: "voice",
    direction: "outgoing",
    start: "2026-03-02T12:00:00.000Z",
    durationSeconds: 61,
    bParty: "+493023125001",
    billable: true,
    ...changes,
  };
}

function rated(tariff: CompiledTariff, changes: Partial<UsageRecord> = {}): Rated {
  const outcome = rateUsage(tariff, usage(changes));
  if (outcome.outcome === "rated") return outcome;
  assert.fail(outcome.outcome === "suspended" ? outcome.code : outcome.outcome);
}

function suspensionCode(tariff: CompiledTariff, changes: Partial<UsageRecord>): string {
  const outcome = rateUsage(tariff, usage(changes));
  return outcome.outcome === "suspended" ? outcome.code : outcome.outcome;
}

const perMinute = (amount: string) => ({
  price: { amount, per: 1, unit: "min" as const },
  increments: { first: 1, further: 1, unit: "s" as const },
});

/** Zones, bands, numbering: what a retail tariff has. */
const RETAIL: TariffDocument = tariffDocument({
  numbering: { countryCode: "49", nationalPrefix: "0", internationalPrefix: "00" },
  validTo: "2027-01-01",
  calendar: PEAK_CALENDAR,
  zones: [
    { name: "Germany", prefixes: ["49"] },
    { name: "German mobile", prefixes: ["4917", "4916"] },
    { name: "Emergency", prefixes: ["49112"] },
    { name: "UK", prefixes: ["44"] },
  ],
  services: [
    {
      service: "voice",
      direction: "outgoing",
      zones: ["Germany", "German mobile", "Emergency", "UK"],
      prices: [
        { ...perMinute("0.60"), zones: ["Germany"], bands: ["peak"] },
        { ...perMinute("0.30"), zones: ["Germany"], bands: ["off-peak"] },
        { ...perMinute("1.20"), zones: ["German mobile"] },
        { ...perMinute("0"), zones: ["Emergency"] },
        { ...perMinute("6"), zones: ["UK"], setUp: "0.50" },
      ],
    },
    { service: "voice", direction: "incoming", prices: [perMinute("0")] },
    {
      service: "data",
      prices: [
        {
          price: { amount: "1", per: 1024, unit: "octet" },
          increments: { first: 1024, further: 1024, unit: "octet" },
        },
      ],
    },
  ],
});

describe("rating a usage record", () => {
  let tariff: CompiledTariff;
  before(() => {
    tariff = compileTariff(RETAIL, 3);
  });

  it("prices it and gives what its charge needs", () => {
    const { amountNano, components, rows, ...facts } = rated(tariff);
    assert.equal(amountNano, 610_000_000n);
    assert.deepEqual(components, [
      { kind: "usage", amountNano: 610_000_000n, quantity: 61_000n, billed: 61_000n },
    ]);
    const { interval, calendar, price } = rowsAt(tariff, rows);
    assert.ok(interval.low <= facts.decidingDigits && facts.decidingDigits <= interval.high);
    assert.ok(calendar.from <= facts.startMilliseconds && facts.startMilliseconds < calendar.to);
    assert.equal(price.priceNano, 600_000_000n);
    // Places are counted over all rows, in the order of the tree.
    const { intervalRows, calendarRows, priceRows } = tariff;
    assert.deepEqual(
      [...intervalRows, ...calendarRows, ...priceRows].filter((_, place) =>
        [rows.interval, rows.calendar, rows.price].includes(place),
      ),
      [interval, calendar, price],
    );
    assert.deepEqual(facts, {
      outcome: "rated",
      service: 1,
      direction: 1,
      startMilliseconds: Date.parse("2026-03-02T12:00:00.000Z"),
      sessionMinutes: 0,
      quantity: 61_000n,
      secondQuantity: 0n,
      decidingDigits: packDigits("493"),
      restDigits: packDigits("023125001"),
      wholeNumber: false,
      partyType: 1,
      currency: "EUR",
      tariffVersion: 3,
    });
  });

  for (const [written, amount] of [
    ["+4917139200123", "1.22"],
    ["004917139200123", "1.22"],
    ["0171 39200-123", "1.22"],
    ["+44 20 7946 0123", "6.6"],
    ["0044 (20) 7946/0123", "6.6"],
    ["112", "0"],
    ["030 23125001", "0.61"],
  ] as const) {
    it(`reads the number ${written} by the tariff's numbering`, () => {
      assert.equal(formatNano(rated(tariff, { bParty: written }).amountNano), amount);
    });
  }

  it("takes the price of the band in which the session started, for the whole session", () => {
    // Berlin, a Monday: 18:59:30Z is 19:59:30, half a minute before off-peak.
    const start = "2026-03-02T18:59:30.000Z";
    assert.equal(rated(tariff, { start, durationSeconds: 600 }).amountNano, 6_000_000_000n);
    const later = rated(tariff, {
      start: "2026-03-02T19:30:00.000Z",
      sessionStart: start,
      durationSeconds: 600,
    });
    assert.equal(later.sessionMinutes, 31);
    assert.equal(later.amountNano, 6_000_000_000n);
    assert.equal(
      rated(tariff, { start: "2026-03-02T19:00:00.000Z", durationSeconds: 600 }).amountNano,
      3_000_000_000n,
    );
  });

  it("finds the band of a session that started before the tariff", () => {
    const { sessionMinutes } = rated(tariff, {
      start: "2025-12-31T23:00:01.000Z",
      sessionStart: "2025-12-31T22:10:59.000Z",
    });
    assert.equal(sessionMinutes, 50);
  });

  for (const [start, utc] of [
    ["2026-03-02T14:30:00+02:00", "2026-03-02T12:30:00.000Z"],
    ["2026-03-02T07:00:00.5-05:30", "2026-03-02T12:30:00.500Z"],
    ["2026-03-02T12:30:00.05Z", "2026-03-02T12:30:00.050Z"],
    ["2026-02-28T23:59:59.999Z", "2026-02-28T23:59:59.999Z"],
  ] as const) {
    it(`reads the instant ${start}`, () => {
      assert.equal(rated(tariff, { start }).startMilliseconds, Date.parse(utc));
    });
  }

  it("lets a caller withhold the number, when calls come in", () => {
    const incoming = rated(tariff, { direction: "incoming", bParty: "+4915" });
    assert.equal(incoming.partyType, 0);
    assert.equal(incoming.restDigits, packDigits(""));
    const named = rated(tariff, { direction: "incoming", aParty: "Alice" });
    assert.equal(named.partyType, 3);
    assert.equal(named.partyText, "Alice");
    assert.equal(named.decidingDigits, packDigits(""));
  });

  it("says that an unanswered call is not billable, and prices an answered one of 0 s", () => {
    assert.deepEqual(rateUsage(tariff, usage({ billable: false })), { outcome: "not-billable" });
    assert.equal(rated(tariff, { bParty: "+44", durationSeconds: 0 }).amountNano, 500_000_000n);
  });

  const suspended: [string, Partial<UsageRecord>, string][] = [
    ["a number that no prefix covers", { bParty: "+33123456789" }, "rating.no-row-for-number"],
    ["no number where it decides", { bParty: "" }, "rating.no-number"],
    ["a name where a number decides", { bParty: "alice@example.org" }, "rating.no-number"],
    ["a number of 40 digits", { bParty: `+49${"1".repeat(38)}` }, "digits.too-long"],
    ["a service that is not sold", { service: "sms" }, "rating.service-not-in-tariff"],
    ["a direction that is not sold", { direction: "forwarded" }, "rating.service-not-in-tariff"],
    [
      "a time before the tariff",
      { start: "2025-12-31T22:59:59.999Z" },
      "rating.tariff-not-in-force",
    ],
    ["a time at its end", { start: "2026-12-31T23:00:00.000Z" }, "rating.tariff-not-in-force"],
    ["30 February", { start: "2026-02-30T12:00:00.000Z" }, "rating.bad-start"],
    ["a local time", { start: "2026-02-20T12:00:00" }, "rating.bad-start"],
    ["month 13", { start: "2026-13-01T12:00:00Z" }, "rating.bad-start"],
    ["hour 24", { start: "2026-02-20T24:00:00Z" }, "rating.bad-start"],
    ["an end before its start", { durationSeconds: -1 }, "rating.quantity-negative"],
    ["NaN", { durationSeconds: Number.NaN }, "rating.quantity-not-a-number"],
    ["infinity", { durationSeconds: Number.POSITIVE_INFINITY }, "rating.quantity-not-a-number"],
    ["exponent notation", { durationSeconds: 1e300 }, "rating.quantity-not-a-number"],
    ["a tenth of a millisecond", { durationSeconds: 0.0001 }, "rating.quantity-too-fine"],
    ["no duration", { durationSeconds: undefined as never }, "rating.no-quantity"],
    [
      "octets that do not add up",
      { service: "data", direction: "none", uplinkOctets: 1, downlinkOctets: 2, totalOctets: 4 },
      "rating.quantity-contradicts",
    ],
    [
      "a number of 200 digits",
      { service: "data", direction: "none", totalOctets: "9".repeat(200) },
      "rating.quantity-not-a-number",
    ],
    [
      "more than 2^64 octets",
      { service: "data", direction: "none", totalOctets: "18446744073709551616" },
      "rating.quantity-too-large",
    ],
    [
      "a session that starts after its record",
      { sessionStart: "2026-03-02T12:00:00.001Z" },
      "rating.session-after-start",
    ],
    [
      "a session of more than 65,535 minutes",
      { sessionStart: "2026-01-15T00:00:00.000Z" },
      "rating.session-too-long",
    ],
    [
      "a part of a session with a set-up fee",
      { bParty: "+44207", partial: "intermediate" },
      "rating.session-not-joined",
    ],
  ];
  for (const [what, changes, code] of suspended) {
    it(`suspends ${what}, and never prices it at zero`, () => {
      assert.equal(suspensionCode(tariff, changes), code);
    });
  }

  it("prices a session by the version of its start to the end, past validTo and the calendar's end", () => {
    const prices = ["day", "night"].map((band, at) => ({
      bands: [band],
      price: { amount: at === 0 ? "0.60" : "0.06", per: 1, unit: "min" as const },
      increments: { first: 60, further: 60, unit: "s" as const },
    }));
    const document = tariffDocument({
      timeZone: "Europe/Berlin",
      validTo: "2026-04-01T00:30:00+02:00",
      calendar: {
        bands: [{ name: "day", when: [{ from: "08:00", to: "20:00" }] }],
        otherwise: "night",
      },
      services: [{ service: "voice", direction: "outgoing", bandsAt: "increment-start", prices }],
    });
    const priced = (changes: object, more: Partial<UsageRecord>) => {
      const record = usage({ start: "2026-03-31T22:29:59.999Z", ...more });
      const outcome = rateUsage(compileTariff({ ...document, ...changes }), record);
      if (outcome.outcome !== "rated") return outcome;
      const { amountNano, components } = outcome;
      return [amountNano, components.map(({ billed }) => billed)];
    };
    // From half past midnight: 451 night minutes, a day of 720, and the evening's again.
    const whole = { durationSeconds: 86_400 };
    const expected = [
      720n * 600_000_000n + 720n * 60_000_000n,
      [27_060_000n, 43_200_000n, 16_140_000n],
    ];
    assert.deepEqual(priced({}, whole), expected);
    assert.deepEqual(priced({ calendarUntil: "2026-06-01" }, whole), expected);
    assert.deepEqual(
      priced({ validTo: undefined, calendarUntil: "2026-04-01T00:30:00+02:00" }, whole),
      expected,
    );
    // The longest session that there can be; and beyond it no band is laid.
    const days = { durationSeconds: 65_535 * 60 };
    assert.deepEqual(priced({}, days), priced({ calendarUntil: "2026-06-01" }, days));
    const endless = priced({}, { durationSeconds: 65_600 * 60 });
    assert.ok("code" in endless && endless.code === "rating.calendar-ended");
    const after = priced({}, { start: "2026-03-31T22:30:00.000Z" });
    assert.ok("code" in after && after.code === "rating.tariff-not-in-force");
  });

  it("suspends what lies after its calendar", () => {
    const { validTo: _, ...open } = RETAIL;
    const short = compileTariff({ ...open, calendarUntil: "2026-02-01" });
    assert.equal(suspensionCode(short, {}), "rating.calendar-ended");
    assert.equal(suspensionCode(short, { start: "2026-01-31T22:59:00.000Z" }), "rated");
  });

  it("suspends what rows that were tampered with have no price for", () => {
    // The row of another zone or band is next to the missing one and must not stand in for it.
    const others = tariff.priceRows.filter(({ zone }) => zone !== 4);
    const toBritain = { bParty: "+442079460123" };
    assert.equal(suspensionCode({ ...tariff, priceRows: others }, toBritain), "rating.no-price");
    assert.equal(suspensionCode({ ...tariff, priceRows: [] }, {}), "rating.no-price");
  });

  it("adds the octets of both directions, beyond 2^53", () => {
    const { quantity, secondQuantity } = rated(tariff, {
      service: "data",
      direction: "none",
      uplinkOctets: "9007199254740993",
      downlinkOctets: 1,
      durationSeconds: 2.5,
    });
    assert.equal(quantity, 9_007_199_254_740_994n);
    assert.equal(secondQuantity, 2_500n);
  });
});

describe("a charge without its number", () => {
  const anyNumber = fc
    .array(fc.constantFrom("0", "1", "2", "4", "6", "7", "9"), { maxLength: 10 })
    .map((digits) => `+4${digits.join("")}`);
  let tariff: CompiledTariff;
  before(() => {
    tariff = compileTariff(RETAIL);
  });

  it("gets the same price and rows from its deciding digits", () => {
    fc.assert(
      fc.property(anyNumber, fc.integer({ min: 0, max: 100_000 }), (bParty, durationSeconds) => {
        const outcome = rateUsage(tariff, usage({ bParty, durationSeconds }));
        if (outcome.outcome !== "rated") return;
        const { amountNano, components, rows } = outcome;
        assert.deepEqual(priceCharge(tariff, outcome), { amountNano, components, rows });
        const { decidingDigits, restDigits } = outcome;
        assert.equal(`+${unpackDigits(decidingDigits)}${unpackDigits(restDigits)}`, bParty);
      }),
      { numRuns: 500 },
    );
  });

  it("has the price of every number that begins so", () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, (bParty, tail) => {
        const outcome = rateUsage(tariff, usage({ bParty }));
        if (outcome.outcome !== "rated" || outcome.wholeNumber) return;
        const sibling = `+${unpackDigits(outcome.decidingDigits)}${tail.slice(1)}`;
        assert.deepEqual(rated(tariff, { bParty: sibling }).rows, outcome.rows);
      }),
      { numRuns: 500 },
    );
  });

  it("is refused when the digits do not decide", () => {
    const { decidingDigits, ...facts } = rated(tariff, { bParty: "+4930" });
    assert.throws(() => priceCharge(tariff, { ...facts, decidingDigits: packDigits("491") }), {
      code: "rating.digits-do-not-decide",
    });
    assert.throws(() => priceCharge(tariff, { ...facts, decidingDigits: packDigits("4") }), {
      code: "rating.no-row-for-number",
    });
    assert.throws(() => priceCharge(tariff, { ...facts, decidingDigits: 0x4f93_ffff_ffff_ffffn }), {
      code: "digits.malformed",
    });
    assert.equal(decidingDigits, packDigits("493"));
  });

  it("is priced when the whole number is shown", () => {
    const whole = rated(tariff, { bParty: "+491" });
    assert.equal(whole.wholeNumber, true);
    assert.equal(priceCharge(tariff, whole).amountNano, whole.amountNano);
  });
});

describe("partial records without a fee", () => {
  it("are rated one by one, as operators settle them", () => {
    const tariff = compileTariff(
      tariffDocument({
        services: [{ service: "voice", direction: "outgoing", prices: [PER_STARTED_MINUTE] }],
      }),
    );
    assert.equal(suspensionCode(tariff, { partial: "intermediate" }), "rated");
  });
});
