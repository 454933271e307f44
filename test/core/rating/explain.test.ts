import assert from "node:assert/strict";
import { explainComponents, rowLabel } from "../../../node/core/rating/explain.ts";
import type { Rated } from "../../../node/core/rating/outcome.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../tariff/tariff-fixture.ts";

type Price = TariffDocument["services"][number]["prices"][number];

function sentences(price: Price, use: Partial<UsageRecord>): string[] {
  const { service = "voice", direction = "none" } = use;
  const tariff = compileTariff(
    tariffDocument({
      rounding: { mode: "half-up", scale: 2 },
      services: [{ service, direction, prices: [price] }],
    }),
  );
  const outcome = rateUsage(tariff, {
    id: "u1",
    service,
    direction,
    start: "2026-03-02T12:00:00.000Z",
    billable: true,
    ...use,
  });
  assert.equal(outcome.outcome, "rated");
  return explainComponents(tariff, outcome as Rated);
}

describe("the explanation of a price", () => {
  it("counts started minutes", () => {
    assert.deepEqual(sentences(PER_STARTED_MINUTE, { durationSeconds: 61 }), [
      "61 s are 2 started minutes at 0.10: 0.20",
    ]);
    assert.deepEqual(sentences(PER_STARTED_MINUTE, { durationSeconds: 0.4 }), [
      "0.4 s are 1 started minute at 0.10: 0.10",
    ]);
  });

  it("names every part, and what rounding took", () => {
    const premium: Price = {
      setUp: "0.49",
      price: { amount: "1.99", per: 1, unit: "min" },
      increments: { first: 60, further: 1, unit: "s" },
    };
    assert.deepEqual(sentences(premium, { durationSeconds: 75.5 }), [
      "set-up fee: 0.49",
      "75.5 s are billed as 76 s (the first 60 s, then steps of 1 s) at 1.99 per minute: 2.520666666",
      "rounded half up to 2 decimals: -0.000666666",
    ]);
    assert.deepEqual(sentences({ ...premium, maximum: "2.00" }, { durationSeconds: 120 }), [
      "set-up fee: 0.49",
      "120 s at 1.99 per minute: 3.98",
      "lowered to the maximum of 2.00: -2.47",
    ]);
  });

  it("speaks of octets, energy and messages in their units", () => {
    const data: Price = {
      price: { amount: "0.02", per: 1, unit: "MB" },
      increments: { first: 10, further: 10, unit: "KB" },
    };
    assert.deepEqual(sentences(data, { service: "data", totalOctets: 995_001 }), [
      "995001 octets are billed as 1 MB (in steps of 10 KB) at 0.02 per MB: 0.02",
    ]);
    const message: Price = { price: { amount: "0.09", per: 1, unit: "unit" }, minimum: "0.20" };
    assert.deepEqual(sentences(message, { service: "sms", direction: "outgoing", units: 2 }), [
      "2 at 0.09 each: 0.18",
      "raised to the minimum of 0.20: 0.02",
    ]);
    const energy: Price = {
      price: { amount: "0.30", per: 1, unit: "kWh" },
      increments: { first: 1, further: 1, unit: "Wh" },
    };
    assert.deepEqual(sentences(energy, { service: "energy", energyWattHours: "4890" }), [
      "4890 Wh at 0.30 per kWh: 1.467",
      "rounded half up to 2 decimals: 0.003",
    ]);
  });

  it("says what a percentage is of, what is too short, and what a tier adds", () => {
    const tariff = compileTariff(
      tariffDocument({
        rounding: { mode: "half-up", scale: 2 },
        services: [
          {
            service: "content",
            measure: "amount",
            prices: [{ setUp: "0.30", price: { amount: "0.029", per: 1, unit: "amount" } }],
          },
        ],
      }),
    );
    const outcome = rateUsage(tariff, {
      id: "u1",
      service: "content",
      direction: "none",
      start: "2026-03-02T12:00:00.000Z",
      billable: true,
      declaredCharge: { amount: "19.99", currency: "EUR" },
    });
    assert.deepEqual(explainComponents(tariff, outcome as Rated), [
      "set-up fee: 0.30",
      "2.9 % of 19.99: 0.57971",
      "rounded half up to 2 decimals: 0.00029",
    ]);
    const short: Price = { ...PER_STARTED_MINUTE, chargedFrom: { quantity: 10, unit: "s" } };
    assert.deepEqual(sentences(short, { durationSeconds: 9 }), [
      "9 s are too short to be charged: 0.00",
    ]);
    const each = { amount: "0", per: 1, unit: "s" } as const;
    const fees: Price = {
      increments: { first: 1, further: 1, unit: "s" },
      tiers: {
        kind: "graduated",
        over: "session",
        unit: "s",
        steps: [
          { upTo: 10, price: each },
          { price: each, fee: "0.25" },
        ],
      },
    };
    assert.deepEqual(sentences(fees, { durationSeconds: 11 }), [
      "10 s are 10 started seconds at 0.00, up to 10 s of the session: 0.00",
      "fee of the tier from 10 s: 0.25",
      "1 s are 1 started second at 0.00, above 10 s of the session: 0.00",
    ]);
  });

  it("labels the row in the document's words", () => {
    const tariff = compileTariff(
      tariffDocument({
        zones: [{ name: "World", prefixes: [""] }],
        services: [
          {
            service: "voice",
            direction: "outgoing",
            zones: ["World"],
            prices: [PER_STARTED_MINUTE],
          },
        ],
      }),
    );
    const place = { interval: 0, calendar: 1, price: 2 };
    assert.deepEqual(rowLabel(tariff, place), {
      service: "voice",
      direction: "outgoing",
      zone: "World",
      band: "any time",
    });
  });

  it("tells packages and fees of tiers", () => {
    const stairs: Price = {
      tiers: {
        kind: "graduated",
        over: "session",
        unit: "min",
        steps: [{ upTo: 2, package: { amount: "0.30", per: 1, unit: "min" } }, { fee: "0.50" }],
      },
      increments: { first: 1, further: 1, unit: "s" },
    };
    assert.deepEqual(sentences(stairs, { durationSeconds: 61 }), [
      "61 s in packages of 60 s at 0.30 when begun, up to 120 s of the session: 0.60",
    ]);
    assert.deepEqual(sentences(stairs, { durationSeconds: 600 }), [
      "120 s in packages of 60 s at 0.30 when begun, up to 120 s of the session: 0.60",
      "fee of the tier from 120 s: 0.50",
      "480 s in the fee of the tier, above 120 s of the session: 0.00",
    ]);
  });
});
