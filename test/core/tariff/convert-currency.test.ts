import assert from "node:assert/strict";
import { parseTariff } from "../../../node/core/tariff/check.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import { convertTariff } from "../../../node/core/tariff/convert-currency.ts";
import { accountScene } from "../rating/account-scene.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "./tariff-fixture.ts";

const TABLE = {
  date: "2026-01-02",
  source: "European Central Bank",
  rates: [{ currency: "EUR", rate: "1.0833" }],
};
const DOCUMENT = parseTariff({
  ...tariffDocument(),
  defaultPlan: "S",
  plans: [
    {
      name: "S",
      commitment: "10.00",
      recurring: [{ name: "fee", amount: "3.00", per: "account", proration: "none" }],
      periodDiscounts: [{ name: "ladder", ladder: [{ from: "100", percent: "5" }] }],
      limits: [{ name: "day", scope: "account", per: "day", maximum: "2.00" }],
      allowances: [
        {
          name: "money",
          scope: "account",
          uses: [{ service: "voice" }],
          money: "0.10",
          rollover: { periods: 1, cap: { money: "0.05" } },
        },
      ],
    },
  ],
});

describe("a price list in another currency", () => {
  it("keeps its prices exact, and converts what plans hold once", () => {
    const converted = convertTariff(DOCUMENT, "USD", TABLE);
    assert.equal(converted.currency, "USD");
    assert.deepEqual(converted.exchange, TABLE);
    assert.deepEqual(converted.services[0]?.prices[0], { currency: "EUR", ...PER_STARTED_MINUTE });
    const [plan] = converted.plans ?? [];
    assert.equal(plan?.commitment, "10.833");
    assert.equal(plan?.recurring?.[0]?.amount, "3.2499");
    assert.equal(plan?.periodDiscounts?.[0]?.ladder?.[0]?.from, "108.33");
    assert.equal(plan?.limits?.[0]?.maximum, "2.1666");
    assert.equal(plan?.allowances?.[0]?.money, "0.10833");
    assert.deepEqual(plan?.allowances?.[0]?.rollover?.cap, { money: "0.054165" });
    const [row] = compileTariff(converted).priceRows;
    // 0.10 EUR a minute is 0.10833 USD, as a ratio.
    assert.equal((row?.priceNano ?? 0n) * 60_000n, 108_330_000n * (row?.per ?? 0n));
    const { rate } = accountScene(converted);
    const { amountNano, components } = rate({ durationSeconds: 61 });
    assert.equal(components[0]?.amountNano, 216_660_000n);
    assert.equal(amountNano, 108_330_000n);
  });

  it("converts a package as a whole: its size is not an amount", () => {
    const unit = "unit" as const;
    const packages = (kind: "package" | "graduated", step: object) =>
      parseTariff({
        ...tariffDocument(),
        services: [
          { service: "event", prices: [{ tiers: { kind, over: "account", unit, steps: [step] } }] },
        ],
      });
    const size = { amount: "0.30", per: 7, unit };
    for (const document of [
      packages("package", { price: size }),
      packages("graduated", { package: size }),
    ]) {
      const [row] = compileTariff(convertTariff(document, "USD", TABLE)).priceRows;
      assert.deepEqual([row?.priceNano, row?.per], [324_990_000n, 7n]);
    }
  });

  it("is another document for another table", () => {
    const rates = [{ currency: "EUR", rate: "1.0834" }];
    assert.notDeepEqual(
      compileTariff(convertTariff(DOCUMENT, "USD", { ...TABLE, rates })).priceRows,
      compileTariff(convertTariff(DOCUMENT, "USD", TABLE)).priceRows,
    );
  });

  it("is refused without a rate, for no currency, and where amounts are measured", () => {
    const rates = [{ currency: "GBP", rate: "1.3" }];
    assert.throws(() => convertTariff(DOCUMENT, "USD", { ...TABLE, rates }), {
      code: "exchange.no-rate",
    });
    assert.throws(() => convertTariff(DOCUMENT, "EUX", TABLE), { code: "tariff.currency-unknown" });
    const measured = parseTariff({
      ...tariffDocument(),
      services: [
        {
          service: "content",
          measure: "amount",
          prices: [{ price: { amount: "0.1", per: 1, unit: "amount" } }],
        },
      ],
    });
    assert.throws(() => convertTariff(measured, "USD", TABLE), {
      code: "exchange.amounts-measured",
    });
  });
});
