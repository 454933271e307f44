import assert from "node:assert/strict";
import fc from "fast-check";
import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { AccountRater } from "../../../node/core/rating/account-rater.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { PeriodCloser } from "../../../node/core/rating/close-period.ts";
import { explainComponents } from "../../../node/core/rating/explain.ts";
import { rateUsage } from "../../../node/core/rating/rate-usage.ts";
import { RatingState } from "../../../node/core/rating/rating-state.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";
import type {
  TariffDocument,
  TariffPlan,
  TariffPrice,
} from "../../../node/core/tariff/document.ts";
import { PER_STARTED_MINUTE, tariffDocument } from "../tariff/tariff-fixture.ts";
import { accountScene } from "./account-scene.ts";

const VOICE = [{ service: "voice" as const }];
const PER_SECOND: TariffPrice = {
  price: { amount: "0.01", per: 1, unit: "s" },
  increments: { first: 1, further: 1, unit: "s" },
};

type Allowance = NonNullable<TariffPlan["allowances"]>[number];
const seconds = (name: string, quantity: number, more: Partial<Allowance> = {}): Allowance => ({
  name,
  scope: "account",
  uses: VOICE,
  units: { quantity, unit: "s" },
  ...more,
});

function scene(
  price: TariffPrice,
  plan: Partial<TariffPlan>,
  changes: Partial<TariffDocument> = {},
  accounts?: unknown,
) {
  const tariff = compileTariff(
    tariffDocument({
      rounding: { mode: "half-up", scale: 2 },
      services: [{ service: "voice", direction: "outgoing", prices: [price] }],
      plans: [{ name: "S", ...plan }],
      defaultPlan: "S",
      ...changes,
    }),
  );
  const periods = new BillingPeriods(tariff.document);
  const directory =
    accounts === undefined
      ? new AccountDirectory(tariff.document, true)
      : AccountDirectory.read(accounts, tariff.document, periods);
  const state = new RatingState(tariff.document);
  const rater = new AccountRater(tariff, directory, periods, state);
  const rate = (durationSeconds: number, more: Partial<UsageRecord> = {}) => {
    const outcome = rater.rate({
      id: "r",
      service: "voice",
      direction: "outgoing",
      start: "2026-03-05T12:00:00.000Z",
      account: "a",
      durationSeconds,
      billable: true,
      ...more,
    });
    if (outcome.outcome !== "rated") throw new Error(JSON.stringify(outcome));
    return outcome;
  };
  const closer = new PeriodCloser(tariff, directory, periods, state);
  const close = (period: string) => periods.within(period).flatMap((one) => [...closer.close(one)]);
  return { tariff, rate, close, state };
}

/** Which allowances paid, in their order. */
const payers = ({ components }: { components: { kind: string; name?: string }[] }) =>
  components.filter(({ kind }) => kind === "covered").map(({ name }) => name);

const CENT = 10_000_000n;

