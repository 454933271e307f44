import type { Hex } from "../../core/bytes.ts";
import { deviceTag } from "../../core/commitment/secrets.ts";
import { assert } from "../../core/errors.ts";
import type { RandomSource } from "../operator.ts";
import { keys } from "../store/key-spaces.ts";
import type { StoreSession } from "../store/store-session.ts";
import { isBytes } from "../store/stored-bytes.ts";
import { readJson } from "../store/stored-json.ts";
import type { Account, EpochState, OwnedPlaces } from "../store/stored-types.ts";
import { packedOwner } from "./block-owners.ts";
import { type DisputeAddresses, loadDisputeAddresses } from "./dispute-addresses.ts";
import { OWNER_SECRET_BYTES } from "./hash-charges.ts";
import {
  encodeEpoch,
  epochBytes,
  NEWEST_PLACES_MAX,
  type PackedEpoch,
  packEpoch,
  stateOfPacked,
  unpackEpoch,
} from "./stored-epoch.ts";
import { makeSubscriberEpoch } from "./subscriber-epoch.ts";

/** Subscribers held in memory, some 800 bytes each; beyond it all are forgotten and read again. */
const HELD_MAX = 524_288;
const ROOM_BYTES = 262_144;

/** A device of a subscriber, as blocks and the hasher want it. */
export interface CounterDevice {
  readonly subscriber: SubscriberCounter;
  device: string;
  /** What opens its rows: `OWNER_SECRET_BYTES`, in words of 32 bits. */
  secrets: Uint32Array;
  /** As it stands in a block. */
  packed: Uint8Array;
  /** Its number among those with charges in the unit of work at hand (staged-owners.ts). */
  serial: number;
  index: number;
}

/** Number, running total and secrets of one subscriber in one book and epoch, in memory. */
export class SubscriberCounter {
  readonly account: string;
  readonly epoch: string;
  readonly #secrets: Uint8Array;
  readonly #taxNano: bigint;
  chargeNumber: number;
  runningTotalNano: bigint;
  /** Places of the newest charges, that stand in no `owned/` value yet. */
  places: OwnedPlaces;
  isTouched = false;
  /** As a device's. */
  serial = 0;
  index = 0;
  #device: CounterDevice | undefined;
  #others: Map<string, CounterDevice> | undefined;

  constructor(account: string, epoch: string, packed: PackedEpoch) {
    this.account = account;
    this.epoch = epoch;
    this.#secrets = packed.secrets;
    this.#taxNano = packed.taxNano;
    this.chargeNumber = packed.lastChargeNumber;
    this.runningTotalNano = packed.runningTotalNano;
    this.places = packed.places;
  }

  packed(): PackedEpoch {
    return {
      secrets: this.#secrets,
      lastChargeNumber: this.chargeNumber,
      runningTotalNano: this.runningTotalNano,
      taxNano: this.#taxNano,
      places: this.places,
    };
  }

  state(): EpochState {
    return stateOfPacked(this.packed());
  }

  /** Most subscribers use one device. */
  deviceOf(device: string): CounterDevice {
    const first = this.#device;
    if (first?.device === device) return first;
    if (first === undefined) {
      this.#device = this.#makeDevice(device);
      return this.#device;
    }
    this.#others ??= new Map();
    let found = this.#others.get(device);
    if (found === undefined) {
      found = this.#makeDevice(device);
      this.#others.set(device, found);
    }
    return found;
  }

  #makeDevice(device: string): CounterDevice {
    const { account, epoch } = this;
    const epochKey = this.#secrets.subarray(0, 32);
    const secrets = new Uint8Array(OWNER_SECRET_BYTES);
    secrets.set(epochKey);
    secrets.set(this.#secrets.subarray(84, 116), 32);
    secrets.set(deviceTag(epochKey, device), 64);
    const packed = packedOwner({ account, epoch, device });
    const words = new Uint32Array(secrets.buffer);
    return { subscriber: this, device, secrets: words, packed, serial: 0, index: 0 };
  }
}

/** The counters of a book's subscribers while files are taken in; the session's writer is the only one. */
export class SubscriberCounters {
  readonly #session: StoreSession;
  readonly #random: RandomSource;
  readonly #domain: Hex;
  /** By epoch, then by account: looking up costs no new text. */
  readonly #held = new Map<string, Map<string, SubscriberCounter>>();
  #heldCount = 0;
  #touched: SubscriberCounter[] = [];
  #addresses: DisputeAddresses | undefined;
  /** Another number once counters that were handed out are let go: whoever keeps one asks again. */
  age = 0;

