import { parseDecimalNano } from "../money/decimal.ts";
import { divideDown } from "../money/rounding.ts";
import type { TariffPlan } from "../tariff/document.ts";
import { isMeant, type PlacedUse } from "../tariff/plan-uses.ts";
import { unitFits, unitSize } from "../tariff/units.ts";
import { type AccountDirectory, type Owner, planAt } from "./account-directory.ts";
import type { BillingPeriod, BillingPeriods } from "./billing-period.ts";
import { inOrderOfUse } from "./lot-order.ts";
import type { Dates, RatedAccount } from "./rated-account.ts";
import type { RatingState, StateChange, StateKey } from "./rating-state.ts";

export type Allowance = NonNullable<TariffPlan["allowances"]>[number];

/** What is left of one period's grant, and how long it can be used. */
export interface Lot {
  allowance: Allowance;
  /** The period of the grant; where it is an earlier one than the use's, the lot was rolled over. */
  granted: BillingPeriod;
  /** How many periods before the use's it was granted. */
  age: number;
  expires: number;
  /** What there was of it when its period began; `left` of that is not used. */
  amount: bigint;
  left: bigint;
  key: StateKey;
}

/** Sums over devices that are remembered. */
const GRANTS_MAX = 100_000;

/** What is granted once belongs to no billing period: none begins then. */
const ONCE: BillingPeriod = { from: -1, to: -1 };
/** The period under which quantities of once-granted allowances are kept. */
export const ONCE_PERIOD = ONCE.from;

/** Key kinds that later periods ask for. */
export const ALLOWANCE_KEYS = ["used", "rolled", "active"] as const;

/**
 * Which allowances an account has, and what is left of them. A grant is never stored, only what was
 * used of it: so a late record finds the same grant as an early one.
 */
export class Allowances {
  readonly #directory: AccountDirectory;
  readonly #periods: BillingPeriods;
  readonly #state: RatingState;
  /** What all devices together bring, once they were counted, as long as no account changes. */
  readonly #grants = new Map<string, bigint>();
  #grantsOf = 0;

  constructor(directory: AccountDirectory, periods: BillingPeriods, state: RatingState) {
    this.#directory = directory;
    this.#periods = periods;
    this.#state = state;
  }

  /** The lots that can pay for a use, in the order in which they do. */
  lotsFor(owner: Owner, use: PlacedUse, milliseconds: number, pays: "units" | "money"): Lot[] {
    const period = this.#periods.at(milliseconds);
    const lots: Lot[] = [];
    for (const { account, allowance } of this.#held(owner, milliseconds)) {
      if (allowance[pays] === undefined || !isMeant(allowance.uses, use)) continue;
      if (allowance.units !== undefined && !unitFits(allowance.units.unit, use.service)) {
        continue;
      }
      if (allowance.granted === "once") {
        const lot = this.#lotOfOnce(account, owner, allowance, milliseconds);
        if (lot !== undefined) lots.push(lot);
        continue;
      }
      const rolls = allowance.rollover?.periods ?? 0;
      let granted = period;
      for (let age = 0; age <= rolls; age++) {
        const lot = this.#lot(account, owner, allowance, granted, period, age);
        if (lot !== undefined && lot.left > 0n) lots.push(lot);
        granted = this.#periods.before(granted);
      }
    }
    return inOrderOfUse(lots);
  }

  /** Notes that an account was there in a period, for grants that have no date of their own. */
  markActive({ id }: RatedAccount, { from }: BillingPeriod): StateChange {
    return { period: from, key: ["active", id], value: 1n };
  }

  take(lot: Lot, taken: bigint): StateChange {
    const period = lot.granted.from;
    return { period, key: lot.key, value: this.#state.get(period, lot.key) + taken };
  }

  /** How many periods the longest rollover reaches back. */
  static rolloverMax(plans: readonly TariffPlan[]): number {
    const all = plans.flatMap(({ allowances }) => allowances ?? []);
    return Math.max(0, ...all.map(({ rollover }) => rollover?.periods ?? 0));
  }

  /** The account's own, and those of the pool that it uses. */
  *#held(owner: Owner, at: number): Generator<{ account: RatedAccount; allowance: Allowance }> {
    const pool = this.#directory.account(owner.account.pool);
    for (const account of new Set([owner.account, pool ?? owner.account])) {
      for (const allowance of planAt(account, at)?.plan.allowances ?? []) {
        const isHeld = allowance.scope === "pool" ? account === pool : account === owner.account;
        if (isHeld) yield { account, allowance };
      }
    }
  }

