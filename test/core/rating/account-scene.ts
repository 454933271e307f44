import { AccountDirectory } from "../../../node/core/rating/account-directory.ts";
import { AccountRater } from "../../../node/core/rating/account-rater.ts";
import { BillingPeriods } from "../../../node/core/rating/billing-period.ts";
import { PeriodCloser } from "../../../node/core/rating/close-period.ts";
import { RatingState } from "../../../node/core/rating/rating-state.ts";
import type { UsageRecord } from "../../../node/core/records/usage-record.ts";
import { compileTariff } from "../../../node/core/tariff/compile.ts";

/** A tariff with its accounts and an empty state; `rate` expects that a record has a price. */
export function accountScene(document: unknown, accounts?: unknown) {
  const tariff = compileTariff(document);
  const periods = new BillingPeriods(tariff.document);
  const directory =
    accounts === undefined
      ? new AccountDirectory(tariff.document, true)
      : AccountDirectory.read(accounts, tariff.document, periods);
  const state = new RatingState(tariff.document);
  const rater = new AccountRater(tariff, directory, periods, state);
  const outcomeOf = (more: Partial<UsageRecord>) =>
    rater.rate({
      id: "r",
      service: "voice",
      direction: "outgoing",
      start: "2026-03-05T12:00:00.000Z",
      account: "a",
      billable: true,
      ...more,
    });
  const rate = (more: Partial<UsageRecord>) => {
    const outcome = outcomeOf(more);
    if (outcome.outcome !== "rated") throw new Error(JSON.stringify(outcome));
    return outcome;
  };
  const closer = new PeriodCloser(tariff, directory, periods, state);
  const close = (period: string) => periods.within(period).flatMap((one) => [...closer.close(one)]);
  return { tariff, rate, outcomeOf, close, state };
}
