import assert from "node:assert/strict";
import fc from "fast-check";
import { TallystickError } from "../../../node/core/errors.ts";
import { needsAccounts } from "../../../node/core/rating/account-rater.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { checkTariff, parseTariff } from "../../../node/core/tariff/check.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument, TariffPrice } from "../../../node/core/tariff/document.ts";
import { WEEKDAYS } from "../../../node/core/tariff/document.ts";
import { exportCgrates } from "../../../node/core/tariff/export-cgrates.ts";
import { exportOcpi } from "../../../node/core/tariff/export-ocpi.ts";
import { importCgrates } from "../../../node/core/tariff/import-cgrates.ts";
import { importOcpiTariff } from "../../../node/core/tariff/import-ocpi.ts";
import { accountScene } from "../rating/account-scene.ts";
import { PEAK_CALENDAR, PER_STARTED_MINUTE, tariffDocument } from "./tariff-fixture.ts";

const PARTY = { countryCode: "DE", partyId: "ALD" };
const nano = (max: number) => fc.integer({ min: 0, max }).map((n) => (n / 10_000).toString());
const clock = fc
  .tuple(fc.nat(22), fc.constantFrom("00", "15", "30"))
  .map(([h, m]) => `${String(h).padStart(2, "0")}:${m}`);
const rounding = fc.record({
  mode: fc.constantFrom("up" as const, "half-up" as const, "down" as const),
  scale: fc.integer({ min: 0, max: 9 }),
});

const time = (withDates: boolean) =>
  fc
    .record(
      {
        days: fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
        from: clock,
        ...(withDates
          ? {
              dates: fc.uniqueArray(fc.constantFrom("01-01", "02-29", "12-25", "2026-12-25"), {
                minLength: 1,
              }),
            }
          : {}),
      },
      { requiredKeys: ["from"] },
    )
    .map((one) => ({ ...one, to: "23:30" }));
