import { TallystickError } from "../errors.ts";
import { BillingPeriods } from "../rating/billing-period.ts";
import type { Component } from "../rating/outcome.ts";
import { PlanPricer, placeOf } from "../rating/plan-pricer.ts";
import { firstPricePlace } from "../rating/price-pieces.ts";
import type { StateChange, StateKey } from "../rating/rating-state.ts";
import { type CounterMove, UseOfAccount } from "../rating/use-of-account.ts";
import type { Service } from "../records/usage-record.ts";
import type { CompiledTariff } from "../tariff/compile.ts";
import type { TariffPlan } from "../tariff/document.ts";
import {
  type Bundle,
  type BundleCharge,
  isClosed,
  type OpenedCharge,
  type ToldComponent,
  type ToldMove,
} from "./bundle.ts";
import { rowsOfCharge } from "./check-price.ts";
import { OwnQuantities, ToldLots, ToldQuantities } from "./told-quantities.ts";

/*
 * Lines whose price an account's plan decides are priced again from what their commitments hold: the
 * facts of the use, the plan that the charge names, and the charges before it in the same bill, whose
 * numbers have no gaps. So an account's own counters and allowances are counted again from nothing.
 * What a bill can not show (what other accounts took from a pool, what was left of the month before,
 * who is on a list of friends) is taken as told, and said.
 */

/** "PLAN", as a scope begins that names a plan (docs/PROTOCOL.md, section 4). */
const PLAN_SCOPE = "0x504c414e";

export interface Replayed {
  /** Index of the price row. */
  price: number;
  /** Undefined for an account without a plan. */
  plan: string | undefined;
  /** Of the plan's assignment, as the charge names it. */
  ordinal: string;
  amountNano: bigint;
  /** How the operator's words differ from what follows; undefined where they do not. */
  wrong?: string;
  /** What the amount rests on that nothing but the operator's word shows. */
  told: string[];
}

interface Alternative {
  isFriend: boolean;
  partial: "last" | "intermediate";
}

interface Priced {
  amountNano: bigint;
  components: Component[];
  moves: CounterMove[];
  changes: StateChange[];
  /** When its billing period begins. */
  period: number;
  told: string[];
  /** What of the operator's words and commitments can not be true beside the lines before. */
  contradiction?: string;
}

/** Prices the lines of one bundle in their order. */
export class PlanReplay {
  readonly #from: number;
  readonly #to: number;
  readonly #own = new OwnQuantities();
  readonly #usesPool: boolean;
  readonly #periods = new Map<CompiledTariff, BillingPeriods>();

  constructor(bundle: Bundle) {
    this.#from = Date.parse(bundle.period.from);
    this.#to = Date.parse(bundle.period.to);
    this.#own.hasGap = bundle.charges.some(
      ({ account, charge }, at) =>
        isClosed(account) || isClosed(charge) || account.chargeNumber !== `${at + 1}`,
    );
    this.#usesPool = bundle.charges.some(({ told }) =>
      told?.moves.some(({ scope, granted }) => scope === "pool" && granted !== undefined),
    );
  }

  /**
   * @returns undefined where the charge names no plan
   * @throws TallystickError as `priceCharge`; `evidence.plan-unknown`
   */
  price(tariff: CompiledTariff, line: BundleCharge, charge: OpenedCharge): Replayed | undefined {
    try {
      return this.#price(tariff, line, charge);
    } catch (error) {
      this.#own.hasGap = true;
      throw error;
    }
  }

  #price(tariff: CompiledTariff, line: BundleCharge, charge: OpenedCharge): Replayed | undefined {
    const plan = planOf(tariff, charge);
    if (plan === undefined) {
      this.#own.hasUnnamed = true;
      return undefined;
    }
    const price = rowsOfCharge(tariff, charge).price - firstPricePlace(tariff);
    const priced = alternativesOf(tariff, price, plan.plan).map((one) =>
      this.#priceAs(tariff, line, charge, { ...one, ...plan, price }),
    );
    const asked = BigInt(line.amountNano);
    const chosen = priced.find(({ amountNano }) => amountNano === asked) ?? (priced[0] as Priced);
    this.#own.apply(chosen.changes);
    this.#takePlace(charge, chosen.changes);
    this.#own.use(chosen.period, plan.plan?.name ?? "");
    const { amountNano } = chosen;
    const isCheapest = priced.every((one) => one.amountNano >= amountNano);
    const told = isCheapest
      ? chosen.told
      : [...chosen.told, "whether the other side is a friend, or the session goes on"];
    const wrong = differenceOf(line, chosen) ?? chosen.contradiction;
    return {
      price,
      plan: plan.plan?.name,
      ordinal: charge.counters[1]?.scopeSequence ?? "0",
      amountNano,
      ...(wrong === undefined ? {} : { wrong }),
      // Nothing that is told can make it cheaper than nothing.
      told: amountNano === 0n ? [] : told,
    };
  }

  /** Where the charge left the counter that it names. */
  #takePlace({ counters: [first] }: OpenedCharge, changes: readonly StateChange[]): void {
    const moved = changes.find(({ key: [kind] }) => kind === "counter" || kind === "window");
    if (first === undefined || moved === undefined) return;
    this.#own.takePlace(first.scope, BigInt(first.scopeSequence), moved.value);
  }

  /** What the lines so far have moved of the account's own counters and limits in a period. */
  *moved(period: number): Generator<[StateKey, bigint]> {
    yield* this.#own.ofAccount(period, "counter");
    yield* this.#own.ofAccount(period, "limit");
  }

  #periodsOf(tariff: CompiledTariff): BillingPeriods {
    const known = this.#periods.get(tariff) ?? new BillingPeriods(tariff.document);
    this.#periods.set(tariff, known);
    return known;
  }

  #priceAs(
    tariff: CompiledTariff,
    line: BundleCharge,
    charge: OpenedCharge,
    {
      plan,
      price,
      isFriend,
      partial,
    }: Alternative & { plan: TariffPlan | undefined; price: number },
  ): Priced {
    const category = tariff.priceSources[price]?.price.taxCategory;
    const place = { ...placeOf(tariff, price), isFriend, category };
    const periods = this.#periodsOf(tariff);
    const startMilliseconds = Number(charge.start);
    const period = periods.at(startMilliseconds);
    const moves = line.told?.moves ?? [];
    const device = isClosed(line.account) ? undefined : line.account.deviceTag;
    const scene = {
      tariff,
      plan,
      period,
      periods,
      place,
      moves,
      committed: charge.counters[0],
      own: this.#own,
      // What is also in other bills, or on a device that is not shown, is not counted here.
      from: this.#from,
      isInBill: !this.#own.hasGap && period.from >= this.#from && period.to <= this.#to,
      knowsDevice: device !== undefined,
      usesPool: this.#usesPool,
      isWholeSession: charge.sessionMinutes === 0,
      told: [] as string[],
      contradictions: [] as string[],
    };
    const quantities = new ToldQuantities(scene);
    const use = new UseOfAccount(
      {
        id: `line ${line.line}`,
        service: place.service.service as Service,
        partial,
        ...sessionNamed(moves),
      },
      { startMilliseconds, quantity: BigInt(charge.quantity) },
      { account: quantities.account, device: device ?? "device" },
      period,
      place,
      quantities,
    );
    const priced = new PlanPricer(tariff, periods, new ToldLots(scene)).price(use);
    const { amountNano, components } = priced;
    const { moves: moved, changes } = use;
    const [contradiction] = scene.contradictions;
    return {
      amountNano,
      components,
      moves: moved,
      changes,
      period: period.from,
      told: [...new Set(scene.told)],
      ...(contradiction === undefined ? {} : { contradiction }),
    };
  }
}

