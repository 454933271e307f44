import type { CounterDevice, SubscriberCounter } from "./subscriber-counter.ts";
import type { SubscriberCounters } from "./subscriber-counters.ts";

const OWNERS_MIN = 1_024;
const HALF = 2 ** 32;

/**
 * Who has charges in the unit of work at hand: devices and their subscribers by dense numbers, in the
 * order in which they first came, with number and running total of each subscriber side by side. A charge
 * touches twenty bytes here, where the subscriber's own objects would be a dozen places of memory.
 */
export class StagedOwners {
  readonly devices: CounterDevice[] = [];
  readonly subscribers: SubscriberCounter[] = [];
  /** By a device's number the one of its subscriber. */
  subscriberOf = new Uint32Array(OWNERS_MIN);
  /** By subscriber: the number of the last charge, and the running total, lower half first. */
  numbers = new Uint32Array(OWNERS_MIN);
  totals = new Uint32Array(2 * OWNERS_MIN);
  readonly #counters: SubscriberCounters;
  #serial: number;

  constructor(counters: SubscriberCounters) {
    this.#counters = counters;
    this.#serial = counters.nextSerial();
  }

  /** The device's number; -1 where the subscriber's total is beyond 64 bits. */
  indexOf(device: CounterDevice): number {
    if (device.serial === this.#serial) return device.index;
    const subscriber = this.#indexOfSubscriber(device.subscriber);
    if (subscriber === -1) return -1;
    device.serial = this.#serial;
    device.index = this.devices.push(device) - 1;
    if (device.index === this.subscriberOf.length) this.subscriberOf = longer(this.subscriberOf);
    this.subscriberOf[device.index] = subscriber;
    return device.index;
  }

  /** Adds an amount of 64 bits, given by halves, to a subscriber's total. @returns false where it would not fit */
  add(subscriber: number, low: number, high: number): boolean {
    const at = 2 * subscriber;
    const sumLow = (this.totals[at] as number) + low;
    const carry = sumLow >= HALF ? 1 : 0;
    const sumHigh = (this.totals[at + 1] as number) + high + carry;
    if (sumHigh >= HALF) return false;
    this.totals[at] = sumLow;
    this.totals[at + 1] = sumHigh;
    this.numbers[subscriber] = (this.numbers[subscriber] as number) + 1;
    return true;
  }

  /** A subscriber's running total with what is staged. */
  totalOf(counter: SubscriberCounter): bigint {
    return counter.serial === this.#serial
      ? this.#totalAt(counter.index)
      : counter.runningTotalNano;
  }

  /** Numbers and totals go back to the subscribers; all are forgotten. */
  settle(): void {
    const { subscribers, numbers, totals } = this;
    for (let at = 0; at < subscribers.length; at++) {
      const [low, high] = [totals[2 * at], totals[2 * at + 1]] as [number, number];
      (subscribers[at] as SubscriberCounter).settle(numbers[at] as number, low, high);
    }
    this.devices.length = 0;
    this.subscribers.length = 0;
    this.#serial = this.#counters.nextSerial();
  }

  #indexOfSubscriber(counter: SubscriberCounter): number {
    if (counter.serial === this.#serial) return counter.index;
    if (counter.isTotalWide) return -1;
    counter.serial = this.#serial;
    const at = this.subscribers.push(counter) - 1;
    counter.index = at;
    if (at === this.numbers.length) {
      this.numbers = longer(this.numbers);
      this.totals = longer(this.totals);
    }
    this.numbers[at] = counter.chargeNumber;
    this.totals[2 * at] = counter.totalLow;
    this.totals[2 * at + 1] = counter.totalHigh;
    return at;
  }

  #totalAt(subscriber: number): bigint {
    const [low, high] = [this.totals[2 * subscriber], this.totals[2 * subscriber + 1]];
    return (BigInt(high as number) << 32n) + BigInt(low as number);
  }
}

function longer(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const made = new Uint32Array(2 * numbers.length);
  made.set(numbers);
  return made;
}
