import { parseDecimalNano } from "../money/decimal.ts";
import { type Allowance, type Lot, sizeOf, sizeOfCap } from "../rating/allowances.ts";
import type { BillingPeriod, BillingPeriods } from "../rating/billing-period.ts";
import { inOrderOfUse } from "../rating/lot-order.ts";
import type { LotSource } from "../rating/plan-pricer.ts";
import type { RatedAccount } from "../rating/rated-account.ts";
import type { StateChange, StateKey } from "../rating/rating-state.ts";
import type { Quantities } from "../rating/use-of-account.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffPlan } from "../tariff/document.ts";
import { isMeant, type PlacedUse } from "../tariff/plan-uses.ts";
import { unitFits } from "../tariff/units.ts";
import type { OpenedCharge, ToldMove } from "./bundle.ts";

/*
 * What was counted before a line: from the lines of the same bill, from the charge's commitment, and
 * where neither shows it, as the operator tells. Accounts have no names here.
 */

export const OWN = "own";
const POOL = "pool";
const SPONSOR = "sponsor";
export const ALWAYS = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** What one line is priced by. */
export interface ReplayScene {
  tariff: CompiledTariff;
  plan: TariffPlan | undefined;
  period: BillingPeriod;
  periods: BillingPeriods;
  place: PlacedUse;
  moves: readonly ToldMove[];
  /** The charge's first scope: the counter that its price stands over. */
  committed: OpenedCharge["counters"][number] | undefined;
  own: OwnQuantities;
  /** When the bill's own period begins. */
  from: number;
  /** Whether all of its billing period is in this bill, so that the lines count it from nothing. */
  isInBill: boolean;
  knowsDevice: boolean;
  usesPool: boolean;
  isWholeSession: boolean;
  /** Gathers what had to be believed. */
  told: string[];
  /** Gathers what can not be true beside the lines before. */
  contradictions: string[];
}

/** Quantities that the lines so far have come to; of an allowance what is left. */
export class OwnQuantities {
  readonly #periods = new Map<number, Map<string, bigint>>();
  /** The last place of each committed scope, and what the charge there left behind. */
  readonly #places = new Map<string, { sequence: bigint; after: bigint }>();
  readonly #plans = new Set<string>();
  /** Whether a line is missing, hidden or without a price, so that what is counted here may lack it. */
  hasGap = false;
  /** Whether a line names no plan: it moved counters, and no allowances. */
  hasUnnamed = false;

  placeOf(scope: string): { sequence: bigint; after: bigint } | undefined {
    return this.#places.get(scope);
  }

  takePlace(scope: string, sequence: bigint, after: bigint): void {
    this.#places.set(scope, { sequence, after });
  }

  /** Whether a line of a period was priced by a plan of this name. */
  hasUsed(period: number, plan: string): boolean {
    return this.#plans.has(`${period} ${plan}`);
  }

  use(period: number, plan: string): void {
    this.#plans.add(`${period} ${plan}`);
  }

  get(period: number, key: StateKey): bigint | undefined {
    return this.#periods.get(period)?.get(JSON.stringify(key));
  }

  apply(changes: readonly StateChange[]): void {
    for (const { period, key, value } of changes) {
      const values = this.#periods.get(period) ?? new Map<string, bigint>();
      this.#periods.set(period, values);
      values.set(JSON.stringify(key), value);
    }
  }

  /** What the account itself moved in a period, of one kind. */
  *ofAccount(period: number, kind: string): Generator<[StateKey, bigint]> {
    for (const [text, value] of this.#periods.get(period) ?? []) {
      const key = JSON.parse(text) as string[];
      if (key[0] === kind && key[1] === OWN) yield [key, value];
    }
  }
}

const isNone = (scope: string | undefined): boolean => scope === undefined || /^0x0*$/.test(scope);

/** Counters, sums of limits, units of sessions, and what sponsors have paid. */
export class ToldQuantities implements Quantities {
  readonly #scene: ReplayScene;
  /** The account of the bill: its plan, and whoever is told to pay for it. */
  readonly account: RatedAccount;

  constructor(scene: ReplayScene) {
    this.#scene = scene;
    const { plan, moves } = scene;
    const sponsors = new Set(
      moves.filter(({ scope }) => scope.startsWith(`${SPONSOR} `)).map(({ name }) => name),
    );
    this.account = {
      id: OWN,
      pool: POOL,
      assignments: plan === undefined ? [] : [{ plan, ...ALWAYS }],
      devices: [],
      devicesById: new Map(),
      groups: [],
      friends: new Set(),
      sponsors: [...sponsors].map((name) => ({ account: SPONSOR, name, ...ALWAYS })),
      taxExempt: false,
      planless: [],
    };
    this.#requireSponsors(sponsors);
  }