/** The plan that a charge names; undefined where it names none, and without plan where it says so. */
function planOf(
  { document }: CompiledTariff,
  { counters }: OpenedCharge,
): { plan: TariffPlan | undefined } | undefined {
  const scope = counters[1]?.scope;
  if (scope === undefined || !scope.startsWith(PLAN_SCOPE)) return undefined;
  const number = Number.parseInt(scope.slice(PLAN_SCOPE.length), 16);
  if (number === 0) return { plan: undefined };
  const plan = document.plans?.[number - 1];
  if (plan !== undefined) return { plan };
  throw new TallystickError(
    "evidence.plan-unknown",
    `The charge names plan ${number} of a tariff with ${document.plans?.length ?? 0} plans.`,
  );
}

/** Whatever a charge's own facts leave open, and its price may depend on. */
function alternativesOf(
  tariff: CompiledTariff,
  price: number,
  plan: TariffPlan | undefined,
): Alternative[] {
  const source = tariff.priceSources[price];
  const { allowances = [], itemDiscounts = [], limits = [], sponsored = [] } = plan ?? {};
  const asksForFriends = [...allowances, ...itemDiscounts, ...limits, ...sponsored].some(
    ({ uses }) => uses?.some(({ friends }) => friends !== undefined),
  );
  const friends = asksForFriends ? [true, false] : [false];
  const partials: Alternative["partial"][] =
    source?.price.counted === "session-end" ? ["last", "intermediate"] : ["last"];
  return friends.flatMap((isFriend) => partials.map((partial) => ({ isFriend, partial })));
}

/** Units that are counted over a session name it. */
function sessionNamed(moves: readonly ToldMove[]): { sessionId?: string } {
  for (const { name, scope, granted } of moves) {
    const [, sessionId] = /^\w+ of session (.*)$/s.exec(name) ?? [];
    if (sessionId !== undefined && scope === "device" && granted === undefined) {
      return { sessionId };
    }
  }
  return {};
}

/** The first of the operator's words that is not what follows; undefined without words. */
function differenceOf({ told }: BundleCharge, priced: Priced): string | undefined {
  if (told === undefined) return undefined;
  const components = priced.components.map(textOfComponent);
  const saidComponents = told.components.map(textOfComponent);
  const at = firstDifference(saidComponents, components);
  if (at >= 0) {
    const kind = (told.components[at] ?? priced.components[at])?.kind ?? "component";
    return `component ${at + 1} (${kind}) is told otherwise than it follows from the plan`;
  }
  const moved = firstDifference(told.moves.map(textOfMove), priced.moves.map(textOfMove));
  if (moved < 0) return undefined;
  const name = (told.moves[moved] ?? priced.moves[moved])?.name ?? "";
  return `"${name}" before and after is told otherwise than it follows from the lines before`;
}

function firstDifference(a: readonly string[], b: readonly string[]): number {
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) if (a[at] !== b[at]) return at;
  return -1;
}

function textOfComponent(one: ToldComponent | Component): string {
  const { kind, amountNano, quantity, billed, row, name, percent, counterBefore } = one;
  return [kind, amountNano, quantity, billed, row, name, percent, counterBefore].join("|");
}

function textOfMove(one: ToldMove | CounterMove): string {
  const { name, scope, before, after, granted, rolled } = one;
  return [name, scope, before, after, granted, rolled].join("|");
}
