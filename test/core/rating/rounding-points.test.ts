import assert from "node:assert/strict";
import fc from "fast-check";
import { ROUNDING_MODES } from "../../../node/core/money/rounding.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const MARCH = "2026-03-01/2026-04-01";
const NANO = 10n ** 9n;

/** Calls at 0.0137 and messages at 0.0071, a fee, a discount and a tax: nothing ends in cents. */
const document = (rounding: object) => ({
  ...tariffDocument({
    services: [
      {
        service: "voice",
        direction: "outgoing",
        prices: [
          {
            setUp: "0.0037",
            price: { amount: "0.0137", per: 7, unit: "s" },
            increments: { first: 1, further: 1, unit: "s" },
          },
        ],
      },
      {
        service: "sms",
        direction: "outgoing",
        prices: [{ price: { amount: "0.0071", per: 1, unit: "unit" } }],
      },
    ],
  }),
  rounding,
  defaultPlan: "S",
  plans: [
    {
      name: "S",
      recurring: [{ name: "fee", amount: "1.000000007", per: "account", proration: "none" }],
      itemDiscounts: [{ name: "d", uses: [{ service: "voice" }], percent: "3.3" }],
      periodDiscounts: [{ name: "p", percent: "1.7" }],
    },
  ],
  taxes: [{ name: "VAT", percent: "19" }],
});

describe("rounding", () => {
  it("takes and adds nothing that is not shown, wherever it happens", () => {
    const use = fc.record({
      service: fc.constantFrom("voice" as const, "sms" as const),
      count: fc.integer({ min: 0, max: 5000 }),
    });
    fc.assert(
      fc.property(
        fc.array(use, { minLength: 1, maxLength: 12 }),
        fc.constantFrom("component", "charge", "line", "invoice"),
        fc.constantFrom(...ROUNDING_MODES),
        fc.integer({ min: 0, max: 9 }),
        (uses, of, mode, scale) => {
          const { rate, close } = accountScene(document({ mode, scale, of }));
          const unit = 10n ** BigInt(9 - scale);
          let usageNano = 0n;
          for (const { service, count } of uses) {
            const { amountNano, components } = rate({
              service,
              ...(service === "voice" ? { durationSeconds: count } : { units: count }),
            });
            // Components sum up to the charge.
            assert.equal(
              components.reduce((sum, part) => sum + part.amountNano, 0n),
              amountNano,
            );
            if (of === "component" || of === "charge") assert.equal(amountNano % unit, 0n);
            if (of === "component") {
              let sum = 0n;
              for (const { kind, amountNano: part } of components) {
                sum += part;
                if (kind === "rounding") assert.equal(sum % unit, 0n);
              }
            }
            usageNano += amountNano;
          }
          const [closed] = close(MARCH);
          assert.ok(closed !== undefined);
          assert.equal(closed.usageNano, usageNano);
          let sum = usageNano;
          for (const { kind, amountNano, parts } of closed.lines) {
            // Parts sum up to their line, and lines to the invoice.
            assert.equal(
              parts.reduce((all, part) => all + part.amountNano, 0n),
              amountNano,
            );
            assert.ok(amountNano >= 0n);
            sum += kind === "credit" ? -amountNano : amountNano;
          }
          assert.equal(sum, closed.totalNano);
          if (of === "invoice") assert.equal(closed.totalNano % unit, 0n);
          if (of === "line") assert.equal((closed.totalNano - closed.taxNano) % unit, 0n);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("happens once for a line: three thirds of a cent are a cent", () => {
    const thirds = (of: string) => {
      const { rate, close } = accountScene({
        ...tariffDocument({
          services: [
            {
              service: "voice",
              direction: "outgoing",
              prices: [
                {
                  price: { amount: "0.01", per: 3, unit: "s" },
                  increments: { first: 1, further: 1, unit: "s" },
                },
              ],
            },
          ],
        }),
        rounding: { mode: "half-up", scale: 2, of },
        defaultPlan: "S",
        plans: [{ name: "S" }],
      });
      for (let i = 0; i < 3; i++) rate({ durationSeconds: 1 });
      return close(MARCH)[0]?.totalNano;
    };
    assert.equal(thirds("charge"), 0n);
    assert.equal(thirds("line"), NANO / 100n);
    assert.equal(thirds("invoice"), NANO / 100n);
  });

  it("lets no discount take more than what a bound left, also where each part is rounded up", () => {
    const { rate } = accountScene({
      ...tariffDocument({
        services: [
          {
            service: "sms",
            direction: "outgoing",
            prices: [{ price: { amount: "1", per: 1, unit: "unit" }, maximum: "0.6" }],
          },
        ],
      }),
      rounding: { mode: "up", scale: 0, of: "component" },
      defaultPlan: "S",
      plans: [{ name: "S", itemDiscounts: [{ name: "all", percent: "100" }] }],
    });
    assert.equal(rate({ service: "sms", units: 1 }).amountNano, 0n);
  });
});