  constructor(session: StoreSession, random: RandomSource, domain: Hex) {
    this.#session = session;
    this.#random = random;
    this.#domain = domain;
  }

  /** Reads in two calls what `of` will ask for. @param owners account and epoch */
  async prefetch(owners: Iterable<readonly [account: string, epoch: string]>): Promise<void> {
    const missing = new Map<string, readonly [string, string]>();
    for (const owner of owners) {
      if (this.#held.get(owner[1])?.has(owner[0]) === true) continue;
      missing.set(keys.epoch(owner[0], owner[1], this.#domain), owner);
    }
    if (missing.size === 0) return;
    const names = [...missing.keys()];
    const unknown: string[] = [];
    for (const [at, value] of (await this.#session.readMany(names)).entries()) {
      const key = names[at] as string;
      const [account, epoch] = missing.get(key) as readonly [string, string];
      if (value === undefined) unknown.push(keys.account(account));
      else {
        const packed = isBytes(value)
          ? unpackEpoch(key, value)
          : packEpoch(readJson<EpochState>(key, value));
        this.#hold(new SubscriberCounter(account, epoch, packed));
      }
    }
    if (unknown.length > 0) this.#addresses ??= await loadDisputeAddresses();
    await this.#session.prefetch(unknown);
  }

  /** After `prefetch`. @throws TallystickError `account.unknown` */
  of(account: string, epoch: string): SubscriberCounter {
    const held = this.#held.get(epoch)?.get(account);
    if (held !== undefined) return held;
    const known = this.#session.peek<Account>(keys.account(account));
    const addresses = this.#addresses;
    assert(addresses !== undefined, "a new subscriber was read ahead");
    const state = makeSubscriberEpoch(this.#random, addresses, known, account, epoch, this.#domain);
    return this.#hold(new SubscriberCounter(account, epoch, packEpoch(state)));
  }

  #hold(counter: SubscriberCounter): SubscriberCounter {
    let ofEpoch = this.#held.get(counter.epoch);
    if (ofEpoch === undefined) {
      ofEpoch = new Map();
      this.#held.set(counter.epoch, ofEpoch);
    }
    ofEpoch.set(counter.account, counter);
    this.#heldCount++;
    return counter;
  }

  /** One more charge of the subscriber, at row `row` of the rows stored under `first`. */
  count(counter: SubscriberCounter, amountNano: bigint, first: number, row: number): void {
    counter.chargeNumber++;
    counter.runningTotalNano += amountNano;
    counter.places.push(first, row);
    this.touch(counter);
  }

  /** The subscriber's state will be written with the unit of work. */
  touch(counter: SubscriberCounter): void {
    if (counter.isTouched) return;
    counter.isTouched = true;
    this.#touched.push(counter);
  }

  /** Puts what changed into the session's unit of work. */
  save(): void {
    // Many small values share their memory: each with its own would cost more than what is in it.
    let room = new Uint8Array();
    let at = 0;
    for (const counter of this.#touched) {
      const { account, epoch, places, chargeNumber } = counter;
      const count = places.length / 2;
      if (count > NEWEST_PLACES_MAX) {
        const firstNumber = BigInt(chargeNumber - count + 1);
        this.#session.put(keys.owned(account, epoch, this.#domain, firstNumber), places);
        counter.places = [];
      }
      const packed = counter.packed();
      const bytes = epochBytes(packed);
      if (at + bytes > room.length) {
        room = new Uint8Array(Math.max(ROOM_BYTES, bytes));
        at = 0;
      }
      const value = encodeEpoch(packed, room.subarray(at, at + bytes));
      at += bytes;
      this.#session.putBytes(keys.epoch(account, epoch, this.#domain), value);
      counter.isTouched = false;
    }
    this.#touched = [];
  }

  /** Whether more are held than memory is for: they are to be let go once what was saved is written. */
  get isFull(): boolean {
    return this.#heldCount > HELD_MAX;
  }

  /** All are read again from the store, which has to have what was saved. */
  letGo(): void {
    this.#held.clear();
    this.#heldCount = 0;
    this.age++;
  }
}
