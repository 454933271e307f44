import { TallystickError } from "../errors.ts";
import { parseDecimalNano } from "../money/decimal.ts";
import type { UsageRecord } from "../records/usage-record.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { isMeant, type PlacedUse } from "../tariff/plan-uses.ts";
import { PLAN_REDUCES, type PriceRow } from "../tariff/rows.ts";
import { type AccountDirectory, groupsOf, type Owner, planAt } from "./account-directory.ts";
import { Allowances, type Lot } from "./allowances.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import { composeCharge } from "./compose-charge.ts";
import { countUnits, withoutEarlier } from "./count-units.ts";
import { isAtEnd } from "./counter-charges.ts";
import type { Component, NotBillable, Rated, Suspended } from "./outcome.ts";
import { freeOf, isTooShort, placesInInterval } from "./price-charge.ts";
import { firstPricePlace, piecesOf } from "./price-pieces.ts";
import { locateUse, type RatedFacts, requireWholeSession } from "./rate-usage.ts";
import type { RatingState, StateKey } from "./rating-state.ts";
import { sponsorUse } from "./sponsor-use.ts";
import {
  type CounterMove,
  sumOf,
  type Taken,
  takenComponent,
  UseOfAccount,
} from "./use-of-account.ts";

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
    const priced = this.#price(price, use);
    const plan = planAt(owner.account, facts.startMilliseconds)?.plan;
    const limited = this.#limit(use, priced.amountNano);
    const sponsored = sponsorUse(use, plan, priced.amountNano - sumOf(limited));
    const due = priced.amountNano - sumOf(limited) - sumOf(sponsored);
    const paid = this.#payFromMoney(use, due);
    const takings = [...limited, ...sponsored, ...paid];
    const components = [...priced.components, ...takings.map(takenComponent)];
    const amountNano = due - sumOf(paid);
    use.addNet(owner.account.id, amountNano);
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

  /** Increments, unit allowances, tiers, set-up, bounds, discounts, rounding, in this order. */
  #price(price: number, use: UseOfAccount): { amountNano: bigint; components: Component[] } {
    const tariff = this.#tariff;
    const { quantity, startMilliseconds } = use.facts;
    if (isTooShort(tariff, price, quantity)) return freeOf(quantity);
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
    const counted = countUnits(tariff, price, use, quantity - used);
    const { before, total } = counted;
    let from = counted.from;
    for (const lot of lots) {
      if (lot.allowance.burns !== "used") from += cover(lot, counted.to - from);
    }
    const isAllCovered = covered.length > 0 && from === counted.to;
    const counter = this.#moveCounter(price, use, counted.to - from);
    const pieces = piecesOf(tariff, price, {
      startMilliseconds: startMilliseconds + Number(used - before),
      quantity: total,
      from,
      to: counted.to,
      ...counter,
    });
    return composeCharge(tariff, price, {
      quantity: total - before,
      billed: counted.to - counted.from,
      pieces: isAllCovered ? [] : before === 0n ? pieces : withoutEarlier(pieces, counted),
      covered,
      isSetUpDue: counted.isFirst && !(isAllCovered && isSetUpCovered),
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

  /** Notes devices and days of use, for fees that are due for what was used. */
  #markUsed(use: UseOfAccount): void {
    const { account, device } = use.owner;
    const { startMilliseconds } = use.facts;
    const fees = planAt(account, startMilliseconds)?.plan.recurring ?? [];
    if (!fees.some(({ due }) => due === "used")) return;
    const key: StateKey = ["seen", account.id, device, this.#periods.dayAt(startMilliseconds)];
    use.changes.push({ period: use.period.from, key, value: 1n });
  }

  #moveCounter(price: number, use: UseOfAccount, units: bigint): { counterBefore?: bigint } {
    const counter = this.#tariff.priceSources[price]?.counter;
    if (counter === undefined) return {};
    const { account, device } = use.owner;
    const payer = counter.scope === "pool" ? account.pool : account.id;
    const of = counter.scope === "device" ? device : payer;
    const { name, scope, windowMilliseconds: length } = counter;
    // Windows are told apart by their number, so that what closes a period never meets them.
    const window =
      length === undefined ? [] : [String(Math.floor(use.facts.startMilliseconds / length))];
    const key: StateKey = [
      length === undefined ? "counter" : "window",
      payer,
      scope,
      of,
      name,
      ...window,
    ];
    const before = use.add(key, units);
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
      const before = use.get(key);
      const over = before + left - parseDecimalNano(limit.maximum ?? "0");
      if (limit.per !== "period" && limit.maximum !== undefined && over > 0n) {
        const nano = over < left ? over : left;
        takings.push({ kind: "limit", name: limit.name, nano });
        left -= nano;
      }
      use.add(key, left);
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
}

function placeOf(tariff: CompiledTariff, price: number): PlacedUse & { price: number } {
  const row = tariff.priceRows[price] as PriceRow;
  const zone = tariff.zones[row.zone - 1];
  const service = zone?.service ?? { service: "event" as const };
  const { areas, classes } = tariff.conditions;
  return {
    service,
    zone: zone?.name,
    band: tariff.bands[row.band - 1],
    area: areas[row.area - 1],
    class: classes[row.class - 1],
    price,
  };
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