  has(period: number, key: StateKey): boolean {
    return this.get(period, key) > 0n;
  }

  get(period: number, key: StateKey): bigint {
    const [kind] = key;
    switch (kind) {
      case "counter":
      case "window":
        return this.#counter(period, key);
      case "limit":
        return this.#limit(period, key);
      case "units":
        return this.#units(period, key);
      case "sponsor":
        return this.#sponsor(period, key);
      default:
        return 0n;
    }
  }

  #counter(period: number, key: StateKey): bigint {
    const { committed } = this.#scene;
    const [, , scope = "", , name = ""] = key;
    if (committed !== undefined && !isNone(committed.scope)) {
      this.#requireStep(committed, name, this.#counted(period, key, scope));
      return BigInt(committed.counterBefore);
    }
    const told = this.#moveOf(name, scope)?.before;
    return this.#count(period, key, scope, `"${name}"`, told);
  }

  /**
   * A scope's places are taken in their order, and its counter never falls. Where the account alone moves
   * it, it is what the lines before come to; of what others move between two lines, nothing is shown.
   */
  #requireStep(
    { scope, scopeSequence, counterBefore }: NonNullable<ReplayScene["committed"]>,
    name: string,
    counted: bigint | undefined,
  ): void {
    const { own, contradictions } = this.#scene;
    const [sequence, before] = [BigInt(scopeSequence), BigInt(counterBefore)];
    const last = own.placeOf(scope);
    const isNext = last !== undefined && sequence === last.sequence + 1n;
    const isBehind = last !== undefined && (sequence <= last.sequence || before < last.after);
    const isOther = counted !== undefined && !own.hasUnnamed && before !== counted;
    if (isBehind || isOther || (isNext && before !== last.after)) {
      contradictions.push(`"${name}" does not go on where the lines before left it`);
    }
  }

  #limit(period: number, key: StateKey): bigint {
    const { plan, isWholeSession } = this.#scene;
    const [, , name = ""] = key;
    const limit = plan?.limits?.find((one) => one.name === name);
    const told = this.#moveOf(name, limit?.scope ?? "account")?.before ?? "0";
    if (limit?.per === "period") {
      // It decides nothing before the period's end.
      return this.#counted(period, key, limit.scope) ?? BigInt(told);
    }
    if (limit?.per !== "session") {
      return this.#count(period, key, limit?.scope ?? "account", `"${name}"`, told);
    }
    // Parts of one session can not be told apart from sessions of their own.
    if (!isWholeSession || told !== "0")
      this.#believe(`what the session had cost before ("${name}")`);
    return BigInt(told);
  }

  #units(period: number, key: StateKey): bigint {
    const { moves } = this.#scene;
    const told = moves.find(
      ({ name, scope, granted }) =>
        scope === "device" && granted === undefined && /^\w+ of (session |the period$)/.test(name),
    );
    return this.#count(period, key, "device", `"${told?.name ?? "units"}"`, told?.before);
  }

  #sponsor(period: number, key: StateKey): bigint {
    const { plan } = this.#scene;
    const [, , name = "", capScope = ""] = key;
    const told = this.#moveOf(name, `${SPONSOR} ${capScope}`)?.before ?? "0";
    const hasCap = plan?.sponsored?.some((one) => one.name === name && one.cap !== undefined);
    const counted = capScope === SPONSOR ? undefined : this.#counted(period, key, capScope);
    const paid = this.#scene.own.get(period, key);
    if (capScope === SPONSOR && paid !== undefined && BigInt(told) < paid) {
      this.#scene.contradictions.push(`less was paid of "${name}" than when the lines before were`);
    }
    // Without a cap it decides nothing; another sponsor of the same name counts anew.
    if (hasCap && counted !== BigInt(told)) this.#believe(`what was paid before of "${name}"`);
    return BigInt(told);
  }

  /** From the lines before, where these tell; else as told. */
  #count(
    period: number,
    key: StateKey,
    scope: string,
    what: string,
    told: string | undefined,
  ): bigint {
    const counted = this.#counted(period, key, scope);
    if (counted !== undefined) return counted;
    this.#believe(`what was counted before of ${what}`);
    return BigInt(told ?? "0");
  }

  #counted(period: number, key: StateKey, scope: string): bigint | undefined {
    const { own, isInBill, knowsDevice } = this.#scene;
    if (!isInBill || scope === POOL || (scope === "device" && !knowsDevice)) return undefined;
    return own.get(period, key) ?? 0n;
  }

  #moveOf(name: string, scope: string): ToldMove | undefined {
    return this.#scene.moves.find(
      (one) => one.name === name && one.scope === scope && one.granted === undefined,
    );
  }

  /** A part that nobody is told to pay: its cap is reached by what this bill shows, or it is told. */
  #requireSponsors(told: ReadonlySet<string>): void {
    const { plan, place, period, own } = this.#scene;
    for (const { name, uses, cap, capScope = "account" } of plan?.sponsored ?? []) {
      if (told.has(name) || !isMeant(uses, place)) continue;
      const key: StateKey = [SPONSOR, SPONSOR, name, capScope, OWN];
      const paid = capScope === "account" ? own.get(period.from, key) : undefined;
      if (cap !== undefined && paid !== undefined && paid >= parseDecimalNano(cap)) continue;
      this.#believe(`that nobody else pays "${name}"`);
    }
  }

  #believe(what: string): void {
    this.#scene.told.push(what);
  }
}

