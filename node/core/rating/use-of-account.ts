import type { UsageRecord } from "../records/usage-record.ts";
import type { PlacedUse } from "../tariff/plan-uses.ts";
import type { Owner } from "./account-directory.ts";
import type { BillingPeriod } from "./billing-period.ts";
import type { Component } from "./outcome.ts";
import { itemOf } from "./period-items.ts";
import type { RatedFacts } from "./rate-usage.ts";
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
  /** Of an allowance that was carried over: how many periods ago it was granted. */
  rolled?: number;
}

/** Running quantities, as a use reads them. */
export type Quantities = Pick<RatingState, "get" | "has">;

/** Where a use lies, and the price row and tax category of its price. */
export interface UsePlace extends PlacedUse {
  price: number;
  category: string | undefined;
}

/** What of a record a price with its account's plan depends on, beside where it lies. */
type CountedRecord = Pick<UsageRecord, "id" | "service" | "sessionId" | "partial">;
type PricedFacts = Pick<RatedFacts, "startMilliseconds" | "quantity">;

/** One record on its way to its price: what it is, whose, and what it will change. */
export class UseOfAccount {
  readonly record: CountedRecord;
  readonly facts: PricedFacts;
  readonly owner: Owner;
  readonly period: BillingPeriod;
  readonly place: UsePlace;
  /** Whose sums its charge joins: a later one than its own where that is closed. */
  readonly billedIn: BillingPeriod;
  readonly changes: StateChange[] = [];
  readonly moves: CounterMove[] = [];
  readonly #state: Quantities;

  constructor(
    record: CountedRecord,
    facts: PricedFacts,
    owner: Owner,
    period: BillingPeriod,
    place: UsePlace,
    state: Quantities,
    billedIn = period,
  ) {
    this.record = record;
    this.facts = facts;
    this.owner = owner;
    this.period = period;
    this.place = place;
    this.#state = state;
    this.billedIn = billedIn;
  }

  has(key: StateKey): boolean {
    return this.#state.has(this.period.from, key);
  }

  get(key: StateKey): bigint {
    return this.#now(this.period.from, key);
  }

  /** With what this use changed already: one sponsor can pay two parts of a charge. */
  #now(period: number, key: StateKey): bigint {
    const isSame = (one: StateChange): boolean =>
      one.period === period &&
      one.key.length === key.length &&
      one.key.every((part, index) => part === key[index]);
    return this.changes.findLast(isSame)?.value ?? this.#state.get(period, key);
  }

  /** Adds to what an account owes, under the use's tax category unless another is said. */
  addNet(account: string, nano: bigint, category = this.place.category): void {
    const period = this.billedIn.from;
    const key: StateKey = ["net", account, itemOf(this.record.service, category)];
    this.changes.push({ period, key, value: this.#now(period, key) + nano });
  }

  /** Notes a change; the answer is the quantity before it. */
  add(key: StateKey, added: bigint): bigint {
    const before = this.get(key);
    this.changes.push({ period: this.period.from, key, value: before + added });
    return before;
  }
}

/** What is taken off a charge after its rounding. */
export interface Taken {
  kind: "limit" | "allowance" | "sponsored";
  name: string;
  nano: bigint;
  /** Whoever pays instead. */
  account?: string;
}

export const takenComponent = ({ kind, name, nano }: Taken): Component => ({
  kind,
  name,
  amountNano: -nano,
});

export const sumOf = (takings: readonly Taken[]): bigint =>
  takings.reduce((sum, { nano }) => sum + nano, 0n);
