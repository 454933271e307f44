import type { Hex } from "../../core/bytes.ts";
import { assert } from "../../core/errors.ts";
import type { RandomSource } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { isBytes, sealWords } from "../store/stored-bytes.ts";
import { readJson } from "../store/stored-json.ts";
import type { Account, EpochState } from "../store/stored-types.ts";
import { type DisputeAddresses, loadDisputeAddresses } from "./dispute-addresses.ts";
import { EpochHeads } from "./epoch-heads.ts";
import {
  encodeEpoch,
  epochPayload,
  epochWords,
  layEpoch,
  layOwned,
  NEWEST_PLACES_MAX,
  ownedWords,
  packEpoch,
} from "./stored-epoch.ts";
import { SubscriberCounter } from "./subscriber-counter.ts";
import { makeSubscriberEpoch } from "./subscriber-epoch.ts";

/** Subscribers held in memory, some 800 bytes each; beyond it all are forgotten and read again. */
const HELD_MAX = 524_288;
/** Subscribers and their devices that are held from file to file; more are let go at a file's end. */
const KEPT_MAX = 131_072;
const VALUE_WORDS_MIN = 65_536;

/**
 * The counters of a book's subscribers while files are taken in; while one is, the session's writer is the only
 * one. From file to file they are kept for what does not change: who they are, their devices' tags. Between two
 * files others write too (bills, corrections, what was recycled), so what is stored is read again for each file.
 */
export class SubscriberCounters {
  #session: StoreSession;
  readonly #random: RandomSource;
  readonly #domain: Hex;
  readonly #keptMax: number;
  /** By epoch, then by account: looking up costs no new text. */
  readonly #held = new Map<string, Map<string, SubscriberCounter>>();
  readonly #heads = new EpochHeads();
  #heldCount = 0;
  /** Counters that do not agree with this reading of the store are asked again. */
  #reading = 1;
  #touched: SubscriberCounter[] = [];
  #addresses: DisputeAddresses | undefined;
  /** Memory of the values that were saved last: many small ones, each with its own would cost more. */
  #words = new Uint32Array(0);
  #values = new Uint8Array(0);
  #serial = 0;
  /** Another number once counters that were handed out are let go: whoever keeps one asks again. */
  age = 0;

  /** @param keptMax what is held from file to file; another number only in tests */
  constructor(session: StoreSession, random: RandomSource, domain: Hex, keptMax = KEPT_MAX) {
    this.#session = session;
    this.#keptMax = keptMax;
    this.#random = random;
    this.#domain = domain;
  }

  /** A number that no unit of work had before: what carries it belongs to the unit at hand. */
  nextSerial(): number {
    return ++this.#serial;
  }

