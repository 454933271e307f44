import { TallystickError } from "../errors.ts";
import type { AccountDirectory } from "../rating/account-directory.ts";
import { AccountRater, needsAccounts } from "../rating/account-rater.ts";
import { BillingPeriods } from "../rating/billing-period.ts";
import { CompiledRater } from "../rating/compiled-rater.ts";
import type { Rated } from "../rating/outcome.ts";
import type { CounterMove } from "../rating/use-of-account.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { CounterChange } from "./entry.ts";
import { type RunningCounters, SessionView } from "./running-counters.ts";
import { type SessionUse, usageOf } from "./session-use.ts";

/** What a session of so many units costs, were it to end there. */
export interface SessionPrice {
  rated: Rated;
  /** What other accounts pay beside it, each of them once. */
  sponsored: SponsorShare[];
  counters: CounterChange[];
  moves: CounterMove[];
}

export interface SponsorShare {
  account: string;
  amountNano: bigint;
}

const NOTHING: never[] = [];

/**
 * Prices sessions by one tariff, always the whole session so far, with the raters that price its
 * record afterwards: so what updates debit adds up to what the bill says.
 */
export class SessionPricer {
  readonly tariff: CompiledTariff;
  readonly periods: BillingPeriods;
  readonly #plain: CompiledRater | undefined;
  readonly #directory: AccountDirectory;

  constructor(tariff: CompiledTariff, directory: AccountDirectory) {
    this.tariff = tariff;
    this.periods = new BillingPeriods(tariff.document);
    this.#plain = needsAccounts(tariff) ? undefined : new CompiledRater(tariff);
    this.#directory = directory;
  }

  /**
   * @param all what all sessions hold of the running quantities, this one's `own` part included
   * @throws TallystickError `rating.…`, `guide.…`: no price is never a price of zero
   */
  price(
    session: { id: string; account: string; use: SessionUse },
    quantity: bigint,
    all: RunningCounters,
    own: readonly CounterChange[],
  ): SessionPrice {
    const record = usageOf(session.id, session.account, session.use, quantity);
    if (this.#plain !== undefined) {
      const rated = this.#plain.rate(record);
      if (rated.outcome === "rated") {
        return { rated, sponsored: NOTHING, counters: NOTHING, moves: NOTHING };
      }
      throw unpriced(rated);
    }
    const view = new SessionView(this.tariff.document, all, own);
    const rater = new AccountRater(this.tariff, this.#directory, this.periods, view);
    const rated = rater.rate(record);
    if (rated.outcome === "rated") {
      const { counters: moves, sponsored = NOTHING } = rated;
      return { rated, sponsored: sumsOf(sponsored), counters: view.added, moves };
    }
    throw unpriced(rated);
  }
}

function sumsOf(shares: readonly SponsorShare[]): SponsorShare[] {
  const sums = new Map<string, bigint>();
  for (const { account, amountNano } of shares) {
    sums.set(account, (sums.get(account) ?? 0n) + amountNano);
  }
  return [...sums].map(([account, amountNano]) => ({ account, amountNano }));
}

function unpriced(outcome: { outcome: string; code?: string; message?: string }): TallystickError {
  return new TallystickError(
    outcome.code ?? "rating.not-billable",
    outcome.message ?? "The use is not billable.",
  );
}
