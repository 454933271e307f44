import assert from "node:assert/strict";
import { tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const MARCH = "2026-03-01/2026-04-01";

const volume = (over: string, more: object = {}) => ({
  service: "sms",
  direction: "outgoing",
  prices: [
    {
      tiers: {
        kind: "volume",
        over,
        unit: "unit",
        steps: [{ price: { amount: "1", per: 1, unit: "unit" } }],
      },
      ...more,
    },
  ],
});
const scene = (service: object, plan: object, more: object = {}, accounts?: object[]) =>
  accountScene(
    {
      ...tariffDocument(),
      services: [service],
      defaultPlan: "S",
      plans: [{ name: "S", ...plan }],
      ...more,
    },
    accounts,
  );
const totals = (closed: { account: string; totalNano: bigint }[]) =>
  closed.map(({ account, totalNano }) => [account, totalNano / 1_000_000_000n]);

describe("what is due at a period's end", () => {
  it("counts to the period's minimum and maximum", () => {
    const limits = [{ name: "l", scope: "account", per: "period", minimum: "5", maximum: "12" }];
    const { rate, close } = scene(volume("account"), { limits });
    for (const [account, units] of Object.entries({ a: 17, b: 4, c: 8 })) {
      rate({ service: "sms", account, units });
    }
    assert.deepEqual(totals(close(MARCH)), [
      ["a", 12n],
      ["b", 5n],
      ["c", 8n],
    ]);
  });

  it("counts to the limits of whose counter it is, and of no other use", () => {
    const limit = { name: "l", scope: "device", per: "period", maximum: "10" };
    const of = (over: string, uses?: object[]) => {
      const { rate, close } = scene(volume(over), { limits: [{ ...limit, uses }] });
      rate({ service: "sms", deviceId: "d1", units: 15 });
      rate({ service: "sms", deviceId: "d2", units: 6 });
      return totals(close(MARCH));
    };
    assert.deepEqual(of("device"), [["a", 16n]]);
    assert.deepEqual(of("account"), [["a", 21n]]);
    assert.deepEqual(of("device", [{ service: "sms", friends: true }]), [["a", 21n]]);
  });

  it("is limited for who pays for a pool, though others used it", () => {
    const limits = [{ name: "l", scope: "account", per: "period", maximum: "10" }];
    const accounts = [{ id: "a", pool: "head" }, { id: "head" }];
    const { rate, close } = scene(volume("pool"), { limits }, {}, accounts);
    rate({ service: "sms", units: 15 });
    assert.deepEqual(totals(close(MARCH)), [
      ["a", 0n],
      ["head", 10n],
    ]);
  });

  it("is taxed by its price's category", () => {
    const taxes = [
      { name: "VAT", percent: "20", of: ["sms"] },
      { name: "reduced", percent: "10", of: ["books"] },
    ];
    const { rate, close } = scene(volume("account", { taxCategory: "books" }), {}, { taxes });
    rate({ service: "sms", units: 30 });
    assert.deepEqual(totals(close(MARCH)), [["a", 33n]]);
  });

  it("charges the fee of its tier once, not with each use that an allowance covers", () => {
    const tiers = { kind: "stair-step", over: "account", unit: "unit", steps: [{ fee: "7" }] };
    const plan = {
      allowances: [
        {
          name: "free",
          scope: "account",
          uses: [{ service: "sms" }],
          units: { quantity: 10, unit: "unit" },
        },
      ],
    };
    const { rate, close } = scene(
      { service: "sms", direction: "outgoing", prices: [{ tiers }] },
      plan,
    );
    for (const units of [5, 5, 1]) assert.equal(rate({ service: "sms", units }).amountNano, 0n);
    assert.deepEqual(totals(close(MARCH)), [["a", 7n]]);
  });

  it("is a credit of no more than what is left, however it is rounded", () => {
    const { rate, close } = scene(
      {
        service: "sms",
        direction: "outgoing",
        prices: [
          {
            price: { amount: "1", per: 3, unit: "unit" },
            rounding: { mode: "down", scale: 4 },
          },
        ],
      },
      { periodDiscounts: [{ name: "all", percent: "100" }] },
      { rounding: { mode: "up", scale: 2 } },
    );
    rate({ service: "sms", units: 1 });
    const [closed] = close(MARCH);
    assert.equal(closed?.totalNano, 0n);
    assert.deepEqual(
      closed?.lines.map(({ kind, amountNano }) => [kind, amountNano]),
      [["credit", 333_300_000n]],
    );
  });
});
