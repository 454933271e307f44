import { parseDecimalNano } from "../money/decimal.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import { isMeant, type PlacedUse } from "../tariff/plan-uses.ts";
import { PLAN_REDUCES, type PriceRow } from "../tariff/rows.ts";
import { type Owner, planAt } from "./account-directory.ts";
import type { Lot } from "./allowances.ts";
import type { BillingPeriods } from "./billing-period.ts";
import { composeCharge } from "./compose-charge.ts";
import { countUnits, withoutEarlier } from "./count-units.ts";
import type { Component } from "./outcome.ts";
import { freeOf, isTooShort } from "./price-charge.ts";
import { piecesOf } from "./price-pieces.ts";
import type { StateChange, StateKey } from "./rating-state.ts";
import { sponsorUse } from "./sponsor-use.ts";
import { sumOf, type Taken, takenComponent, type UseOfAccount } from "./use-of-account.ts";

/** What of allowances is left: of an account that is rated, or of one whose bill is checked. */
export interface LotSource {
  /** The lots that can pay for a use, in the order in which they do. */
  lotsFor(owner: Owner, use: PlacedUse, milliseconds: number, pays: "units" | "money"): Lot[];
  take(lot: Lot, taken: bigint): StateChange;
}

export interface PlanPrice {
  amountNano: bigint;
  components: Component[];
  sponsored: Taken[];
}

/**
 * What a use costs its account: the price, and all that the account's plan makes of it, in the order
 * that docs/TARIFFS.md fixes. The same for who rates a record and who checks a bill.
 */
export class PlanPricer {
  readonly #tariff: CompiledTariff;
  readonly #periods: Pick<BillingPeriods, "dayAt">;
  readonly #lotSource: LotSource;

  constructor(tariff: CompiledTariff, periods: Pick<BillingPeriods, "dayAt">, lots: LotSource) {
    this.#tariff = tariff;
    this.#periods = periods;
    this.#lotSource = lots;
  }

  /** Notes in `use` what changes. @throws TallystickError as `composeCharge` and `piecesOf` */
  price(use: UseOfAccount): PlanPrice {
    const priced = this.#price(use.place.price, use);
    const plan = planAt(use.owner.account, use.facts.startMilliseconds)?.plan;
    const limited = this.#limit(use, priced.amountNano);
    const sponsored = sponsorUse(use, plan, priced.amountNano - sumOf(limited));
    const due = priced.amountNano - sumOf(limited) - sumOf(sponsored);
    const paid = this.#payFromMoney(use, due);
    const takings = [...limited, ...sponsored, ...paid];
    return {
      amountNano: due - sumOf(paid),
      components: [...priced.components, ...takings.map(takenComponent)],
      sponsored,
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
    return this.#lotSource.lotsFor(use.owner, use.place, use.facts.startMilliseconds, pays);
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
    use.changes.push(this.#lotSource.take(lot, taken));
    const { name, scope } = lot.allowance;
    const of = lot.key[3] ?? "";
    const after = lot.left - taken;
    use.moves.push({
      name,
      scope,
      of,
      before: lot.left,
      after,
      granted: lot.amount,
      ...(lot.age === 0 ? {} : { rolled: lot.age }),
    });
  }
}

/** Where a price lies, in the words that plans use. */
export function placeOf(tariff: CompiledTariff, price: number): PlacedUse & { price: number } {
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
