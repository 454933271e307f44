import { assert } from "../../core/errors.ts";
import { RatingState, type StateChange, type StateKey } from "../../core/rating/rating-state.ts";
import type { TariffDocument } from "../../core/tariff/document.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import type { RatingValues } from "../store/stored-types.ts";

/** Values of accounts and periods held in memory; beyond it those that are written are forgotten. */
const HELD_MAX = 262_144;

/**
 * The running quantities of rating, kept in the store by account and billing period: read when an
 * account is first met, written in the unit of work of the charges that moved them. A crash leaves
 * both or neither.
 */
export class StoredRatingState extends RatingState {
  /** By key of the store. */
  readonly #held = new Map<string, Map<string, bigint>>();
  readonly #changed = new Set<string>();
  readonly #isClosed: (period: number) => boolean;

  constructor(document: TariffDocument, isClosed: (period: number) => boolean) {
    super(document);
    this.#isClosed = isClosed;
  }

  isHeld(account: string, period: number): boolean {
    return this.#held.has(keys.rating(account, period));
  }

  /** Takes what the session has read ahead, of values that are not held yet. */
  learn(session: StoreSession, stored: Iterable<string>): void {
    for (const key of stored) {
      if (this.#held.has(key)) continue;
      const values = Object.entries(session.peek<RatingValues>(key) ?? {});
      this.#held.set(key, new Map(values.map(([name, value]) => [name, BigInt(value)])));
    }
  }

  /** All quantities of one account and period. */
  *entriesOf(account: string, period: number): Generator<[StateKey, bigint]> {
    const values = this.#held.get(keys.rating(account, period));
    assert(values !== undefined, `the rating state of ${account} was read ahead`);
    for (const [name, value] of values) yield [JSON.parse(name) as string[], value];
  }

  override isClosed(period: number): boolean {
    return this.#isClosed(period);
  }

  override get(period: number, key: StateKey): bigint {
    return this.#valuesOf(period, key).get(JSON.stringify(key)) ?? 0n;
  }

  override has(period: number, key: StateKey): boolean {
    return this.#valuesOf(period, key).has(JSON.stringify(key));
  }

  override apply(changes: readonly StateChange[]): void {
    for (const { period, key, value } of changes) {
      const values = this.#valuesOf(period, key);
      const name = JSON.stringify(key);
      if (values.get(name) === value) continue;
      values.set(name, value);
      this.#changed.add(storedUnder(period, key));
    }
  }

  /** Puts what changed into the session's unit of work. */
  save(session: StoreSession): void {
    for (const key of this.#changed) {
      const values = this.#held.get(key) as Map<string, bigint>;
      const written: RatingValues = {};
      for (const [name, value] of values) written[name] = value.toString();
      session.put(key, written);
    }
    this.#changed.clear();
    if (this.#held.size > HELD_MAX) this.#held.clear();
  }

  /** After a write that failed: what is stored holds. */
  forget(): void {
    this.#held.clear();
    this.#changed.clear();
  }

  #valuesOf(period: number, key: StateKey): Map<string, bigint> {
    const values = this.#held.get(storedUnder(period, key));
    assert(values !== undefined, `the rating state of ${key[0]} was read ahead`);
    return values;
  }
}

/** The second part of every key is the account whose quantity it is. */
const storedUnder = (period: number, key: StateKey): string => keys.rating(key[1] ?? "", period);
