import assert from "node:assert/strict";
import fc from "fast-check";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type { TariffPrice } from "../../../node/core/tariff/document.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const one = (price: TariffPrice) =>
  tariffDocument({ services: [{ service: "voice", direction: "outgoing", prices: [price] }] });
const sum = (amounts: { amountNano: bigint }[]) =>
  amounts.reduce((total, { amountNano }) => total + amountNano, 0n);

const linear: TariffPrice = {
  setUp: "0.05",
  price: { amount: "0.6", per: 1, unit: "min" },
  increments: { first: 30, further: 6, unit: "s" },
};
const tiered: TariffPrice = {
  setUp: "0.4",
  increments: { first: 60, further: 60, unit: "s" },
  tiers: {
    kind: "graduated",
    over: "session",
    unit: "s",
    steps: [
      { upTo: 60, price: { amount: "0.6", per: 60, unit: "s" } },
      {
        price: { amount: "0.3", per: 60, unit: "s" },
        increments: { first: 10, further: 10, unit: "s" },
      },
    ],
  },
};

describe("use that is counted over several records", () => {
  for (const [what, price] of [
    ["a linear price", linear],
    ["tiers over the session", tiered],
  ] as const) {
    it(`costs by ${what} what the session would cost in one record, however it is cut`, () => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1 }), (parts) => {
          const { rate } = accountScene(one({ ...price, counted: "session" }));
          const charges = parts.map((durationSeconds, index) =>
            rate({ durationSeconds, sessionId: "s", id: `p${index}`, partial: "intermediate" }),
          );
          const whole = parts.reduce((total, part) => total + part, 0);
          const whole1 = rateUsage(compileTariff(one(price)), {
            id: "w",
            service: "voice",
            direction: "outgoing",
            start: "2026-03-05T12:00:00.000Z",
            durationSeconds: whole,
            billable: true,
          });
          assert.equal(sum(charges), whole1.outcome === "rated" ? whole1.amountNano : -1n);
          for (const charge of charges) assert.equal(sum(charge.components), charge.amountNano);
          const used = charges.flatMap(({ components }) =>
            components.flatMap(({ quantity }) => quantity ?? []),
          );
          assert.equal(
            used.reduce((a, b) => a + b, 0n),
            BigInt(whole) * 1000n,
          );
        }),
      );
    });
  }

  it("keeps sessions and devices apart", () => {
    const { rate } = accountScene(one({ ...linear, counted: "session" }));
    const first = rate({ durationSeconds: 10, sessionId: "s" }).amountNano;
    assert.equal(rate({ durationSeconds: 10, sessionId: "t" }).amountNano, first);
    assert.equal(rate({ durationSeconds: 10, sessionId: "s", deviceId: "d" }).amountNano, first);
    assert.equal(rate({ durationSeconds: 10, sessionId: "s" }).amountNano, 0n);
  });

  it("raises at the session's end what its parts used", () => {
    const { rate } = accountScene(one({ ...linear, setUp: "0", counted: "session-end" }));
    const parts: Partial<UsageRecord>[] = [
      { durationSeconds: 31, partial: "first" },
      { durationSeconds: 1, partial: "intermediate" },
      { durationSeconds: 0, partial: "last" },
    ];
    const amounts = parts.map((part) => rate({ ...part, sessionId: "s" }).amountNano);
    assert.deepEqual(amounts, [310_000_000n, 10_000_000n, 40_000_000n]);
  });

  it("is raised at once where a session comes in one record", () => {
    const { rate } = accountScene(one({ ...linear, setUp: "0", counted: "session-end" }));
    assert.equal(rate({ durationSeconds: 31, sessionId: "s" }).amountNano, 360_000_000n);
    assert.equal(rate({ durationSeconds: 31 }).amountNano, 360_000_000n);
  });

  it("keeps the areas and classes of a period apart", () => {
    const price = { price: { amount: "1", per: 1, unit: "KB" as const } };
    const started = { increments: { first: 1, further: 1, unit: "KB" as const } };
    const { rate } = accountScene(
      tariffDocument({
        areas: [
          { name: "home", unstated: true },
          { name: "abroad", networks: [""] },
        ],
        classes: {
          classes: [{ name: "video", when: [{ applications: ["video"] }] }],
          otherwise: "rest",
        },
        services: [
          {
            service: "data",
            prices: ["home", "abroad"].flatMap((area) =>
              ["video", "rest"].map((kind) => ({
                areas: [area],
                classes: [kind],
                counted: "period" as const,
                ...price,
                ...started,
              })),
            ),
          },
        ],
      }),
    );
    const data = { service: "data", direction: "none", totalOctets: 400 } as const;
    const amounts = [
      {},
      { application: "video" },
      { visitedNetwork: "22801" },
      { visitedNetwork: "22801", application: "video" },
      {},
    ].map((more) => rate({ ...data, ...more }).amountNano);
    assert.deepEqual(amounts, [...Array(4).fill(1_000_000_000n), 0n]);
  });

  it("takes allowances off before it counts", () => {
    const { rate } = accountScene({
      ...one({ ...linear, setUp: "0", counted: "session" }),
      defaultPlan: "S",
      plans: [
        {
          name: "S",
          allowances: [
            {
              name: "40 s",
              scope: "account",
              uses: [{ service: "voice" }],
              units: { quantity: 40, unit: "s" },
            },
          ],
        },
      ],
    });
    // 30 s are billed of the first 25, 12 more of the next 15: 40 of 42 are covered.
    assert.equal(rate({ durationSeconds: 25, sessionId: "s" }).amountNano, 0n);
    assert.equal(rate({ durationSeconds: 15, sessionId: "s" }).amountNano, 20_000_000n);
  });
});