  #lot(
    account: RatedAccount,
    owner: Owner,
    allowance: Allowance,
    granted: BillingPeriod,
    now: BillingPeriod,
    age: number,
  ): Lot | undefined {
    const scopeId = allowance.scope === "device" ? owner.device : account.id;
    const of: StateKey = [account.id, allowance.scope, scopeId, allowance.name];
    const own: StateKey = ["used", ...of];
    const amount = this.#granted(account, owner, allowance, granted, granted.from === now.from);
    if (amount === 0n) return undefined;
    const usedInTime = this.#state.get(granted.from, own);
    const atEnd = amount - usedInTime;
    let expires = granted;
    for (let i = 0; i < (allowance.rollover?.periods ?? 0); i++) {
      expires = this.#periods.at(expires.to);
    }
    const lot = { allowance, granted, age, expires: expires.to };
    if (granted.from === now.from) return { ...lot, amount, left: atEnd, key: own };
    const key: StateKey = ["rolled", ...of];
    const cap = sizeOfCap(allowance);
    const carried = cap !== undefined && cap < atEnd ? cap : atEnd;
    return { ...lot, amount: carried, left: carried - this.#state.get(granted.from, key), key };
  }

  /** What was granted when plan or device began, until its days are over; in no billing period. */
  #lotOfOnce(
    account: RatedAccount,
    owner: Owner,
    allowance: Allowance,
    at: number,
  ): Lot | undefined {
    const assigned = account.assignments.find(({ plan }) => plan.allowances?.includes(allowance));
    const [device] = account.devicesById.get(owner.device) ?? [];
    const begins = Math.max(
      assigned?.from ?? Number.NEGATIVE_INFINITY,
      allowance.scope === "device"
        ? (device?.from ?? Number.NEGATIVE_INFINITY)
        : Number.NEGATIVE_INFINITY,
    );
    const days = allowance.validDays;
    const expires =
      days === undefined || !Number.isFinite(begins)
        ? Number.POSITIVE_INFINITY
        : this.#periods.daysAfter(begins, days);
    if (at < begins || at >= expires) return undefined;
    const scopeId = allowance.scope === "device" ? owner.device : account.id;
    const key: StateKey = ["used", account.id, allowance.scope, scopeId, allowance.name];
    const holders = allowance.grantedPer === "device" ? this.#devicesOf(account, allowance) : 1n;
    const amount = sizeOf(allowance) * holders;
    const left = amount - this.#state.get(ONCE.from, key);
    return left > 0n ? { allowance, granted: ONCE, age: 0, expires, amount, left, key } : undefined;
  }

  #devicesOf(account: RatedAccount, allowance: Allowance): bigint {
    return this.#remembered(JSON.stringify([account.id, allowance.name]), () =>
      BigInt(
        this.#holders(account, allowance).reduce((sum, { devices }) => sum + devices.length, 0),
      ),
    );
  }

  /** What a period grants: base units or nano-units. */
  #granted(
    account: RatedAccount,
    owner: Owner,
    allowance: Allowance,
    period: BillingPeriod,
    isNow: boolean,
  ): bigint {
    const base = sizeOf(allowance);
    const assigned = account.assignments
      .filter(({ plan }) => plan.allowances?.includes(allowance))
      .filter((dates) => overlaps(dates, period))
      // Without a date, the account has the plan from the first period that it is seen in.
      .filter(
        ({ from }) =>
          isNow || Number.isFinite(from) || this.#state.has(period.from, ["active", account.id]),
      );
    const [first] = assigned;
    if (first === undefined) return 0n;
    const share = (dates: Dates): bigint => this.#share(base, allowance, dates, first, period);
    if (allowance.scope === "device") {
      const device = account.devicesById
        .get(owner.device)
        ?.find((dates) => overlaps(dates, period));
      return share(device ?? first);
    }
    if (allowance.grantedPer !== "device") return share(first);
    const grant = [account.id, first.plan.name, allowance.name, period.from, first.from];
    return this.#remembered(JSON.stringify(grant), () => {
      let sum = 0n;
      for (const { devices } of this.#holders(account, allowance)) {
        for (const dates of devices) if (overlaps(dates, period)) sum += share(dates);
      }
      return sum;
    });
  }

  #remembered(grant: string, count: () => bigint): bigint {
    if (this.#grantsOf !== this.#directory.revision) this.#grants.clear();
    this.#grantsOf = this.#directory.revision;
    let sum = this.#grants.get(grant);
    if (sum !== undefined) return sum;
    sum = count();
    if (this.#grants.size === GRANTS_MAX) this.#grants.clear();
    this.#grants.set(grant, sum);
    return sum;
  }

  #holders(account: RatedAccount, { scope }: Allowance): readonly RatedAccount[] {
    return scope === "pool" ? this.#directory.poolMembers(account.id) : [account];
  }

  /** A part for the days that are left, in the period in which device or plan begin. */
  #share(
    base: bigint,
    { firstPeriod }: Allowance,
    device: Dates,
    plan: Dates,
    { from, to }: BillingPeriod,
  ): bigint {
    const begin = Math.max(device.from, plan.from);
    if (firstPeriod !== "prorated" || begin <= from) return base;
    const days = BigInt(this.#periods.daysBetween(begin, to));
    return divideDown(base * days, BigInt(this.#periods.daysBetween(from, to)));
  }
}

export function overlaps(a: Dates, b: Dates): boolean {
  return a.from < b.to && b.from < a.to;
}

/** What a period grants in full: base units or nano-units. */
export function sizeOf({ units, money }: Allowance): bigint {
  if (units !== undefined) return BigInt(units.quantity) * unitSize(units.unit);
  return parseDecimalNano(money ?? "0");
}

/** The most that is carried over; undefined for all of it. */
export function sizeOfCap({ rollover }: Allowance): bigint | undefined {
  const cap = rollover?.cap;
  if (cap === undefined) return undefined;
  return "money" in cap ? parseDecimalNano(cap.money) : BigInt(cap.quantity) * unitSize(cap.unit);
}
