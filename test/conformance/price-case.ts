import assert from "node:assert/strict";
import { parseDecimalNano } from "../../node/core/money/decimal.ts";
import { needsAccounts } from "../../node/core/rating/account-rater.ts";
import { CompiledRater } from "../../node/core/rating/compiled-rater.ts";
import { rateUsage } from "../../node/core/rating/rate-usage.ts";
import type { UsageRecord } from "../../node/core/records/usage-record.ts";
import { accountScene } from "../core/rating/account-scene.ts";

/** What a source says that a tariff costs. */
export interface PriceCase {
  what: string;
  /** Where the expectation is from. */
  source: string;
  tariff: object;
  accounts?: unknown;
  /** Records in their order; each may say its own amount, or why it has none. */
  uses: (Partial<UsageRecord> & { costs?: string; suspended?: string })[];
  /** What all of them come to. */
  sum?: string;
  /** A period that ends after the last record, and what each account owes for it. */
  period?: string;
  net?: Record<string, string>;
  total?: Record<string, string>;
}

const RECORD = {
  service: "voice",
  direction: "none",
  start: "2026-03-02T12:00:00.000Z",
  billable: true,
} as const;

/** Makes a test of a case: each amount and sum, and that components sum up and raters agree. */
export function testPriceCase({ what, source, ...expected }: PriceCase): void {
  it(`${what} (${source})`, () => {
    const { tariff, outcomeOf, close } = accountScene(expected.tariff, expected.accounts);
    const compiled = new CompiledRater(tariff);
    let sumNano = 0n;
    for (const [index, { costs, suspended, ...use }] of expected.uses.entries()) {
      const record = { ...RECORD, id: `use-${index}`, ...use } as UsageRecord;
      const alone = needsAccounts(tariff) ? undefined : rateUsage(tariff, record);
      if (alone !== undefined) assert.deepEqual(compiled.rate(record), alone);
      // Sums of a period come from the account's rater; it says the same as the plain one.
      const outcome = expected.period === undefined && alone ? alone : outcomeOf(record);
      if (alone?.outcome === "rated" && outcome.outcome === "rated") {
        assert.equal(outcome.amountNano, alone.amountNano);
      }
      if (suspended !== undefined) {
        assert.equal(outcome.outcome === "suspended" && outcome.code, suspended);
        continue;
      }
      if (outcome.outcome !== "rated") assert.fail(JSON.stringify(outcome));
      const parts = outcome.components.reduce((sum, { amountNano }) => sum + amountNano, 0n);
      assert.equal(parts, outcome.amountNano);
      if (costs !== undefined) assert.equal(outcome.amountNano, parseDecimalNano(costs), costs);
      sumNano += outcome.amountNano;
    }
    if (expected.sum !== undefined) assert.equal(sumNano, parseDecimalNano(expected.sum));
    if (expected.period === undefined) return;
    const closed = close(expected.period);
    const of = (id: string) => closed.find(({ account }) => account === id);
    for (const [id, net] of Object.entries(expected.net ?? {})) {
      const account = of(id);
      assert.equal(
        (account?.totalNano ?? 0n) - (account?.taxNano ?? 0n),
        parseDecimalNano(net),
        id,
      );
    }
    for (const [id, total] of Object.entries(expected.total ?? {})) {
      assert.equal(of(id)?.totalNano, parseDecimalNano(total), id);
    }
    // What the lines say is what the total is.
    for (const { usageNano, lines, totalNano } of closed) {
      const sum = lines
        .filter(({ isIncluded }) => isIncluded !== true)
        .reduce(
          (all, { kind, amountNano }) => all + (kind === "credit" ? -amountNano : amountNano),
          usageNano,
        );
      assert.equal(sum, totalNano);
    }
  });
}

export const MARCH = "2026-03-01/2026-04-01";
export const SECOND = { first: 1, further: 1, unit: "s" } as const;

export const per = (amount: string, count: number, unit: string) => ({ amount, per: count, unit });
export const steps = (first: number, further: number, unit: string) => ({ first, further, unit });

/** A tariff in UTC of the year 2026 unless said, nine decimals. */
export function tariffOf(services: object[], more: object = {}): object {
  return {
    format: "tallystick-tariff-1",
    name: "Case",
    currency: "EUR",
    timeZone: "UTC",
    validFrom: "2026-01-01",
    rounding: { mode: "half-up", scale: 9 },
    services,
    ...more,
  };
}
