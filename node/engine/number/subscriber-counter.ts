import { equalBytes } from "../../core/bytes.ts";
import { deviceTag } from "../../core/commitment/secrets.ts";
import type { EpochState, OwnedPlaces } from "../store/stored-types.ts";
import { packedOwner } from "./block-owners.ts";
import { type EpochHeads, HEAD_WORDS } from "./epoch-heads.ts";
import { OWNER_SECRET_BYTES } from "./hash-charges.ts";
import {
  HEAD_BYTES,
  NUMBER_WORD,
  readPlaces,
  SECRET_BYTES,
  stateOfPacked,
  TOTAL_WORD,
  unpackHead,
} from "./stored-epoch.ts";

const HALF = 2 ** 32;

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
  /** Where its state is stored. */
  readonly key: string;
  readonly #heads: EpochHeads;
  /** Its head's first word. */
  readonly headAt: number;
  /** Places of the newest charges, that stand in no `owned/` value yet: as many as `placeNumbers` says. */
  readonly places: OwnedPlaces = [];
  placeNumbers = 0;
  isTouched = false;
  /** Of the reading of the store that it agrees with (subscriber-counters.ts). */
  reading = 0;
  /** As a device's. */
  serial = 0;
  index = 0;
  #device: CounterDevice | undefined;
  #others: Map<string, CounterDevice> | undefined;

  constructor(account: string, epoch: string, key: string, heads: EpochHeads) {
    this.account = account;
    this.epoch = epoch;
    this.key = key;
    this.#heads = heads;
    this.headAt = heads.add();
  }

  /** Takes over what is stored. Devices that were made by the same secrets stay. */
  take(payload: Uint8Array): void {
    const own = this.#bytes;
    const isSame = equalBytes(own.subarray(0, SECRET_BYTES), payload.subarray(0, SECRET_BYTES));
    if (!isSame) {
      this.#device = undefined;
      this.#others = undefined;
    }
    own.set(payload.subarray(0, HEAD_BYTES));
    this.placeNumbers = readPlaces(payload, this.places);
  }

  get chargeNumber(): number {
    const { words } = this.#heads;
    const at = this.headAt + NUMBER_WORD;
    return (words[at] as number) + HALF * (words[at + 1] as number);
  }

  /** The running total's lowest 64 bits, by halves. */
  get totalLow(): number {
    return this.#heads.words[this.headAt + TOTAL_WORD] as number;
  }

  get totalHigh(): number {
    return this.#heads.words[this.headAt + TOTAL_WORD + 1] as number;
  }

  /** Whether it has more than 64 bits. */
  get isTotalWide(): boolean {
    const { words } = this.#heads;
    const at = this.headAt + TOTAL_WORD;
    return words[at + 2] !== 0 || words[at + 3] !== 0;
  }

  get runningTotalNano(): bigint {
    const { words } = this.#heads;
    let total = 0n;
    for (let at = this.headAt + TOTAL_WORD + 3; at >= this.headAt + TOTAL_WORD; at--) {
      total = (total << 32n) | BigInt(words[at] as number);
    }
    return total;
  }

  /** Number and running total after charges; the total has at most 64 bits before and after them. */
  settle(chargeNumber: number, totalLow: number, totalHigh: number): void {
    const { words } = this.#heads;
    this.#putNumber(chargeNumber);
    words[this.headAt + TOTAL_WORD] = totalLow;
    words[this.headAt + TOTAL_WORD + 1] = totalHigh;
  }

  /** One more charge, of any amount. */
  count(amountNano: bigint): void {
    const { words } = this.#heads;
    let total = this.runningTotalNano + amountNano;
    this.#putNumber(this.chargeNumber + 1);
    for (let word = 0; word < 4; word++) {
      words[this.headAt + TOTAL_WORD + word] = Number(total & 0xffffffffn);
      total >>= 32n;
    }
  }

  /** The place of one more charge: row `row` of the rows stored under `first`. */
  addPlace(first: number, row: number): void {
    const at = this.placeNumbers;
    this.places[at] = first;
    this.places[at + 1] = row;
    this.placeNumbers = at + 2;
  }

  state(): EpochState {
    const places = this.places.slice(0, this.placeNumbers);
    return stateOfPacked({ ...unpackHead(this.#bytes), places });
  }

  get deviceCount(): number {
    return (this.#device === undefined ? 0 : 1) + (this.#others?.size ?? 0);
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

  #putNumber(chargeNumber: number): void {
    const { words } = this.#heads;
    words[this.headAt + NUMBER_WORD] = chargeNumber;
    words[this.headAt + NUMBER_WORD + 1] = chargeNumber / HALF;
  }

  get #bytes(): Uint8Array {
    return this.#heads.bytes.subarray(4 * this.headAt, 4 * (this.headAt + HEAD_WORDS));
  }

  #makeDevice(device: string): CounterDevice {
    const { account, epoch } = this;
    const head = this.#bytes;
    const epochKey = head.subarray(0, 32);
    const secrets = new Uint8Array(OWNER_SECRET_BYTES);
    secrets.set(epochKey);
    secrets.set(head.subarray(84, SECRET_BYTES), 32);
    secrets.set(deviceTag(epochKey, device), 64);
    const packed = packedOwner({ account, epoch, device });
    const words = new Uint32Array(secrets.buffer);
    return { subscriber: this, device, secrets: words, packed, serial: 0, index: 0 };
  }
}
