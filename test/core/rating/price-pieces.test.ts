import assert from "node:assert/strict";
import fc from "fast-check";
import { addFractions, type Fraction, fraction } from "../../../node/core/money/fraction.ts";
import { composeCharge } from "../../../node/core/rating/compose-charge.ts";
import { priceCharge } from "../../../node/core/rating/price-charge.ts";
import { billedOf, piecesOf } from "../../../node/core/rating/price-pieces.ts";
import { priceQuantity } from "../../../node/core/rating/price-quantity.ts";
import {
  type CompiledTariff,
  compileTariff,
  findCalendarRow,
} from "../../../node/core/tariff/compile.ts";
import type { TariffPrice } from "../../../node/core/tariff/document.ts";
import type { CalendarRow, PriceRow } from "../../../node/core/tariff/rows.ts";
import { tariffDocument } from "../tariff/tariff-fixture.ts";

const cents = fc.integer({ min: 0, max: 500 }).map((value) => (value / 100).toFixed(2));
const seconds = fc.integer({ min: 1, max: 120 });

const linear = fc.record({
  setUp: cents,
  price: fc.record({ amount: cents, per: seconds, unit: fc.constant("s" as const) }),
  increments: fc.record({ first: seconds, further: seconds, unit: fc.constant("s" as const) }),
});

function compiled(price: TariffPrice): CompiledTariff {
  return compileTariff(
    tariffDocument({
      rounding: { mode: "half-up", scale: 3 },
      services: [{ service: "voice", direction: "outgoing", prices: [price] }],
    }),
  );
}

const startMilliseconds = Date.parse("2026-03-02T12:00:00Z");

const sum = (parts: readonly { exact: Fraction }[]): Fraction =>
  parts.reduce((total, { exact }) => addFractions(total, exact), fraction(0n));

function assertEqual(a: Fraction, b: Fraction): void {
  assert.equal(a.numerator * b.denominator, b.numerator * a.denominator);
}