describe("rating with an account", () => {
  it("takes allowances by what they burn, priority, expiry, and as listed", () => {
    const { rate } = scene(PER_SECOND, {
      allowances: [
        seconds("last by priority", 1, { priority: 1 }),
        seconds("listed first", 1),
        seconds("listed second", 1),
        seconds("what was used", 1, { burns: "used", priority: 9 }),
      ],
    });
    assert.deepEqual(payers(rate(4)), [
      "what was used",
      "listed first",
      "listed second",
      "last by priority",
    ]);
  });

  it("takes what was rolled over first, because it expires first", () => {
    const { rate } = scene(
      PER_SECOND,
      { allowances: [seconds("m", 10, { rollover: { periods: 1 } })] },
      {},
      [{ id: "a", plans: [{ plan: "S", from: "2026-02-01" }] }],
    );
    const [first, second] = rate(12).counters.filter(({ name }) => name === "m");
    assert.deepEqual([first?.before, first?.after], [10_000n, 0n]);
    assert.deepEqual([second?.before, second?.after], [10_000n, 8_000n]);
    // April has March's 8 s and its own 10 s; what February left would be lost by now.
    assert.equal(rate(18, { start: "2026-04-05T12:00:00.000Z" }).amountNano, 0n);
    assert.equal(rate(1, { start: "2026-04-05T12:00:00.000Z" }).amountNano, CENT);
  });

  it("counts for tiers what allowances leave", () => {
    const { rate } = scene(
      {
        increments: { first: 1, further: 1, unit: "s" },
        tiers: {
          kind: "graduated",
          over: "account",
          counter: "s",
          unit: "s",
          steps: [
            { upTo: 10, price: { amount: "0.01", per: 1, unit: "s" } },
            { price: { amount: "1", per: 1, unit: "s" } },
          ],
        },
      },
      { allowances: [seconds("m", 5)] },
    );
    const { amountNano, counters } = rate(16);
    assert.equal(amountNano, 110n * CENT);
    assert.deepEqual(counters.at(-1), {
      name: "s",
      scope: "account",
      of: "a",
      before: 0n,
      after: 11_000n,
    });
  });

  it("raises to no minimum what allowances cover whole", () => {
    const { rate } = scene({ ...PER_SECOND, minimum: "0.50" }, { allowances: [seconds("m", 5)] });
    assert.equal(rate(5).amountNano, 0n);
    assert.equal(rate(1).amountNano, 50n * CENT);
  });

  it("begins after what was used of an allowance, also by the clock", () => {
    const { rate } = scene(
      PER_SECOND,
      { allowances: [seconds("m", 60, { burns: "used" })] },
      {
        calendar: { bands: [{ name: "night", when: [{ from: "20:00" }] }], otherwise: "day" },
        services: [
          {
            service: "voice",
            direction: "outgoing",
            bandsAt: "increment-start",
            prices: [
              { ...PER_SECOND, bands: ["day"] },
              { ...PER_SECOND, price: { amount: "1", per: 1, unit: "s" }, bands: ["night"] },
            ],
          },
        ],
      },
    );
    // A minute before eight in Berlin: the free minute is the day's.
    assert.equal(rate(61, { start: "2026-03-05T18:59:00.000Z" }).amountNano, 100n * CENT);
  });

  it("changes nothing by a record that it can not price", () => {
    const { rate, state } = scene(PER_SECOND, { allowances: [seconds("m", 5)] });
    const before = JSON.stringify(state);
    for (const bad of [-1, Number.NaN, 0.0001]) assert.throws(() => rate(bad));
    assert.throws(() => rate(1, { start: "2025-01-01T00:00:00.000Z" }), /not-in-force/);
    assert.equal(JSON.stringify(state), before);
  });

  it("is the same after its state was written and read", () => {
    const { rate, state, tariff } = scene(PER_SECOND, { allowances: [seconds("m", 5)] });
    rate(3);
    const read = RatingState.read(JSON.parse(JSON.stringify(state)), tariff.document);
    assert.deepEqual(read.toJSON(), state.toJSON());
  });

  it("leaves a tariff's plain rater without an answer where the account decides", () => {
    const { tariff } = scene(PER_SECOND, { allowances: [seconds("m", 5)] });
    const outcome = rateUsage(tariff, {
      id: "r",
      service: "voice",
      direction: "outgoing",
      start: "2026-03-05T12:00:00.000Z",
      durationSeconds: 1,
      billable: true,
    });
    assert.equal(outcome.outcome === "suspended" && outcome.code, "rating.needs-account");
    assert.ok(tariff.priceRows.every(({ provable, kind }) => !provable && kind === 17));
  });

  it("has components that sum to the charge, each with its sentence, whatever the plan", () => {
    const amount = fc.integer({ min: 0, max: 300 }).map((value) => (value / 100).toFixed(2));
    const price = fc.record({
      setUp: amount,
      minimum: amount,
      price: fc.record({ amount, per: fc.integer({ min: 1, max: 7 }), unit: fc.constant("s") }),
      increments: fc.record({
        first: fc.integer({ min: 1, max: 60 }),
        further: fc.integer({ min: 1, max: 60 }),
        unit: fc.constant("s"),
      }),
    });
    const percent = fc.integer({ min: 0, max: 1000 }).map((value) => (value / 10).toFixed(1));
    fc.assert(
      fc.property(
        price,
        percent,
        amount,
        amount,
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 6 }),
        (made, off, most, money, uses) => {
          const { tariff, rate, close } = scene(made as TariffPrice, {
            allowances: [
              seconds("used", 70, { burns: "used" }),
              seconds("billed", 90),
              { name: "money", scope: "device", uses: VOICE, money },
            ],
            itemDiscounts: [{ name: "d", percent: off }],
            limits: [{ name: "day", scope: "device", per: "day", maximum: most }],
            periodDiscounts: [{ name: "p", percent: off }],
            commitment: most,
          });
          let total = 0n;
          for (const use of uses) {
            const rated = rate(use);
            const sum = rated.components.reduce((all, part) => all + part.amountNano, 0n);
            assert.equal(sum, rated.amountNano);
            assert.ok(rated.amountNano >= 0n);
            assert.equal(explainComponents(tariff, rated).length, rated.components.length);
            total += rated.amountNano;
          }
          for (const { usageNano, totalNano, lines } of close("2026-03-01/2026-04-01")) {
            assert.equal(usageNano, total);
            for (const { kind, amountNano, parts } of lines) {
              assert.equal(
                parts.reduce((all, part) => all + part.amountNano, 0n),
                amountNano,
              );
              total += kind === "credit" ? -amountNano : amountNano;
            }
            assert.equal(totalNano, total);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it("takes a period discount off what it names and nothing else, tax categories included", () => {
    const lines = (made: ReturnType<ReturnType<typeof scene>["close"]>) =>
      made.flatMap((one) =>
        one.lines.map(({ kind, name, amountNano }) => [kind, name, amountNano]),
      );
    const categorised = scene(
      { ...PER_SECOND, taxCategory: "calls" },
      {
        recurring: [{ name: "line", amount: "9", per: "account", proration: "none" }],
        periodDiscounts: [
          { name: "calls", services: ["voice"], amount: "3" },
          { name: "fees", of: ["recurring"], percent: "50" },
        ],
      },
    );
    categorised.rate(200);
    assert.deepEqual(lines(categorised.close("2026-03-01/2026-04-01")), [
      ["recurring", "line", 9_000_000_000n],
      ["credit", "calls", 2_000_000_000n],
      ["credit", "fees", 4_500_000_000n],
    ]);
    // Without calls the voucher waits: the fee is not of what it names.
    const idle = scene(PER_SECOND, {
      recurring: [{ name: "line", amount: "9", per: "account", proration: "none" }],
      periodDiscounts: [{ name: "calls", services: ["sms"], amount: "3" }],
    });
    idle.rate(100);
    assert.deepEqual(lines(idle.close("2026-03-01/2026-04-01")), [
      ["recurring", "line", 9_000_000_000n],
    ]);
  });

  it("taxes set-up fee and use together where both have one category", () => {
    const { rate, close } = accountScene({
      ...tariffDocument({
        services: [
          {
            service: "voice",
            direction: "outgoing",
            prices: [
              {
                ...PER_STARTED_MINUTE,
                setUp: "1",
                taxCategory: "calls",
                setUpTaxCategory: "calls",
              },
            ],
          },
        ],
      }),
      taxes: [{ name: "VAT", percent: "20", of: ["calls"] }],
    });
    rate({ durationSeconds: 600 });
    const [closed] = close("2026-03-01/2026-04-01");
    assert.deepEqual([closed?.usageNano, closed?.totalNano], [2_000_000_000n, 2_400_000_000n]);
  });

  it("takes use of a closed period into a later one's sums, unless its price is due at the end", () => {
    const volume: TariffPrice = {
      tiers: {
        kind: "volume",
        over: "account",
        unit: "s",
        steps: [{ price: { amount: "0.01", per: 1, unit: "s" } }],
      },
      increments: { first: 1, further: 1, unit: "s" },
    };
    for (const [price, outcome] of [
      [PER_SECOND, "rated"],
      [volume, "suspended"],
    ] as const) {
      const { tariff, close, state } = scene(price, {});
      close("2026-03-01/2026-04-01");
      const periods = new BillingPeriods(tariff.document);
      const directory = new AccountDirectory(tariff.document, true);
      const rater = new AccountRater(tariff, directory, periods, state);
      const record: UsageRecord = {
        id: "late",
        service: "voice",
        direction: "outgoing",
        start: "2026-03-31T12:00:00.000Z",
        account: "a",
        durationSeconds: 7,
        billable: true,
      };
      const april = periods.at(Date.parse("2026-04-15T00:00:00Z"));
      assert.equal(rater.rate(record).outcome, "suspended");
      assert.equal(rater.rate(record, { lateIn: april }).outcome, outcome);
      const owed = outcome === "rated" ? 7n * CENT : 0n;
      assert.equal(state.get(april.from, ["net", "a", "voice"]), owed);
    }
  });
});