  /** Before the next file: what is stored may have changed. Everything that was saved is written. */
  begin(session: StoreSession): void {
    assert(this.#touched.length === 0, "counters of a unit of work that failed are let go");
    this.#session = session;
    this.#reading++;
    this.age++;
  }

  /** At a file's end: more than is worth its memory is let go. */
  rest(): void {
    let kept = this.#heldCount;
    for (const ofEpoch of this.#held.values()) {
      for (const counter of ofEpoch.values()) kept += counter.deviceCount;
    }
    if (kept > this.#keptMax) this.letGo();
  }

  /** Keys of these months were deleted from the store: memory between files keeps none of them either. */
  forgetEpochs(isOver: (epoch: string) => boolean): void {
    for (const [epoch, ofEpoch] of this.#held) {
      if (!isOver(epoch)) continue;
      for (const { headAt } of ofEpoch.values()) this.#heads.erase(headAt);
      this.#held.delete(epoch);
      this.#heldCount -= ofEpoch.size;
      this.age++;
    }
  }

  /** Reads in two calls what `of` will ask for. @param owners account and epoch */
  async prefetch(owners: readonly (readonly [account: string, epoch: string])[]): Promise<void> {
    const missing = new Map<string, readonly [string, string]>();
    for (let at = 0; at < owners.length; at++) {
      const owner = owners[at] as readonly [string, string];
      const held = this.#held.get(owner[1])?.get(owner[0]);
      if (held?.reading === this.#reading) continue;
      missing.set(held?.key ?? keys.epoch(owner[0], owner[1], this.#domain), owner);
    }
    if (missing.size === 0) return;
    const names = [...missing.keys()];
    const unknown: string[] = [];
    for (const [at, value] of (await this.#session.readMany(names)).entries()) {
      const key = names[at] as string;
      const [account, epoch] = missing.get(key) as readonly [string, string];
      if (value === undefined) {
        this.#forget(account, epoch);
        unknown.push(keys.account(account));
      } else this.#take(account, epoch, key, value);
    }
    if (unknown.length > 0) this.#addresses ??= await loadDisputeAddresses();
    await this.#session.prefetch(unknown);
  }

  /** After `prefetch`. @throws TallystickError `account.unknown` */
  of(account: string, epoch: string): SubscriberCounter {
    const held = this.#held.get(epoch)?.get(account);
    if (held?.reading === this.#reading) return held;
    assert(held === undefined, "what is stored was read ahead");
    const known = this.#session.peek<Account>(keys.account(account));
    const addresses = this.#addresses;
    assert(addresses !== undefined, "a new subscriber was read ahead");
    const state = makeSubscriberEpoch(this.#random, addresses, known, account, epoch, this.#domain);
    const key = keys.epoch(account, epoch, this.#domain);
    return this.#take(account, epoch, key, encodeEpoch(packEpoch(state)));
  }

  /** @throws TallystickError `store.value-damaged` */
  #take(account: string, epoch: string, key: string, value: Uint8Array): SubscriberCounter {
    const packed = isBytes(value)
      ? value
      : encodeEpoch(packEpoch(readJson<EpochState>(key, value)));
    const payload = epochPayload(key, packed);
    const counter = this.#held.get(epoch)?.get(account) ?? this.#hold(account, epoch, key);
    counter.take(payload);
    counter.reading = this.#reading;
    return counter;
  }

  #hold(account: string, epoch: string, key: string): SubscriberCounter {
    const counter = new SubscriberCounter(account, epoch, key, this.#heads);
    let ofEpoch = this.#held.get(epoch);
    if (ofEpoch === undefined) {
      ofEpoch = new Map();
      this.#held.set(epoch, ofEpoch);
    }
    ofEpoch.set(account, counter);
    this.#heldCount++;
    return counter;
  }

  /** Its head's memory is lost until all are let go: states are deleted rarely. */
  #forget(account: string, epoch: string): void {
    if (this.#held.get(epoch)?.delete(account) === true) this.#heldCount--;
  }

  /** One more charge of the subscriber, at row `row` of the rows stored under `first`. */
  count(counter: SubscriberCounter, amountNano: bigint, first: number, row: number): void {
    counter.count(amountNano);
    counter.addPlace(first, row);
    this.touch(counter);
  }

  /** The subscriber's state will be written with the unit of work. */
  touch(counter: SubscriberCounter): void {
    if (counter.isTouched) return;
    counter.isTouched = true;
    this.#touched.push(counter);
  }

  /**
   * Puts what changed into the session's unit of work. The unit before it has to be written: its values'
   * memory is used again.
   */
  save(): void {
    const touched = this.#touched;
    let words = 0;
    for (let at = 0; at < touched.length; at++) {
      const { placeNumbers } = touched[at] as SubscriberCounter;
      words +=
        placeNumbers > 2 * NEWEST_PLACES_MAX
          ? ownedWords(placeNumbers) + epochWords(0)
          : epochWords(placeNumbers);
    }
    this.#makeRoom(words);
    let from = 0;
    for (let at = 0; at < touched.length; at++) {
      const counter = touched[at] as SubscriberCounter;
      if (counter.placeNumbers > 2 * NEWEST_PLACES_MAX) from = this.#saveOwned(counter, from);
      const { places, placeNumbers, headAt } = counter;
      layEpoch(this.#words, from, this.#heads.words, headAt, places, placeNumbers);
      const to = from + epochWords(placeNumbers);
      const value = sealWords(this.#words, this.#values, 4 * from, 4 * to);
      this.#session.putBytes(counter.key, value);
      counter.isTouched = false;
      from = to;
    }
    touched.length = 0;
  }

  /** Its newest places become a value of their own, laid from word `from` on. @returns the word behind it */
  #saveOwned(counter: SubscriberCounter, from: number): number {
    const { account, epoch, chargeNumber, places, placeNumbers } = counter;
    const firstNumber = BigInt(chargeNumber - placeNumbers / 2 + 1);
    const key = keys.owned(account, epoch, this.#domain, firstNumber);
    layOwned(this.#words, from, places, placeNumbers);
    const to = from + ownedWords(placeNumbers);
    this.#session.putBytes(key, sealWords(this.#words, this.#values, 4 * from, 4 * to));
    counter.placeNumbers = 0;
    return to;
  }

  #makeRoom(words: number): void {
    if (words <= this.#words.length) return;
    this.#words = new Uint32Array(Math.max(VALUE_WORDS_MIN, Math.ceil(1.25 * words)));
    this.#values = new Uint8Array(this.#words.buffer);
  }

  /** Whether more are held than memory is for: they are to be let go once what was saved is written. */
  get isFull(): boolean {
    return this.#heldCount > HELD_MAX;
  }

  /** All are read again from the store, which has to have what was saved. */
  letGo(): void {
    this.#held.clear();
    this.#heads.clear();
    this.#heldCount = 0;
    this.age++;
  }
}
