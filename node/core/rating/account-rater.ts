import { TallystickError } from "../errors.ts";
import { parseDecimalNano } from "../money/decimal.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { isMeant, type PlacedUse } from "../tariff/plan-uses.ts";
import { PLAN_REDUCES, PRICE_KIND, type PriceRow } from "../tariff/rows.ts";
import { type AccountDirectory, type Owner, planAt } from "./account-directory.ts";
import { Allowances, type Lot } from "./allowances.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import { composeCharge } from "./compose-charge.ts";
import type { Component, NotBillable, Rated, Suspended } from "./outcome.ts";
import { placesInInterval } from "./price-charge.ts";
import { billedOf, firstPricePlace, piecesOf } from "./price-pieces.ts";
import { locateUse, type RatedFacts, requireWholeSession } from "./rate-usage.ts";
import type { RatingState, StateChange, StateKey } from "./rating-state.ts";

/** A running quantity that a charge moved: base units, or nano-units of money. */
export interface CounterMove {
  name: string;
  scope: string;
  of: string;
  before: bigint;
  after: bigint;
  /** Of an allowance, where before and after are what is left: what there was of it. */
  granted?: bigint;
}

export interface AccountRated extends Rated {
  account: string;
  device: string;
  counters: CounterMove[];
}

export type AccountOutcome = AccountRated | Suspended | NotBillable;

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
  }

  rate(record: UsageRecord): AccountOutcome {
    if (record.billable === false) return { outcome: "not-billable" };
    try {
      return this.#rate(record);
    } catch (error) {
      if (!(error instanceof TallystickError)) throw error;
      return { outcome: "suspended", code: error.code, message: error.message };
    }
  }

  #rate(record: UsageRecord): AccountRated {
    const tariff = this.#tariff;
    const { interval, facts } = locateUse(tariff, record);
    const owner = this.#directory.ownerOf(record, facts.startMilliseconds);
    const period = this.#periods.at(facts.startMilliseconds);
    if (this.#state.isClosed(period.from)) {
      throw new TallystickError(
        "rating.period-closed",
        "The record's billing period is closed; charge it in the next one by a correction.",
        { field: "start" },
      );
    }
    const rows = placesInInterval(tariff, interval, facts);
    requireWholeSession(tariff, record, rows);
    const price = rows.price - firstPricePlace(tariff);
    const use = new UseOfAccount(record, facts, owner, period, placeOf(tariff, price));
    const priced = this.#price(price, use);
    const limited = this.#limit(use, priced.amountNano);
    const paid = this.#payFromMoney(use, priced.amountNano - sumOf(limited));
    const components = [...priced.components, ...limited.map(taken), ...paid.map(taken)];
    const amountNano = priced.amountNano - sumOf(limited) - sumOf(paid);
    this.#addTo(use, ["net", owner.account.id, record.service], amountNano);
    use.changes.push(this.#allowances.markActive(owner.account, period));
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
    };
  }

  /** Increments, unit allowances, tiers, set-up, bounds, discounts, rounding, in this order. */
  #price(price: number, use: UseOfAccount): { amountNano: bigint; components: Component[] } {
    const tariff = this.#tariff;
    const { quantity, startMilliseconds } = use.facts;
    const lots = this.#lots(price, use, "units");
    const covered: Component[] = [];
    let isSetUpCovered = false;
    const cover = (lot: Lot, wanted: bigint): bigint => {
      const units = wanted < lot.left ? wanted : lot.left;
      if (units === 0n) return 0n;
      covered.push({ kind: "covered", amountNano: 0n, billed: units, name: lot.allowance.name });
      if (lot.allowance.setUp === "covered") isSetUpCovered = true;
      this.#takeFrom(use, lot, units);
      return units;
    };
    // What was used is taken off first; increments are counted on what is left.
    let used = 0n;
    for (const lot of lots) {
      if (lot.allowance.burns === "used") used += cover(lot, quantity - used);
    }
    const rest = quantity - used;
    const billed = billedOf(tariff, price, rest);
    let from = 0n;
    for (const lot of lots) {
      if (lot.allowance.burns !== "used") from += cover(lot, billed - from);
    }
    const isAllCovered = covered.length > 0 && from === billed;
    const counter = this.#moveCounter(price, use, billed - from);
    const pieces = piecesOf(tariff, price, {
      startMilliseconds: startMilliseconds + Number(used),
      quantity: rest,
      from,
      to: billed,
      ...counter,
    });
    return composeCharge(tariff, price, {
      quantity: rest,
      billed,
      pieces: isAllCovered ? [] : pieces,
      covered,
      isSetUpDue: !(isAllCovered && isSetUpCovered),
      isMinimumDue: !isAllCovered,
      discounts: this.#discounts(use),
    });
  }

  #lots(price: number, use: UseOfAccount, pays: "units" | "money"): Lot[] {
    const { kind } = this.#tariff.priceRows[price] as PriceRow;
    if ((kind & PLAN_REDUCES) === 0) return [];
    return this.#allowances.lotsFor(use.owner, use.place, use.facts.startMilliseconds, pays);
  }

  #discounts(use: UseOfAccount): { name: string; percent: string }[] {
    const plan = planAt(use.owner.account, use.facts.startMilliseconds)?.plan;
    return (plan?.itemDiscounts ?? []).filter(({ uses }) => isMeant(uses, use.place));
  }

  #moveCounter(price: number, use: UseOfAccount, units: bigint): { counterBefore?: bigint } {
    const counter = this.#tariff.priceSources[price]?.counter;
    if (counter === undefined) return {};
    const { account, device } = use.owner;
    const payer = counter.scope === "pool" ? account.pool : account.id;
    const of = counter.scope === "device" ? device : payer;
    const key: StateKey = ["counter", payer, counter.scope, of, counter.name];
    const before = this.#addTo(use, key, units);
    const { name, scope } = counter;
    use.moves.push({ name, scope, of, before, after: before + units });
    return { counterBefore: before };
  }

  /** What a session or day takes off the charge because its maximum is reached. */
  #limit(use: UseOfAccount, amountNano: bigint): Taken[] {
    const { account, device } = use.owner;
    const { startMilliseconds } = use.facts;
    const plan = planAt(account, startMilliseconds)?.plan;
    const takings: Taken[] = [];
    let left = amountNano;
    for (const limit of plan?.limits ?? []) {
      if (!isMeant(limit.uses, use.place)) continue;
      const of = limit.scope === "device" ? device : account.id;
      const bucket =
        limit.per === "day"
          ? this.#periods.dayAt(startMilliseconds)
          : limit.per === "session"
            ? (use.record.sessionId ?? use.record.id)
            : "";
      const key: StateKey = ["limit", account.id, limit.name, of, bucket];
      const before = this.#state.get(use.period.from, key);
      const over = before + left - parseDecimalNano(limit.maximum ?? "0");
      if (limit.per !== "period" && limit.maximum !== undefined && over > 0n) {
        const nano = over < left ? over : left;
        takings.push({ kind: "limit", name: limit.name, nano });
        left -= nano;
      }
      this.#addTo(use, key, left);
      use.moves.push({ name: limit.name, scope: limit.scope, of, before, after: before + left });
    }
    return takings;
  }

  #payFromMoney(use: UseOfAccount, amountNano: bigint): Taken[] {
    const price = use.place.price;
    const takings: Taken[] = [];
    let left = amountNano;
    for (const lot of this.#lots(price, use, "money")) {
      const nano = left < lot.left ? left : lot.left;
      if (nano === 0n) continue;
      this.#takeFrom(use, lot, nano);
      takings.push({ kind: "allowance", name: lot.allowance.name, nano });
      left -= nano;
    }
    return takings;
  }

  #takeFrom(use: UseOfAccount, lot: Lot, taken: bigint): void {
    use.changes.push(this.#allowances.take(lot, taken));
    const { name, scope } = lot.allowance;
    const of = lot.key[3] ?? "";
    const after = lot.left - taken;
    use.moves.push({ name, scope, of, before: lot.left, after, granted: lot.amount });
  }

  /** Notes a change; the answer is the quantity before it. */
  #addTo({ changes, period }: UseOfAccount, key: StateKey, added: bigint): bigint {
    const before = this.#state.get(period.from, key);
    changes.push({ period: period.from, key, value: before + added });
    return before;
  }
}

