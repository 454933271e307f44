import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDecimalNano } from "../../../node/core/money/decimal.ts";
import { ROUNDING_MODES } from "../../../node/core/money/rounding.ts";
import { billedQuantity, priceQuantity } from "../../../node/core/rating/price-quantity.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import { NO_MAXIMUM_NANO, type PriceRow } from "../../../node/core/tariff/rows.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

const [STARTED_MINUTE] = compileTariff(tariffDocument()).priceRows as [PriceRow];

const row = (changes: Partial<PriceRow> = {}): PriceRow => ({ ...STARTED_MINUTE, ...changes });
const seconds = (n: number): bigint => BigInt(n) * 1000n;

/** One increment after the other, as CGRateS and the first paper tariffs did. */
function billedByWalking({ first, step }: PriceRow, quantity: bigint): bigint {
  if (quantity === 0n) return 0n;
  let billed = first;
  while (billed < quantity) billed += step;
  return billed;
}

const anyRow = fc
  .record({
    priceNano: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    per: fc.bigInt({ min: 1n, max: 10n ** 7n }),
    setUpNano: fc.bigInt({ min: 0n, max: 10n ** 10n }),
    first: fc.bigInt({ min: 1n, max: 100_000n }),
    step: fc.bigInt({ min: 1n, max: 100_000n }),
    minimumNano: fc.bigInt({ min: 0n, max: 10n ** 11n }),
    maximumNano: fc.oneof(
      fc.constant(NO_MAXIMUM_NANO),
      fc.bigInt({ min: 10n ** 11n, max: 10n ** 13n }),
    ),
    mode: fc.constantFrom(...ROUNDING_MODES),
    scale: fc.integer({ min: 0, max: 9 }),
  })
  .map(row);
const anyQuantity = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe("increments", () => {
  // Notation of the trade: first/further. 83 s is the classic example.
  for (const [first, further, billed] of [
    [60, 60, 120],
    [60, 10, 90],
    [60, 1, 83],
    [30, 6, 84],
    [1, 1, 83],
  ] as const) {
    it(`${first}/${further} bill 83 s as ${billed} s`, () => {
      const increments = row({ first: seconds(first), step: seconds(further) });
      assert.equal(billedQuantity(increments, seconds(83)), seconds(billed));
    });
  }

  it("bill nothing of nothing, and the first one of anything", () => {
    assert.equal(billedQuantity(row(), 0n), 0n);
    assert.equal(billedQuantity(row(), 1n), 60_000n);
    assert.equal(billedQuantity(row(), 60_000n), 60_000n);
    assert.equal(billedQuantity(row(), 60_001n), 120_000n);
  });

  it("give in closed form what walking them one by one gives", () => {
    fc.assert(
      fc.property(anyRow, fc.bigInt({ min: 0n, max: 1_000_000n }), (increments, quantity) => {
        const coarse = { ...increments, step: increments.step + 1000n };
        assert.equal(billedQuantity(coarse, quantity), billedByWalking(coarse, quantity));
      }),
    );
  });
});