describe("pieces of a price", () => {
  it("come to what the closed form of a linear price does, component by component", () => {
    fc.assert(
      fc.property(
        linear,
        cents,
        fc.bigInt({ min: 0n, max: 5_000_000n }),
        (price, minimum, quantity) => {
          const tariff = compiled({ ...price, minimum, maximum: "6.00" });
          const to = billedOf(tariff, 0, quantity);
          const pieces = piecesOf(tariff, 0, { startMilliseconds, quantity, from: 0n, to });
          assert.deepEqual(
            composeCharge(tariff, 0, { quantity, billed: to, pieces }),
            priceQuantity(tariff.priceRows[0] as PriceRow, quantity),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it("leave out a band in which no increment begins", () => {
    const bands = ["day", "tea", "night"];
    const tariff = compileTariff(
      tariffDocument({
        validTo: "2026-04-01",
        calendar: {
          bands: [
            { name: "day", when: [{ from: "08:00", to: "20:00" }] },
            { name: "tea", when: [{ from: "20:00", to: "20:01" }] },
          ],
          otherwise: "night",
        },
        services: [
          {
            service: "voice",
            direction: "outgoing",
            bandsAt: "increment-start",
            prices: bands.map((band) => ({
              bands: [band],
              price: { amount: "0.01", per: 1, unit: "s" as const },
              increments: { first: 120, further: 120, unit: "s" as const },
            })),
          },
        ],
      }),
    );
    // From 19:59 on: the first two minutes end at 20:01, when tea is over.
    const pieces = piecesOf(tariff, 0, {
      startMilliseconds: Date.parse("2026-03-02T18:59:00Z"),
      quantity: 240_000n,
      from: 0n,
      to: 240_000n,
    });
    const of = pieces.map(({ price, billed }) => [
      bands[(tariff.priceRows[price]?.band ?? 0) - 1],
      billed,
    ]);
    assert.deepEqual(of, [
      ["day", 120_000n],
      ["night", 120_000n],
    ]);
  });

  it("place a use of nothing in the tier that its counter stands in", () => {
    const steps = [
      { upTo: 60, price: { amount: "0.02", per: 1, unit: "s" as const } },
      { price: { amount: "0.01", per: 1, unit: "s" as const } },
    ];
    const tariff = compiled({
      tiers: { kind: "graduated", over: "account", unit: "s", steps },
      increments: { first: 1, further: 1, unit: "s" },
    });
    const empty = { startMilliseconds, quantity: 0n, from: 0n, to: 0n };
    for (const [counterBefore, price] of [
      [0n, 0],
      [59_999n, 0],
      [60_000n, 1],
      [90_000n, 1],
    ] as const) {
      const pieces = piecesOf(tariff, 0, { ...empty, counterBefore });
      assert.deepEqual(
        pieces.map((piece) => [piece.price, piece.billed]),
        [[price, 0n]],
      );
    }
  });

  it("are refused where they come to more than an amount can be", () => {
    const tariff = compileTariff(tariffDocument());
    const charge = (nano: bigint) =>
      composeCharge(tariff, 0, {
        quantity: 1n,
        billed: 1n,
        pieces: [{ price: 0, quantity: 1n, billed: 1n, exact: fraction(nano) }],
      });
    assert.equal(charge(2n ** 128n - 1n).amountNano, 2n ** 128n - 1n);
    assert.throws(() => charge(2n ** 128n), { code: "rating.amount-too-large" });
  });

  it("by bands are those of a walk over the increments", () => {
    const dayAndNight = (first: number, further: number) =>
      compileTariff(
        tariffDocument({
          validTo: "2026-04-01",
          calendar: {
            bands: [
              { name: "day", when: [{ from: "08:00", to: "20:00" }] },
              { name: "tea", when: [{ from: "20:00", to: "20:01" }] },
            ],
            otherwise: "night",
          },
          services: [
            {
              service: "voice",
              direction: "outgoing",
              bandsAt: "increment-start",
              prices: ["day", "tea", "night"].map((band, index) => ({
                bands: [band],
                price: { amount: `0.0${index + 1}`, per: 7, unit: "s" as const },
                increments: { first, further, unit: "s" as const },
              })),
            },
          ],
        }),
      );
    let crossings = 0;
    fc.assert(
      fc.property(
        seconds,
        seconds,
        fc.integer({ min: 0, max: 3000 }),
        fc.bigInt({ min: 0n, max: 2_000_000n }),
        (first, further, before, quantity) => {
          const tariff = dayAndNight(first, further);
          // Berlin's evening, some seconds before the change of band at eight.
          const start = Date.parse("2026-03-02T18:20:00Z") + before * 1000;
          const to = billedOf(tariff, 0, quantity);
          const pieces = piecesOf(tariff, 0, {
            startMilliseconds: start,
            quantity,
            from: 0n,
            to,
          });
          if (pieces.length > 1) crossings++;
          let walked = fraction(0n);
          for (let at = 0n; at < to; ) {
            const length = BigInt((at === 0n ? first : further) * 1000);
            const calendar = findCalendarRow(tariff, start + Number(at)) ?? -1;
            const { band } = tariff.calendarRows[calendar] as CalendarRow;
            const row = tariff.priceRows.find((one) => one.band === band) as PriceRow;
            walked = addFractions(walked, fraction(row.priceNano * length, row.per));
            at += length;
          }
          assertEqual(sum(pieces), walked);
          assert.ok(to === 0n || pieces.every(({ billed }) => billed > 0n));
          assert.equal(
            pieces.reduce((total, { billed }) => total + billed, 0n),
            to,
          );
          assert.equal(
            pieces.reduce((total, piece) => total + piece.quantity, 0n),
            quantity,
          );
        },
      ),
      { numRuns: 200 },
    );
    assert.ok(crossings > 20, `${crossings} calls crossed a change of band`);
  });

  it("over a counter do not depend on how the use is cut into records", () => {
    const tariff = compiled({
      increments: { first: 1, further: 1, unit: "ms" },
      tiers: {
        kind: "graduated",
        over: "account",
        unit: "ms",
        steps: [
          { upTo: 1000, price: { amount: "0.03", per: 7, unit: "ms" } },
          { upTo: 1001, price: { amount: "0.02", per: 3, unit: "ms" } },
          { price: { amount: "0.01", per: 11, unit: "ms" } },
        ],
      },
    });
    const packages = compiled({
      increments: { first: 1, further: 1, unit: "ms" },
      tiers: {
        kind: "package",
        over: "account",
        unit: "ms",
        steps: [{ price: { amount: "0.03", per: 97, unit: "ms" } }],
      },
    });
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 900n }), { maxLength: 8 }), (uses) => {
        for (const priced of [tariff, packages]) {
          let counterBefore = 0n;
          let total = fraction(0n);
          const price = (quantity: bigint, before: bigint) =>
            sum(
              piecesOf(priced, 0, {
                startMilliseconds,
                quantity,
                from: 0n,
                to: quantity,
                counterBefore: before,
              }),
            );
          for (const use of uses) {
            total = addFractions(total, price(use, counterBefore));
            counterBefore += use;
          }
          assertEqual(total, price(counterBefore, 0n));
        }
      }),
      { numRuns: 60 },
    );
  });

  it("of tiers with packages and fees are what walking unit by unit comes to, however use is split", () => {
    const package_ = { amount: "0.50", per: 3, unit: "s" as const };
    const tariff = compiled({
      tiers: {
        kind: "graduated",
        over: "account",
        unit: "s",
        steps: [
          { upTo: 5, price: { amount: "0.01", per: 1, unit: "s" } },
          { upTo: 14, package: package_, fee: "0.07" },
          { upTo: 20, fee: "0.90" },
          { package: { ...package_, per: 10 } },
        ],
      },
      increments: { first: 1, further: 1, unit: "s" },
    });
    const costOf = (second: number): bigint => {
      if (second < 5) return 10_000_000n;
      if (second < 14) {
        const fee = second === 5 ? 70_000_000n : 0n;
        return fee + ((second - 5) % 3 === 0 ? 500_000_000n : 0n);
      }
      if (second < 20) return second === 14 ? 900_000_000n : 0n;
      return (second - 20) % 10 === 0 ? 500_000_000n : 0n;
    };
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 6 }), (uses) => {
        let before = 0;
        for (const use of uses) {
          const quantity = BigInt(use) * 1000n;
          const to = billedOf(tariff, 0, quantity);
          const counterBefore = BigInt(before) * 1000n;
          const pieces = piecesOf(tariff, 0, {
            startMilliseconds,
            quantity,
            from: 0n,
            to,
            counterBefore,
          });
          const { amountNano } = composeCharge(tariff, 0, { quantity, billed: to, pieces });
          let walked = 0n;
          for (let second = before; second < before + use; second++) walked += costOf(second);
          assert.equal(amountNano, walked);
          const facts = { service: 1, direction: 1, startMilliseconds, sessionMinutes: 0 };
          const digits = { decidingDigits: 0xffffffffffffffffn, wholeNumber: false };
          // Whoever holds the charge prices it by the counter that it names.
          const priced = priceCharge(tariff, { ...facts, ...digits, quantity, counterBefore });
          assert.equal(priced.amountNano, walked);
          before += use;
        }
      }),
      { numRuns: 100 },
    );
  });

  it("of a call of a month take as long as its bands, not as its seconds", () => {
    const tariff = compileTariff(
      tariffDocument({
        calendar: {
          bands: [{ name: "day", when: [{ from: "08:00", to: "20:00" }] }],
          otherwise: "night",
        },
        services: [
          {
            service: "voice",
            direction: "outgoing",
            bandsAt: "increment-start",
            prices: ["day", "night"].map((band) => ({
              bands: [band],
              price: { amount: "1", per: 1, unit: "s" as const },
              increments: { first: 1, further: 1, unit: "s" as const },
            })),
          },
        ],
      }),
    );
    const to = 31n * 86_400_000n;
    const pieces = piecesOf(tariff, 0, { startMilliseconds, quantity: to, from: 0n, to });
    assert.equal(pieces.length, 63);
    assertEqual(sum(pieces), fraction(to * 1_000_000n));
  });
});
