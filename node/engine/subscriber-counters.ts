import { fromHex, type Hex } from "../core/bytes.ts";
import { deviceTag } from "../core/commitment/secrets.ts";
import type { OwnerSecrets } from "./hash-charges.ts";
import { keys } from "./key-spaces.ts";
import type { RandomSource } from "./operator.ts";
import type { StoreSession } from "./store-session.ts";
import type { Account, EpochState, OwnedPlaces } from "./stored-types.ts";
import { makeSubscriberEpoch } from "./subscriber-epoch.ts";

/** Subscribers held in memory; beyond it those that nothing waits for are forgotten. */
const HELD_MAX = 262_144;

/** Number, running total and secrets of one subscriber in one book and epoch, in memory. */
export class SubscriberCounter {
  readonly account: string;
  readonly epoch: string;
  readonly state: EpochState;
  readonly epochKey: Uint8Array;
  readonly pseudonym: Uint8Array;
  chargeNumber: number;
  runningTotalNano: bigint;
  /** Places of the charges numbered since the counters were last written. */
  places: OwnedPlaces = [];
  /** Where the writer's block at hand has it among its owners, by the block's serial number. */
  owner = { serial: -1, device: "", index: 0 };
  readonly #devices = new Map<string, OwnerSecrets>();

  constructor(account: string, epoch: string, state: EpochState) {
    this.account = account;
    this.epoch = epoch;
    this.state = state;
    this.epochKey = fromHex(state.epochKey, 32);
    this.pseudonym = fromHex(state.pseudonym, 32);
    this.chargeNumber = Number(state.lastChargeNumber);
    this.runningTotalNano = BigInt(state.runningTotalNano);
  }

  secretsOf(device: string): OwnerSecrets {
    let secrets = this.#devices.get(device);
    if (secrets === undefined) {
      const { epochKey, pseudonym } = this;
      secrets = { epochKey, pseudonym, deviceTag: deviceTag(epochKey, device) };
      this.#devices.set(device, secrets);
    }
    return secrets;
  }
}

/** The counters of a book's subscribers while files are taken in; the session's writer is the only one. */
export class SubscriberCounters {
  readonly #session: StoreSession;
  readonly #random: RandomSource;
  readonly #domain: Hex;
  readonly #held = new Map<string, SubscriberCounter>();
  readonly #touched = new Set<SubscriberCounter>();
  /** Another number once counters that were handed out are let go: whoever keeps one asks again. */
  age = 0;

  constructor(session: StoreSession, random: RandomSource, domain: Hex) {
    this.#session = session;
    this.#random = random;
    this.#domain = domain;
  }

  /** Reads in two calls what `of` will ask for. @param owners account and epoch */
  async prefetch(owners: Iterable<readonly [account: string, epoch: string]>): Promise<void> {
    const missing = new Map<string, string>();
    for (const [account, epoch] of owners) {
      if (this.#held.has(`${account}/${epoch}`)) continue;
      missing.set(keys.epoch(account, epoch, this.#domain), account);
    }
    if (missing.size === 0) return;
    await this.#session.prefetch(missing.keys());
    const unknown = [...missing].filter(([key]) => this.#session.peek(key) === undefined);
    await this.#session.prefetch(unknown.map(([, account]) => keys.account(account)));
  }

  /** After `prefetch`. @throws TallystickError `account.unknown` */
  of(account: string, epoch: string): SubscriberCounter {
    const name = `${account}/${epoch}`;
    const held = this.#held.get(name);
    if (held !== undefined) return held;
    const key = keys.epoch(account, epoch, this.#domain);
    let state = this.#session.peek<EpochState>(key);
    if (state === undefined) {
      const known = this.#session.peek<Account>(keys.account(account));
      state = makeSubscriberEpoch(this.#random, known, account, epoch, this.#domain);
      this.#session.put(key, state);
    }
    const counter = new SubscriberCounter(account, epoch, state);
    this.#held.set(name, counter);
    return counter;
  }

  /** One more charge of the subscriber, at row `row` of the rows stored under `first`. */
  count(counter: SubscriberCounter, amountNano: bigint, first: number, row: number): void {
    counter.chargeNumber++;
    counter.runningTotalNano += amountNano;
    counter.places.push(first, row);
    this.#touched.add(counter);
  }

  /** Puts what changed into the session's unit of work. */
  save(): void {
    for (const counter of this.#touched) {
      const { account, epoch, places, chargeNumber } = counter;
      const firstNumber = BigInt(chargeNumber - places.length / 2 + 1);
      this.#session.put(keys.epoch(account, epoch, this.#domain), {
        ...counter.state,
        lastChargeNumber: chargeNumber.toString(),
        runningTotalNano: counter.runningTotalNano.toString(),
      } satisfies EpochState);
      this.#session.put(keys.owned(account, epoch, this.#domain, firstNumber), places);
      counter.places = [];
    }
    this.#touched.clear();
    if (this.#held.size <= HELD_MAX) return;
    this.#held.clear();
    this.age++;
  }
}
