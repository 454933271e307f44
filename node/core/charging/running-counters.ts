import { RatingState, type StateChange, type StateKey } from "../rating/rating-state.ts";
import type { TariffDocument } from "../tariff/document.ts";
import type { CounterChange } from "./entry.ts";

/** Running quantities as sums of what sessions added to them. */
export class RunningCounters {
  readonly #periods = new Map<number, Map<string, bigint>>();

  get(period: number, key: string): bigint {
    return this.#periods.get(period)?.get(key) ?? 0n;
  }

  has(period: number, key: string): boolean {
    return this.#periods.get(period)?.has(key) ?? false;
  }

  add(changes: readonly CounterChange[]): void {
    for (const [period, key, added] of changes) this.#add(period, key, BigInt(added));
  }

  takeBack(changes: readonly CounterChange[]): void {
    for (const [period, key, added] of changes) this.#add(period, key, -BigInt(added));
  }

  #add(period: number, key: string, added: bigint): void {
    let values = this.#periods.get(period);
    if (values === undefined) {
      values = new Map();
      this.#periods.set(period, values);
    }
    const sum = (values.get(key) ?? 0n) + added;
    if (sum === 0n) values.delete(key);
    else values.set(key, sum);
  }

  *changes(): Generator<CounterChange> {
    for (const [period, values] of this.#periods) {
      for (const [key, value] of values) yield [period, key, value.toString()];
    }
  }
}

/**
 * The rater's state as one session sees it: what all others hold, without the session's own part.
 * What rating changes is noted as an addition and not made.
 */
export class SessionView extends RatingState {
  readonly #all: RunningCounters;
  readonly #own = new Map<string, bigint>();
  readonly added: CounterChange[] = [];

  constructor(document: TariffDocument, all: RunningCounters, own: readonly CounterChange[]) {
    super(document);
    this.#all = all;
    for (const [period, key, added] of own) {
      const name = `${period} ${key}`;
      this.#own.set(name, (this.#own.get(name) ?? 0n) + BigInt(added));
    }
  }

  override get(period: number, key: StateKey): bigint {
    const text = JSON.stringify(key);
    return this.#all.get(period, text) - (this.#own.get(`${period} ${text}`) ?? 0n);
  }

  override has(period: number, key: StateKey): boolean {
    return this.#all.has(period, JSON.stringify(key));
  }

  override apply(changes: readonly StateChange[]): void {
    // Several changes of one quantity follow each other; the last value holds.
    const last = new Map<string, [number, StateKey, bigint]>();
    for (const { period, key, value } of changes) {
      last.set(`${period} ${JSON.stringify(key)}`, [period, key, value]);
    }
    for (const [period, key, value] of last.values()) {
      const added = value - this.get(period, key);
      if (added !== 0n) this.added.push([period, JSON.stringify(key), added.toString()]);
    }
  }
}