describe("the price of a quantity", () => {
  const amount = (changes: Partial<PriceRow>, quantity: bigint): bigint =>
    priceQuantity(row(changes), quantity).amountNano;

  // The errors of CGRateS that research into rating engines measured; these are the exact values.
  it("is exact for 12,345 Wh at 0.00005 per kWh", () => {
    const perKilowattHour = {
      priceNano: parseDecimalNano("0.00005"),
      per: 1_000_000n,
      first: 1_000n,
      step: 1_000n,
    };
    assert.equal(amount(perKilowattHour, 12_345_000n), parseDecimalNano("0.00061725"));
  });

  it("is exact for 600 s at 0.05 a minute by the second", () => {
    const bySecond = { priceNano: parseDecimalNano("0.05"), first: 1000n, step: 1000n };
    assert.equal(amount(bySecond, seconds(600)), parseDecimalNano("0.5"));
  });

  it("is exact for 1 MiB by the octet at 0.01 a MiB", () => {
    const byOctet = { priceNano: parseDecimalNano("0.01"), per: 1_048_576n, first: 1n, step: 1n };
    assert.equal(amount(byOctet, 1_048_576n), parseDecimalNano("0.01"));
  });

  it("is exact for 1 kWh at 0.00005, which four decimals would double", () => {
    assert.equal(
      amount({ priceNano: 50_000n, per: 1_000_000n, first: 1n, step: 1n }, 1_000_000n),
      50_000n,
    );
  });

  it("stays exact beyond 2^53 octets", () => {
    const byOctet = { priceNano: 1n, per: 1n, first: 1n, step: 1n };
    assert.equal(amount(byOctet, 2n ** 53n + 1n), 2n ** 53n + 1n);
  });

  it("rounds once, by mode and scale, after minimum and maximum", () => {
    const oneThird = { priceNano: 1_000_000_000n, per: 3n, first: 1n, step: 1n, scale: 2 };
    assert.equal(amount({ ...oneThird, mode: "half-up" }, 1n), 330_000_000n);
    assert.equal(amount({ ...oneThird, mode: "up" }, 1n), 340_000_000n);
    assert.equal(amount({ ...oneThird, mode: "down" }, 2n), 660_000_000n);
    assert.equal(amount({ ...oneThird, per: 200n, mode: "half-even" }, 1n), 0n);
    assert.equal(amount({ ...oneThird, per: 200n, mode: "half-up" }, 1n), 10_000_000n);
    assert.equal(amount({ ...oneThird, minimumNano: 345_000_000n }, 1n), 350_000_000n);
    assert.equal(amount({ ...oneThird, maximumNano: 123_000_000n }, 1n), 120_000_000n);
  });

  it("asks the set-up fee and the minimum also for nothing", () => {
    assert.equal(amount({ setUpNano: 5n }, 0n), 5n);
    assert.equal(amount({ minimumNano: 7n }, 0n), 7n);
  });

  it("says what each part of it is", () => {
    const { components } = priceQuantity(
      row({ setUpNano: 490_000_000n, priceNano: 1_990_000_000n, step: 1000n, scale: 2 }),
      75_500n,
    );
    assert.deepEqual(components, [
      { kind: "set-up", amountNano: 490_000_000n },
      { kind: "usage", amountNano: 2_520_666_666n, quantity: 75_500n, billed: 76_000n },
      { kind: "rounding", amountNano: -666_666n },
    ]);
  });

  it("is the sum of its components, whatever the row", () => {
    fc.assert(
      fc.property(anyRow, anyQuantity, (price, quantity) => {
        const { amountNano, components } = priceQuantity(price, quantity);
        const sum = components.reduce((total, part) => total + part.amountNano, 0n);
        assert.equal(sum, amountNano);
        assert.ok(amountNano >= 0n);
        assert.equal(amountNano % 10n ** BigInt(9 - price.scale), 0n);
      }),
    );
  });

  it("is what walking the increments and adding their prices gives", () => {
    fc.assert(
      fc.property(anyRow, fc.bigInt({ min: 0n, max: 300_000n }), (price, quantity) => {
        const coarse = { ...price, step: price.step + 1000n };
        const { setUpNano, per, minimumNano, maximumNano, scale, mode } = coarse;
        // Everything over the denominator `per`, increment by increment.
        let exact = setUpNano * per;
        let covered = 0n;
        for (let next = coarse.first; covered < quantity; next = coarse.step) {
          exact += coarse.priceNano * next;
          covered += next;
        }
        if (exact < minimumNano * per) exact = minimumNano * per;
        if (exact > maximumNano * per) exact = maximumNano * per;
        const unit = 10n ** BigInt(9 - scale);
        let units = exact / (per * unit);
        const twice = 2n * (exact % (per * unit));
        if (mode === "up" && twice > 0n) units += 1n;
        if (mode === "half-up" && twice >= per * unit) units += 1n;
        if (mode === "half-even") {
          if (twice > per * unit || (twice === per * unit && units % 2n === 1n)) units += 1n;
        }
        assert.equal(priceQuantity(coarse, quantity).amountNano, units * unit);
      }),
    );
  });

  it("refuses an amount that no ledger field holds", () => {
    const huge = { priceNano: 2n ** 127n, per: 1n, first: 1n, step: 1n };
    assert.throws(() => priceQuantity(row(huge), 4n), { code: "rating.amount-too-large" });
    const largest = { ...huge, priceNano: 2n ** 128n - 1n, per: 1n, first: 1n, step: 1n };
    assert.equal(priceQuantity(row(largest), 1n).amountNano, 2n ** 128n - 1n);
    assert.throws(() => priceQuantity(row({ ...largest, setUpNano: 1n }), 1n), {
      code: "rating.amount-too-large",
    });
  });
});