const calendar = (withDates: boolean) =>
  fc
    .array(fc.array(time(withDates), { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((bands) => ({
      bands: bands.map((when, index) => ({ name: `band ${index}`, when })),
      otherwise: "otherwise",
    }));

const seconds = fc.integer({ min: 1, max: 120 });
const perSeconds = fc.record({
  amount: nano(50_000),
  per: seconds,
  unit: fc.constant("s" as const),
});
const linear: fc.Arbitrary<TariffPrice> = fc.record(
  {
    setUp: nano(9_999),
    price: perSeconds,
    increments: fc.record({ first: seconds, further: seconds, unit: fc.constant("s" as const) }),
    maximum: nano(900_000).filter((text) => text !== "0"),
    rounding,
  },
  { requiredKeys: ["price", "increments"] },
);
const tiered: fc.Arbitrary<TariffPrice> = fc
  .tuple(linear, perSeconds, perSeconds, fc.integer({ min: 1, max: 5 }), seconds)
  .map(([{ price: _, increments, ...rest }, one, two, steps, further]) => {
    const first = increments?.first ?? 1;
    return {
      ...rest,
      increments: { first, further: first, unit: "s" as const },
      tiers: {
        kind: "graduated" as const,
        over: "session" as const,
        unit: "s" as const,
        steps: [
          { upTo: first * steps, price: one },
          { price: two, increments: { first: further, further, unit: "s" as const } },
        ],
      },
    };
  });

/** Half of them on days that a calendar may name. */
const instant = fc
  .oneof(
    fc.integer({
      min: Date.parse("2026-01-02T00:00:00Z"),
      max: Date.parse("2028-12-31T00:00:00Z"),
    }),
    fc
      .tuple(
        fc.constantFrom("2026-12-25", "2027-12-25", "2027-01-01", "2028-02-29", "2027-03-01"),
        fc.nat(86_399_999),
      )
      .map(([date, at]) => Date.parse(date) + at),
  )
  .map((at) => new Date(at).toISOString());

function sameCosts(a: TariffDocument, b: TariffDocument, records: UsageRecord[]): void {
  const raterOf = (document: TariffDocument) => {
    const tariff = compileTariff(document);
    if (!needsAccounts(tariff)) return (record: UsageRecord) => rateUsage(tariff, record);
    return accountScene(document).outcomeOf;
  };
  const [one, other] = [raterOf(a), raterOf(b)];
  for (const record of records) {
    const [before, after] = [one(record), other(record)];
    assert.ok(
      before.outcome === "rated" && after.outcome === "rated",
      `${before.outcome} ${after.outcome}`,
    );
    assert.equal(after.amountNano, before.amountNano, JSON.stringify(record));
  }
}

const refusedAt = (field: string) => (error: unknown) =>
  error instanceof TallystickError &&
  error.code === "export.not-expressible" &&
  error.place.field === field;

describe("export of tariffs", () => {
  it("to CGRateS and back gives the same price of every call", () => {
    const price = fc.oneof(linear, tiered);
    const calls = fc.array(
      fc.tuple(
        instant,
        fc.integer({ min: 0, max: 4_000_000 }),
        fc.constantFrom("49", "4930", "44", "7"),
      ),
      { minLength: 20, maxLength: 20 },
    );
    fc.assert(
      fc.property(
        calendar(true),
        fc.array(price, { minLength: 16, maxLength: 16 }),
        calls,
        (bands, prices, made) => {
          const names = [...bands.bands.map(({ name }) => name), "otherwise"];
          const zones = [
            { name: "Germany, all of it", prefixes: ["49"] },
            { name: "Berlin", prefixes: ["4930"] },
            { name: "elsewhere", prefixes: ["", "44"] },
          ];
          const document = tariffDocument({
            timeZone: "UTC",
            calendarUntil: "2029-01-01",
            calendar: bands,
            zones,
            services: [
              {
                service: "voice",
                direction: "outgoing",
                zones: zones.map(({ name }) => name),
                prices: zones.flatMap((zone, z) =>
                  names.map((band, b) => ({
                    ...(prices[(z * 5 + b) % 16] as TariffPrice),
                    zones: [zone.name],
                    bands: [band],
                  })),
                ),
              },
            ],
          });
          fc.pre(checkTariff(document).document !== undefined);
          const { files } = exportCgrates(parseTariff(document));
          const bytes = new Map(
            [...files].map(([name, text]) => [name, new TextEncoder().encode(text)]),
          );
          const { document: again, notes } = importCgrates(bytes, {
            currency: "EUR",
            timeZone: "UTC",
            calendarUntil: "2029-01-01",
          });
          assert.deepEqual(
            notes.filter(({ isLeftOut }) => isLeftOut),
            [],
          );
          // CGRateS has no bands: each of its times becomes one, and a tariff has at most 100.
          fc.pre((again.calendar?.bands.length ?? 0) <= 100);
          const records = made.map(
            ([start, milliseconds, head], index): UsageRecord => ({
              id: String(index),
              service: "voice",
              direction: "outgoing",
              start,
              bParty: `+${head}1234567`,
              durationSeconds: milliseconds / 1000,
              billable: true,
            }),
          );
          // Where increments are equal, CGRateS takes the price at each increment: import says so.
          const atStart = {
            ...again,
            services: again.services.map(({ bandsAt: _, ...rest }) => rest),
          };
          sameCosts(document, atStart, records);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("to OCPI and back gives the same price of every charge", () => {
    const energyPrice = fc.record(
      {
        setUp: nano(9_999),
        price: fc.record({
          amount: nano(9_999),
          per: fc.constant(1),
          unit: fc.constantFrom("kWh" as const, "Wh" as const),
        }),
        increments: fc
          .integer({ min: 1, max: 500 })
          .map((step) => ({ first: step, further: step, unit: "Wh" as const })),
      },
      { requiredKeys: ["price", "increments"] },
    );
    const bounds = fc.record(
      { minimum: nano(20_000), maximum: nano(900_000) },
      { requiredKeys: [] },
    );
    const charges = fc.array(fc.tuple(instant, fc.nat(90_000_000)), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(
        calendar(false),
        fc.array(energyPrice, { minLength: 5, maxLength: 5 }),
        bounds,
        charges,
        (bands, prices, bound, made) => {
          const names = [...bands.bands.map(({ name }) => name), "otherwise"];
          const document = tariffDocument({
            calendarUntil: "2029-01-01",
            calendar: bands,
            taxes: [{ name: "VAT", percent: "19" }],
            services: [
              {
                service: "energy",
                prices: names.map((band, b) => ({
                  ...(prices[b % 5] as TariffPrice),
                  ...bound,
                  bands: [band],
                })),
              },
            ],
          });
          fc.pre(checkTariff(document).document !== undefined);
          const { tariff } = exportOcpi(parseTariff(document), PARTY);
          const { document: again } = importOcpiTariff(
            JSON.parse(JSON.stringify(tariff)),
            document.timeZone,
          );
          assert.deepEqual(again.taxes, document.taxes);
          const records = made.map(
            ([start, milliwattHours], index): UsageRecord => ({
              id: String(index),
              service: "energy",
              direction: "none",
              start,
              energyWattHours: String(milliwattHours / 1000),
              billable: true,
            }),
          );
          sameCosts(document, { ...again, calendarUntil: "2029-01-01" }, records);
        },
      ),
      { numRuns: 25 },
    );
  });

  const voice = (price: Partial<TariffPrice>, changes: Partial<TariffDocument> = {}) =>
    tariffDocument({
      services: [
        { service: "voice", direction: "outgoing", prices: [{ ...PER_STARTED_MINUTE, ...price }] },
      ],
      ...changes,
    });
  const energy = (price: Partial<TariffPrice>, changes: Partial<TariffDocument> = {}) =>
    tariffDocument({
      services: [
        {
          service: "energy",
          prices: [
            {
              price: { amount: "0.30", per: 1, unit: "kWh" },
              increments: { first: 1, further: 1, unit: "Wh" },
              ...price,
            },
          ],
        },
      ],
      ...changes,
    });

  it("refuses by place what CGRateS can not say", () => {
    const packages = tariffDocument({
      services: [
        {
          service: "voice",
          direction: "outgoing",
          prices: [
            {
              tiers: {
                kind: "graduated",
                over: "session",
                unit: "s",
                steps: [{ package: { amount: "1", per: 60, unit: "s" } }],
              },
              increments: { first: 1, further: 1, unit: "s" },
            },
          ],
        },
      ],
    });
    const cases: [TariffDocument, string][] = [
      [voice({}, { plans: [{ name: "S" }] }), "plans"],
      [voice({}, { taxes: [{ name: "VAT", percent: "19" }] }), "taxes"],
      [
        voice(
          {},
          {
            calendar: {
              bands: [{ name: "summer", when: [{ since: "2026-06-01" }] }],
              otherwise: "winter",
            },
          },
        ),
        "calendar/bands/0/when/0",
      ],
      [voice({ minimum: "1" }), "services/0/prices/0/minimum"],
      [voice({ maximum: "0" }), "services/0/prices/0/maximum"],
      [voice({ split: 2 }), "services/0/prices/0/split"],
      [voice({ rounding: { mode: "half-even", scale: 2 } }), "services/0/prices/0/rounding"],
      [energy({}), "services/0"],
      [packages, "services/0/prices/0/tiers"],
    ];
    for (const [document, field] of cases) {
      assert.throws(() => exportCgrates(parseTariff(document)), refusedAt(field), field);
    }
  });

  it("refuses by place what OCPI can not say", () => {
    const cases: [TariffDocument, string][] = [
      [voice({}), "services/0"],
      [energy({ price: { amount: "0.10", per: 3, unit: "kWh" } }), "services/0/prices/0/price"],
      [
        energy({ increments: { first: 5, further: 1, unit: "Wh" } }),
        "services/0/prices/0/increments",
      ],
      [
        energy(
          {},
          {
            taxes: [
              { name: "VAT", percent: "19" },
              { name: "energy tax", percent: "2", of: ["energy"] },
            ],
          },
        ),
        "taxes",
      ],
      [energy({}, { plans: [{ name: "S", commitment: "5" }] }), "plans"],
      [energy({ counted: "period" }), "services/0/prices/0/counted"],
      [
        energy(
          {},
          {
            calendar: { ...PEAK_CALENDAR, bands: [{ name: "peak", when: [{ dates: ["12-25"] }] }] },
          },
        ),
        "calendar/bands/0/when/0",
      ],
    ];
    for (const [document, field] of cases) {
      assert.throws(() => exportOcpi(parseTariff(document), PARTY), refusedAt(field), field);
    }
  });

  it("says what its reader has to know", () => {
    const codes = (notes: { code: string }[]) => notes.map(({ code }) => code);
    const numbering = { countryCode: "49", nationalPrefix: "0", internationalPrefix: "00" };
    const document = voice({}, { validTo: "2027-01-01", numbering, calendar: PEAK_CALENDAR });
    assert.deepEqual(codes(exportCgrates(parseTariff(document)).notes), [
      "export.no-end",
      "export.numbers",
      "export.price-of-the-start",
    ]);
    const rounding = { mode: "half-up" as const, scale: 2 };
    assert.deepEqual(codes(exportOcpi(parseTariff(energy({}, { rounding })), PARTY).notes), [
      "export.rounding",
      "export.free-there",
      "export.time-zone",
    ]);
  });
});
