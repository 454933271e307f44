import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { SAFE_MAX } from "../../../node/core/money/safe-integers.ts";
import {
  CompiledRater,
  milliseconds,
  sessionMinutesBetween,
} from "../../../node/core/rating/compiled-rater.ts";
import { parseUtcInstant } from "../../../node/core/rating/instant-number.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import { DIRECTIONS, SERVICES, type UsageRecord } from "../../../node/core/records/usage-record.ts";
import { type CompiledTariff, compileTariff } from "../../../node/core/tariff/compile.ts";
import { PEAK_CALENDAR, tariffDocument } from "../tariff/tariff-fixture.ts";

const sample = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../samples/tariffs/${name}`, import.meta.url), "utf8"));
const RETAIL = sample("alder-retail.json");
const INTERCONNECT = sample("interconnect.json");

const amount = fc
  .tuple(fc.constantFrom("0", "1", "19", "999999999"), fc.integer({ min: 0, max: 999_999_999 }))
  .map(([whole, decimals]) => `${whole}.${String(decimals).padStart(9, "0")}`);
const count = fc.constantFrom(1, 6, 7, 30, 60, 3600, 86_400, 4_000_000);
const increments = fc.record({ first: count, further: count, unit: fc.constant("s" as const) });
const rounding = fc.record({
  mode: fc.constantFrom("half-up", "half-even", "up", "down"),
  scale: fc.integer({ min: 0, max: 9 }),
});
const perUnits = fc.record({
  amount,
  per: fc.constantFrom(1, 7, 60, 86_400, 1_000_003),
  unit: fc.constant("s"),
});
const linear = fc.record(
  {
    setUp: amount,
    price: perUnits,
    increments,
    minimum: fc.constantFrom("0.3", "7"),
    rounding,
    chargedFrom: fc.record({ quantity: fc.constantFrom(1, 60, 61), unit: fc.constant("s") }),
    currency: fc.constant("XDR"),
  },
  { requiredKeys: ["price", "increments"] },
);
const tiered = fc.record(
  {
    setUp: amount,
    increments: fc.constant({ first: 60, further: 30, unit: "s" }),
    tiers: fc.tuple(perUnits, perUnits, perUnits).map(([a, b, c]) => ({
      kind: "graduated",
      over: "session",
      unit: "min",
      steps: [
        { upTo: 1, price: a },
        { upTo: 5, price: b, increments: { first: 7, further: 1, unit: "s" } },
        { price: c },
      ],
    })),
    maximum: fc.constantFrom("8", "20"),
    rounding,
  },
  { requiredKeys: ["tiers", "increments"] },
);

const seconds = fc.oneof(
  fc.integer({ min: 0, max: 700 }),
  fc.integer({ min: 0, max: 700_000 }).map((ms) => ms / 1000),
  fc.constantFrom(60, 300, 300.001, 2_600_000, 1e9, -1, 0.0001, Number.NaN, -0, "61.5", undefined),
);
const start = fc.oneof(
  fc
    .date({
      min: new Date("2025-12-31T23:00:00Z"),
      max: new Date("2027-01-01T00:00:00Z"),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    "2026-02-29T10:00:00.000Z",
    "2028-02-29T10:00:00Z",
    "2026-03-01T24:00:00.000Z",
    "2026-03-01T12:00:00+01:00",
    "2026-03-01T12:00:00.5Z",
    "2026-0x-01T12:00:00.000Z",
    "",
  ),
);
const writtenNumber = fc.constantFrom(
  "+493023125001",
  "030 23125001",
  "112",
  "00447700900123",
  "+447700900123",
  "+4915112345678",
  "+33199001234",
  "+3319900123456789012345",
  "Voicemail",
  "",
  undefined,
);
/** Of every length, with something that is no digit now and then. */
const plusAndDigits = fc
  .tuple(
    fc.constantFrom("+49", "+4915", "+44", "+3319900"),
    fc.array(fc.constantFrom(..."0123456789012345678901234567890123456789#"), { maxLength: 16 }),
  )
  .map(([prefix, rest]) => `${prefix}${rest.join("")}`);
const number = fc.oneof(writtenNumber, plusAndDigits);
const record = fc
  .record({
    service: fc.constantFrom(...SERVICES),
    direction: fc.constantFrom(...DIRECTIONS),
    start,
    sessionStart: fc.constantFrom(undefined, undefined, "2026-03-01T10:00:00.000Z"),
    durationSeconds: seconds,
    totalOctets: fc.constantFrom(undefined, 0, 1, 1_048_577, 2 ** 53 - 1, "9007199254740993", -5),
    uplinkOctets: fc.constantFrom(undefined, undefined, 5),
    energyWattHours: fc.constantFrom(undefined, "12345.678"),
    units: fc.constantFrom(undefined, 0, 1, 3, 1.5),
    aParty: number,
    bParty: number,
    partial: fc.constantFrom(undefined, undefined, undefined, "last"),
    billable: fc.constantFrom(true, true, true, false),
  })
  .map((fields) => {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    return { id: "r", ...Object.fromEntries(given) } as unknown as UsageRecord;
  });

const uses = fc.array(seconds, { maxLength: 12 });
const of = fc.constantFrom("component" as const, "charge" as const, "line" as const);

describe("the compiled rater", () => {
  it("answers what the plain rater answers, component by component, for the sample tariff", () => {
    const tariff = compileTariff(RETAIL, 3);
    const rater = new CompiledRater(tariff);
    fc.assert(
      fc.property(record, (use) => {
        assert.deepEqual(rater.rate(use), rateUsage(tariff, use));
      }),
      { numRuns: 1500 },
    );
  });

  it("answers what the plain rater answers for any price", () => {
    fc.assert(
      fc.property(fc.oneof(linear, tiered), uses, of, (price, uses, of) => {
        const tariff = compileTariff(
          tariffDocument({
            calendar: PEAK_CALENDAR,
            rounding: { mode: "half-even", scale: 4, of },
            exchange: {
              date: "2026-01-01",
              source: "s",
              rates: [{ currency: "XDR", rate: "1.201234567891" }],
            },
            services: [{ service: "voice", direction: "outgoing", prices: [price as never] }],
          }),
        );
        const rater = new CompiledRater(tariff);
        for (const durationSeconds of [...uses, 59, 60, 61, 299, 300, 301]) {
          const use = {
            id: "r",
            ...(durationSeconds === 299 ? { partial: "last" } : {}),
            service: "voice",
            direction: "outgoing",
            start: "2026-03-02T18:59:00.000Z",
            durationSeconds,
          } as UsageRecord;
          assert.deepEqual(rater.rate(use), rateUsage(tariff, use));
        }
      }),
      { numRuns: 200 },
    );
  });

  it("prices usual calls by numbers alone as it prices their records", () => {
    const from = Date.parse("2025-12-20T00:00:00Z");
    const call = fc.record({
      start: fc.integer({ min: 0, max: 400 * 86_400 }).map((after) => from + 1000 * after),
      rings: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 7_200_000 })),
      durationSeconds: fc.integer({ min: 0, max: 9_000_000 }).map((ms) => ms / 1000),
      direction: fc.constantFrom("outgoing" as const, "incoming" as const),
      party: number,
      price: fc.constantFrom("0.09", "0.0075", "1.25"),
    });
    const ownTariff = (amount: string) =>
      tariffDocument({
        calendar: PEAK_CALENDAR,
        rounding: { mode: "half-even", scale: 2 },
        services: [
          {
            service: "voice",
            direction: "outgoing",
            prices: [
              {
                bands: ["peak"],
                setUp: "0.05",
                price: { amount, per: 1, unit: "min" },
                increments: { first: 60, further: 6, unit: "s" },
                minimum: "0.3",
              },
              {
                bands: ["off-peak"],
                price: { amount, per: 1, unit: "min" },
                increments: { first: 1, further: 1, unit: "s" },
                maximum: "0.4",
              },
            ],
          },
        ],
      });
    const documents = [RETAIL, INTERCONNECT, ...["0.09", "0.0075", "1.25"].map(ownTariff)];
    const tariffs = documents.map((document) => compileTariff(document, 1));
    const raters = tariffs.map((tariff) => new CompiledRater(tariff));
    let compared = 0;
    fc.assert(
      fc.property(call, (one) => {
        const { start, rings, durationSeconds, direction, party } = one;
        const use: UsageRecord = {
          id: "r",
          service: "voice",
          direction,
          start: new Date(start).toISOString(),
          sessionStart: new Date(start - rings).toISOString(),
          durationSeconds,
          ...(party === undefined
            ? {}
            : direction === "incoming"
              ? { aParty: party }
              : { bParty: party }),
          billable: true,
        };
        for (const [at, rater] of raters.entries()) {
          const place = rater.placeOf(use);
          const minutes = sessionMinutesBetween(start - rings, start);
          const quantity = milliseconds(durationSeconds) as number;
          const amountNano = place && rater.amountAt(place, start, minutes, quantity);
          if (amountNano === undefined) continue;
          const plain = rateUsage(tariffs[at] as CompiledTariff, use);
          assert.ok(plain.outcome === "rated");
          assert.equal(BigInt(amountNano), plain.amountNano);
          compared++;
        }
      }),
      { numRuns: 1_000 },
    );
    assert.ok(compared > 1_000, `${compared} amounts were compared`);
  });

  it("leaves to the plain rater what numbers can not hold", () => {
    const prices = ["999999999.999999999", "0.3", "1234.567891234"];
    // The last ones come to amounts that fit, over products that do not: only exact ones round up alike.
    const products = Array.from({ length: 300 }, (_, index) => 9_000_001 + 7 * index);
    const quantities = [1, 7_001, 2 ** 31, 2 ** 40 + 1, 2 ** 52 - 1, ...products];
    const left: boolean[] = [];
    for (const amount of prices) {
      const price = {
        price: { amount, per: 7, unit: "s" as const },
        increments: { first: 1, further: 1, unit: "ms" as const },
      };
      const tariff = compileTariff(
        tariffDocument({
          rounding: { mode: "up", scale: 9 },
          services: [{ service: "voice", direction: "outgoing", prices: [price] }],
        }),
      );
      const rater = new CompiledRater(tariff);
      for (const quantity of quantities) {
        const use: UsageRecord = {
          id: "r",
          service: "voice",
          direction: "outgoing",
          start: "2026-03-02T12:00:00.000Z",
          durationSeconds: quantity / 1000,
          billable: true,
        };
        const place = rater.placeOf(use);
        assert.ok(place !== undefined);
        const amountNano = rater.amountAt(place, Date.parse(use.start), 0, quantity);
        const plain = rateUsage(tariff, use);
        assert.ok(plain.outcome === "rated");
        assert.deepEqual(rater.rate(use), plain);
        if (amountNano !== undefined) {
          assert.ok(amountNano <= SAFE_MAX);
          assert.equal(BigInt(amountNano), plain.amountNano);
        }
        left.push(amountNano === undefined);
      }
    }
    // Some of them fit and some do not, or this would compare nothing.
    assert.deepEqual(new Set(left), new Set([true, false]));
  });

  it("finds the prefix of any number as the plain rater does, however prefixes nest", () => {
    const digits = fc
      .tuple(fc.integer({ min: 0, max: 999_999 }), fc.integer({ min: 0, max: 6 }))
      .map(([number, length]) => String(number).padStart(6, "0").slice(0, length));
    const zones = fc.array(fc.uniqueArray(digits, { minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 5,
    });
    const written = fc.oneof(
      fc.stringMatching(/^\+[0-9]{0,20}$/),
      fc.stringMatching(/^\+?[0-9*# -]{0,12}$/),
    );
    let found = 0;
    fc.assert(
      fc.property(zones, fc.array(written, { maxLength: 30 }), (wanted, numbers) => {
        const taken = new Set<string>();
        const named = wanted.flatMap((prefixes, i) => {
          const own = prefixes.filter((prefix) => !taken.has(prefix));
          for (const prefix of own) taken.add(prefix);
          return own.length === 0 ? [] : [{ name: `zone ${i}`, prefixes: own }];
        });
        const tariff = compileTariff(
          tariffDocument({
            zones: named,
            services: [
              {
                service: "voice",
                direction: "outgoing",
                zones: named.map(({ name }) => name),
                prices: [
                  {
                    price: { amount: "0.09", per: 1, unit: "min" },
                    increments: { first: 60, further: 6, unit: "s" },
                  },
                ],
              },
            ],
          }),
        );
        const rater = new CompiledRater(tariff);
        // Numbers at and just off the prefixes, beside any others.
        const rests = ["", "0", "9512", "123456789012345", "1234567890123456", "12345678901234567"];
        const near = [...taken].flatMap((prefix) => rests.map((rest) => `+${prefix}${rest}`));
        for (const bParty of [...near, ...numbers]) {
          const use: UsageRecord = {
            id: "r",
            service: "voice",
            direction: "outgoing",
            start: "2026-03-02T18:59:00.000Z",
            durationSeconds: 61,
            bParty,
            billable: true,
          };
          const plain = rateUsage(tariff, use);
          assert.deepEqual(rater.rate(use), plain, bParty);
          if (plain.outcome === "rated") found++;
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(found > 1_000, `${found} numbers had a prefix`);
  });

  it("answers what the plain rater answers where more than number and time decide", () => {
    const each = (amount: string, more: object) => ({
      price: { amount, per: 1, unit: "unit" as const },
      ...more,
    });
    const tariff = compileTariff(
      tariffDocument({
        areas: [
          { name: "home", networks: ["26201"], unstated: true },
          { name: "abroad", networks: [""] },
        ],
        origins: [
          { name: "Germany", prefixes: ["49"] },
          { name: "elsewhere", prefixes: [""] },
          { name: "none", withheld: true, invalid: true },
        ],
        classes: {
          classes: [{ name: "app", when: [{ applications: ["a"] }, { homeNetworks: ["26203"] }] }],
          otherwise: "else",
        },
        services: [
          {
            service: "sms",
            direction: "outgoing",
            prices: [
              each("1", { areas: ["home"], classes: ["app"] }),
              each("2", { areas: ["home"], classes: ["else"] }),
              each("3", { areas: ["abroad"] }),
            ],
          },
          {
            service: "content",
            direction: "outgoing",
            measure: "amount",
            prices: [{ price: { amount: "2", per: 1, unit: "amount" } }],
          },
          { service: "event", direction: "outgoing", prices: [each("4", {})] },
          {
            service: "voice",
            direction: "incoming",
            prices: ["Germany", "elsewhere", "none"].map((origin, i) => ({
              price: { amount: `0.0${i + 1}`, per: 1, unit: "min" as const },
              increments: { first: 60, further: 1, unit: "s" as const },
              origins: [origin],
            })),
          },
        ],
      }),
    );
    const rater = new CompiledRater(tariff);
    const field = <T>(...values: T[]) => fc.constantFrom<T | undefined>(undefined, ...values);
    const use = fc.record({
      service: fc.constantFrom("sms", "content", "event", "voice"),
      units: field(1, 5),
      durationSeconds: field(0, 61),
      aParty: field("+493012345", "+4412345678", "withheld", "123"),
      homeNetwork: field("26203", "26201"),
      visitedNetwork: field("26201", "26202", "x"),
      application: field("a", "b"),
      declaredCharge: field({ amount: "19.99", currency: "EUR" }, { amount: "1", currency: "USD" }),
    });
    fc.assert(
      fc.property(use, (given) => {
        const fields = Object.entries(given).filter(([, value]) => value !== undefined);
        const one = {
          id: "r",
          direction: given.service === "voice" ? "incoming" : "outgoing",
          start: "2026-03-02T18:59:00.000Z",
          ...Object.fromEntries(fields),
        } as unknown as UsageRecord;
        assert.deepEqual(rater.rate(one), rateUsage(tariff, one));
      }),
      { numRuns: 500 },
    );
  });

  it("reads the instants that the platform reads", () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date(0),
          max: new Date("9999-12-31T23:59:59.999Z"),
          noInvalidDate: true,
        }),
        (date) => {
          assert.equal(parseUtcInstant(date.toISOString()), date.getTime());
        },
      ),
    );
  });
});