/** What is left of allowances. */
export class ToldLots implements LotSource {
  readonly #scene: ReplayScene;

  constructor(scene: ReplayScene) {
    this.#scene = scene;
  }

  lotsFor(
    owner: { device: string },
    use: PlacedUse,
    _milliseconds: number,
    pays: "units" | "money",
  ): Lot[] {
    const { plan } = this.#scene;
    const fits = (allowance: Allowance): boolean =>
      allowance[pays] !== undefined &&
      isMeant(allowance.uses, use) &&
      (allowance.units === undefined || unitFits(allowance.units.unit, use.service));
    const held = (plan?.allowances ?? []).filter(({ scope }) => scope !== POOL).filter(fits);
    const lots = [
      ...held.flatMap((allowance) => this.#ownLots(allowance, owner.device)),
      ...this.#poolLots(fits),
    ];
    return inOrderOfUse(lots.filter(({ left }) => left > 0n));
  }

  /**
   * Of the account's own lots of their period the value is what is left, not what was used as in the
   * rater's state; of others what was taken.
   */
  take({ granted, key, amount, left }: Lot, taken: bigint): StateChange {
    const value = key[0] === "used" ? left - taken : amount - left + taken;
    return { period: granted.from, key, value };
  }

  #ownLots(allowance: Allowance, device: string): Lot[] {
    const { scope, name } = allowance;
    const of = scope === "device" ? device : OWN;
    const current = this.#currentLot(allowance, ["used", OWN, scope, of, name]);
    return [...(current === undefined ? [] : [current]), ...this.#rolledLots(allowance, of)];
  }

  #currentLot(allowance: Allowance, key: StateKey): Lot | undefined {
    const { period, own, isInBill, knowsDevice } = this.#scene;
    const { scope, name } = allowance;
    const isOnce = allowance.granted === "once";
    const granted = isOnce ? { from: -1, to: -1 } : period;
    const expires = isOnce
      ? allowance.validDays === undefined
        ? Number.POSITIVE_INFINITY
        : period.to
      : this.#expiryOf(allowance, 0);
    const lot = { allowance, granted, age: 0, expires, key };
    const told = this.#toldOf(allowance, undefined);
    const isOfDevices = scope !== "device" && allowance.grantedPer === "device";
    const amount =
      isOnce || isOfDevices || allowance.firstPeriod === "prorated" ? undefined : sizeOf(allowance);
    const isCounted = isInBill && amount !== undefined && (scope !== "device" || knowsDevice);
    if (isCounted) return { ...lot, amount, left: own.get(granted.from, key) ?? amount };
    this.#believe(`how much of "${name}" was left`);
    if (told === undefined) return undefined;
    return { ...lot, amount: BigInt(told.granted ?? "0"), left: BigInt(told.before) };
  }

