import { TallystickError } from "../errors.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { AccountClosing, type ClosedAccount } from "./account-closing.ts";
import type { AccountDirectory } from "./account-directory.ts";
import { ALLOWANCE_KEYS, Allowances, overlaps } from "./allowances.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import type { RatingState, StateKey } from "./rating-state.ts";

/**
 * Ends billing periods: what only a period's end can tell (counters' closing values, minimum and
 * maximum, discounts, commitment, taxes) and what is due for the period itself.
 */
export class PeriodCloser {
  readonly #tariff: CompiledTariff;
  readonly #directory: AccountDirectory;
  readonly #periods: BillingPeriods;
  readonly #state: RatingState;

  constructor(
    tariff: CompiledTariff,
    directory: AccountDirectory,
    periods: BillingPeriods,
    state: RatingState,
  ) {
    this.#tariff = tariff;
    this.#directory = directory;
    this.#periods = periods;
    this.#state = state;
  }

  /**
   * Accounts in the order of their ids. The period counts as closed when all were taken.
   * @throws TallystickError `rating.period-closed`
   */
  *close(period: BillingPeriod): Generator<ClosedAccount> {
    if (this.#state.isClosed(period.from)) {
      throw new TallystickError(
        "rating.period-closed",
        `The period from ${this.#periods.dayAt(period.from)} is closed already.`,
      );
    }
    const held = new Map<string, [StateKey, bigint][]>();
    for (const entry of this.#state.entries(period.from, ["net", "counter", "limit", "seen"])) {
      const id = entry[0][1] ?? "";
      const entries = held.get(id);
      if (entries === undefined) held.set(id, [entry]);
      else entries.push(entry);
    }
    const accounts = new Set([...held.keys()]);
    for (const account of this.#directory.accounts) {
      if (account.assignments.some((dates) => overlaps(dates, period))) accounts.add(account.id);
    }
    const allowances = new Allowances(this.#directory, this.#periods, this.#state);
    for (const id of [...accounts].sort()) {
      const account = this.#directory.account(id);
      if (account === undefined) continue;
      this.#state.apply([allowances.markActive(account, period)]);
      yield new AccountClosing(this.#tariff, this.#periods, account, period).close(
        held.get(id) ?? [],
      );
    }
    this.#state.close(period.from, ALLOWANCE_KEYS);
    let oldest = period;
    const kept = Allowances.rolloverMax(this.#tariff.document.plans ?? []);
    for (let age = 0; age < kept; age++) oldest = this.#periods.before(oldest);
    this.#state.forgetBefore(oldest.from);
  }
}
