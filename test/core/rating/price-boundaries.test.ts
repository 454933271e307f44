import assert from "node:assert/strict";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffDocument } from "../../../node/core/tariff/document.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

const EACH = { amount: "0.000000001", per: 1, unit: "unit" } as const;

function nanoOf(changes: Partial<TariffDocument>, record: Partial<UsageRecord>): bigint | string {
  const outcome = rateUsage(compileTariff(tariffDocument(changes)), {
    id: "r",
    service: "event",
    direction: "none",
    start: "2026-03-02T12:00:00.000Z",
    billable: true,
    ...record,
  });
  if (outcome.outcome === "rated") return outcome.amountNano;
  return outcome.outcome === "suspended" ? outcome.code : outcome.outcome;
}

const exchange = (rate: string) => ({
  exchange: { date: "2026-01-02", source: "test", rates: [{ currency: "XDR", rate }] },
});

describe("a price in another currency", () => {
  it("is converted whole, not unit by unit", () => {
    const services = [{ service: "event" as const, prices: [{ currency: "XDR", price: EACH }] }];
    assert.equal(nanoOf({ ...exchange("1.2"), services }, { units: 10 }), 12n);
    assert.equal(nanoOf({ ...exchange("0.000000000001"), services }, { units: 10 ** 12 }), 1n);
  });

  it("of a declared amount rounds a half to the even nano-unit", () => {
    const services = [
      {
        service: "content" as const,
        measure: "amount" as const,
        prices: [{ price: { amount: "1", per: 1, unit: "amount" as const } }],
      },
    ];
    for (const [amount, nano] of [
      ["0.000000001", 0n],
      ["0.000000002", 1n],
      ["0.000000003", 2n],
      ["0.000000005", 2n],
      ["0.000000007", 4n],
    ] as const) {
      const declaredCharge = { amount, currency: "XDR" };
      const record = { service: "content", declaredCharge } as const;
      assert.equal(nanoOf({ ...exchange("0.5"), services }, record), nano, amount);
    }
  });
});

describe("tiers over a session", () => {
  it("begin with the first increment once, not in each tier", () => {
    const price = { amount: "0.000000001", per: 1, unit: "s" } as const;
    const services = [
      {
        service: "time" as const,
        prices: [
          {
            tiers: {
              kind: "graduated" as const,
              over: "session" as const,
              unit: "s" as const,
              steps: [{ upTo: 60, price }, { price }],
            },
            increments: { first: 60, further: 1, unit: "s" as const },
          },
        ],
      },
    ];
    const of = (durationSeconds: number) =>
      nanoOf({ services }, { service: "time", durationSeconds });
    assert.deepEqual([1, 60, 61, 119].map(of), [60n, 60n, 61n, 119n]);
  });
});

describe("areas", () => {
  const services = [{ service: "event" as const, prices: [{ areas: ["rest"], price: EACH }] }];

  it("hold a record that names no network where one of them is anywhere", () => {
    assert.equal(nanoOf({ areas: [{ name: "rest", networks: [""] }], services }, {}), 1n);
  });

  it("suspend it where none of them is", () => {
    assert.equal(
      nanoOf({ areas: [{ name: "rest", networks: ["262"] }], services }, {}),
      "rating.no-area",
    );
  });
});