  #rolledLots(allowance: Allowance, of: string): Lot[] {
    const { period, periods, own } = this.#scene;
    const { name, scope } = allowance;
    const lots: Lot[] = [];
    let granted = period;
    for (let age = 1; age <= (allowance.rollover?.periods ?? 0); age++) {
      granted = periods.before(granted);
      const key = ["rolled", OWN, scope, of, name];
      const lot = { allowance, granted, age, expires: this.#expiryOf(allowance, age), key };
      const taken = own.get(granted.from, key) ?? 0n;
      const carried = this.#carried(allowance, granted, of);
      if (carried !== undefined) {
        lots.push({ ...lot, amount: carried, left: carried - taken });
        continue;
      }
      this.#believe(`how much of "${name}" was carried over`);
      const told = this.#toldOf(allowance, age);
      if (told === undefined) continue;
      const amount = BigInt(told.granted ?? "0");
      // Of what the period before left, use of this period alone takes, and all of it is in this bill.
      const left = age === 1 && this.#countsAll(scope) ? amount - taken : BigInt(told.before);
      lots.push({ ...lot, amount, left });
    }
    return lots;
  }

  /** What is carried over from a period that is in this bill too, and whose lines named the plan. */
  #carried(allowance: Allowance, granted: BillingPeriod, of: string): bigint | undefined {
    const { own, from, plan } = this.#scene;
    const { name, scope, grantedPer, firstPeriod, rollover } = allowance;
    const isFixed = (scope === "device" || grantedPer !== "device") && firstPeriod !== "prorated";
    const isShown = granted.from >= from && own.hasUsed(granted.from, plan?.name ?? "");
    if (!isFixed || !isShown || !this.#countsAll(scope)) return undefined;
    const atEnd = own.get(granted.from, ["used", OWN, scope, of, name]) ?? sizeOf(allowance);
    const cap = rollover === undefined ? undefined : sizeOfCap(allowance);
    return cap !== undefined && cap < atEnd ? cap : atEnd;
  }

  #countsAll(scope: Allowance["scope"]): boolean {
    const { isInBill, knowsDevice } = this.#scene;
    return isInBill && (scope !== "device" || knowsDevice);
  }

  /** Whoever else uses the pool stands in other bills. */
  #poolLots(fits: (allowance: Allowance) => boolean): Lot[] {
    const { tariff, plan, period, moves, usesPool } = this.#scene;
    const all = (tariff.document.plans ?? []).flatMap(({ allowances }) => allowances ?? []);
    const pooled = all.filter(({ scope }) => scope === POOL).filter(fits);
    const isHeld = plan?.allowances?.some(({ scope }) => scope === POOL) ?? false;
    for (const { name } of isHeld || usesPool ? pooled : []) {
      this.#believe(`how much of "${name}" others of the pool had used`);
    }
    return moves.flatMap((move): Lot[] => {
      const { scope, name, granted: told, rolled = 0 } = move;
      const named = pooled.filter((one) => one.name === name);
      const [allowance] = named;
      if (scope !== POOL || told === undefined || allowance === undefined) return [];
      const key = ["pool", POOL, POOL, POOL, name, String(rolled)];
      const expires = this.#expiryOf(allowance, rolled);
      const left = BigInt(move.before);
      // Which plan the pool's account has is not shown where several have one of this name.
      const isFixed =
        named.length === 1 &&
        rolled === 0 &&
        allowance.grantedPer !== "device" &&
        allowance.firstPeriod !== "prorated";
      const amount = isFixed ? sizeOf(allowance) : BigInt(told);
      const granted = rolled === 0 ? period : { from: -rolled, to: -rolled };
      this.#requireNotLess(name, granted.from, key, amount - left);
      return [{ allowance, granted, age: rolled, expires, amount, left, key }];
    });
  }

  /** Others take from a pool too, and nobody gives back. */
  #requireNotLess(name: string, period: number, key: StateKey, taken: bigint): void {
    const { own, contradictions } = this.#scene;
    if (taken >= (own.get(period, key) ?? 0n)) return;
    contradictions.push(`less was taken of "${name}" than when the lines before had taken theirs`);
  }

  #toldOf({ name, scope }: Allowance, age: number | undefined): ToldMove | undefined {
    return this.#scene.moves.find(
      (one) =>
        one.name === name && one.scope === scope && one.granted !== undefined && one.rolled === age,
    );
  }

  #expiryOf({ rollover }: Allowance, age: number): number {
    const { period, periods } = this.#scene;
    let last = period;
    for (let i = age; i < (rollover?.periods ?? 0); i++) last = periods.at(last.to);
    return last.to;
  }

  #believe(what: string): void {
    this.#scene.told.push(what);
  }
}