/** One record on its way to its price: what it is, whose, and what it will change. */
class UseOfAccount {
  readonly record: UsageRecord;
  readonly facts: RatedFacts;
  readonly owner: Owner;
  readonly period: BillingPeriod;
  readonly place: PlacedUse & { price: number };
  readonly changes: StateChange[] = [];
  readonly moves: CounterMove[] = [];

  constructor(
    record: UsageRecord,
    facts: RatedFacts,
    owner: Owner,
    period: BillingPeriod,
    place: PlacedUse & { price: number },
  ) {
    this.record = record;
    this.facts = facts;
    this.owner = owner;
    this.period = period;
    this.place = place;
  }
}

/** What is taken off a charge after its rounding. */
interface Taken {
  kind: "limit" | "allowance";
  name: string;
  nano: bigint;
}

const taken = ({ kind, name, nano }: Taken): Component => ({ kind, name, amountNano: -nano });

const sumOf = (takings: readonly Taken[]): bigint =>
  takings.reduce((sum, { nano }) => sum + nano, 0n);

function placeOf(tariff: CompiledTariff, price: number): PlacedUse & { price: number } {
  const row = tariff.priceRows[price] as PriceRow;
  const zone = tariff.zones[row.zone - 1];
  const service = zone?.service ?? { service: "event" as const };
  return { service, zone: zone?.name, band: tariff.bands[row.band - 1], price };
}

/** Whether a tariff has prices that only an account rater finds. */
export function needsAccounts({ priceRows, document }: CompiledTariff): boolean {
  return (
    (document.plans?.length ?? 0) > 0 ||
    priceRows.some(
      ({ kind }) =>
        kind !== PRICE_KIND.linear &&
        kind !== PRICE_KIND.byIncrementBand &&
        kind !== PRICE_KIND.sessionTier,
    )
  );
}
