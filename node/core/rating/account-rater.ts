import { TallystickError } from "../errors.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { type AccountDirectory, groupsOf, type Owner, planAt } from "./account-directory.ts";
import { Allowances } from "./allowances.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import { isAtEnd } from "./counter-charges.ts";
import type { Component, NotBillable, Rated, Suspended } from "./outcome.ts";
import { PlanPricer, placeOf } from "./plan-pricer.ts";
import { placesInInterval } from "./price-charge.ts";
import { firstPricePlace } from "./price-pieces.ts";
import { locateUse, type RatedFacts, requireWholeSession } from "./rate-usage.ts";
import type { RatingState, StateKey } from "./rating-state.ts";
import { type CounterMove, UseOfAccount } from "./use-of-account.ts";

export interface AccountRated extends Rated {
  account: string;
  device: string;
  counters: CounterMove[];
  /** What other accounts pay of it; absent where none does. */
  sponsored?: { name: string; account: string; amountNano: bigint }[];
}

export type AccountOutcome = AccountRated | Suspended | NotBillable;

/** What a caller knows of a use beside its record. */
export interface AccountUse {
  /** Whose it is, where that was found before. */
  owner?: Owner;
  /**
   * The period whose sums a use of a closed period joins; without it such a use waits. It finds the
   * counters and allowances of its own period.
   */
  lateIn?: BillingPeriod;
  /** The last word before anything changes: why the record is not charged now, though it has a price. */
  refuse?: (facts: RatedFacts) => { code: string; message: string } | undefined;
}

/**
 * Rates the records of accounts in their order, with what only their account knows: counters,
 * allowances, discounts, limits. A record that can not be priced changes nothing.
 */
export class AccountRater {
  readonly #tariff: CompiledTariff;
  readonly #directory: AccountDirectory;
  readonly #periods: BillingPeriods;
  readonly #state: RatingState;
  readonly #allowances: Allowances;
  readonly #pricer: PlanPricer;

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
    this.#allowances = new Allowances(directory, periods, state);
    this.#pricer = new PlanPricer(tariff, periods, this.#allowances);
  }

  rate(record: UsageRecord, known: AccountUse = {}): AccountOutcome {
    if (record.billable === false) return { outcome: "not-billable" };
    try {
      return this.#rate(record, known);
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      return { outcome: "suspended", code: error.code, message: error.message };
    }
  }

  #rate(record: UsageRecord, known: AccountUse): AccountRated | Suspended {
    const tariff = this.#tariff;
    let found = known.owner;
    const { interval, facts } = locateUse(tariff, record, (at) => {
      found ??= this.#directory.ownerOf(record, at);
      return groupsOf(found, at);
    });
    const owner = found ?? this.#directory.ownerOf(record, facts.startMilliseconds);
    const period = this.#periods.at(facts.startMilliseconds);
    const rows = placesInInterval(tariff, interval, facts);
    const price = rows.price - firstPricePlace(tariff);
    const isDueAtEnd = isAtEnd(tariff.priceSources[price]);
    if (this.#state.isClosed(period.from) && (known.lateIn === undefined || isDueAtEnd)) {
      throw new TallystickError(
        "rating.period-closed",
        "The record's billing period is closed; charge it in the next one by a correction.",
        { field: "start" },
      );
    }
    requireWholeSession(tariff, record, rows);
    const isFriend = this.#directory.isFriend(owner.account, record);
    const category = tariff.priceSources[price]?.price.taxCategory;
    const place = { ...placeOf(tariff, price), isFriend, category };
    const billedIn = this.#state.isClosed(period.from) ? known.lateIn : undefined;
    const use = new UseOfAccount(record, facts, owner, period, place, this.#state, billedIn);
    const { amountNano, components, sponsored } = this.#pricer.price(use);
    addNets(use, amountNano, components, tariff.priceSources[price]?.price.setUpTaxCategory);
    this.#markUsed(use);
    use.changes.push(this.#allowances.markActive(owner.account, period));
    const refused = known.refuse?.(facts);
    if (refused !== undefined) return { outcome: "suspended", ...refused };
    this.#state.apply(use.changes);
    return {
      outcome: "rated",
      amountNano,
      components,
      rows,
      ...facts,
      account: owner.account.id,
      device: owner.device,
      counters: use.moves,
      ...(sponsored.length === 0
        ? {}
        : {
            sponsored: sponsored.map(({ name, nano, account = "" }) => ({
              name,
              account,
              amountNano: nano,
            })),
          }),
    };
  }

  /** Notes devices and days of use, for fees that are due for what was used. */
  #markUsed(use: UseOfAccount): void {
    const { account, device } = use.owner;
    const { startMilliseconds } = use.facts;
    const fees = planAt(account, startMilliseconds)?.plan.recurring ?? [];
    if (!fees.some(({ due }) => due === "used")) return;
    const key: StateKey = ["seen", account.id, device, this.#periods.dayAt(startMilliseconds)];
    use.changes.push({ period: use.period.from, key, value: 1n });
  }
}

/** A set-up fee can be taxed otherwise; what reduces the charge reduces the rest of it first. */
function addNets(
  use: UseOfAccount,
  amountNano: bigint,
  components: readonly Component[],
  category: string | undefined,
): void {
  const account = use.owner.account.id;
  const setUp = components.find(({ kind }) => kind === "set-up")?.amountNano ?? 0n;
  const apart = category === undefined ? 0n : setUp < amountNano ? setUp : amountNano;
  use.addNet(account, amountNano - apart);
  if (apart > 0n) use.addNet(account, apart, category);
}

/** Whether a tariff has prices that only an account rater finds. */
export function needsAccounts({ priceSources, document, zones }: CompiledTariff): boolean {
  const asksForGroups = (document.classes?.classes ?? []).some(({ when }) =>
    when.some((one) => one.accountGroups !== undefined || one.deviceGroups !== undefined),
  );
  return (
    (document.plans?.length ?? 0) > 0 ||
    priceSources.some(({ needsAccount }) => needsAccount) ||
    (asksForGroups && zones.some(({ by }) => by.class))
  );
}
