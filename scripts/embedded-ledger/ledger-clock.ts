import { TallystickError } from "../../node/core/errors.ts";

/** What is written down, so that a restart goes on where the clock stood. */
export interface ClockRecord {
  /** Whether `setTime` was called and `releaseTime` has not been since. */
  held: boolean;
  /** The last time that was set, in seconds since 1970; blocks may be later. */
  setSeconds: number;
}

/**
 * The embedded ledger's clock. Released, it is the wall clock; once set, it runs from the time that
 * was set at the wall clock's pace and, after a restart, from the last block's time: the time while
 * the ledger was down does not count, so that nothing falls due because a laptop was closed.
 */
export class LedgerClock {
  #record: ClockRecord;
  #offsetMilliseconds = 0;
  readonly #wallMilliseconds: () => number;

  constructor(record: ClockRecord | undefined, wallMilliseconds: () => number = Date.now) {
    this.#record = record ?? { held: false, setSeconds: 0 };
    this.#wallMilliseconds = wallMilliseconds;
  }

  get record(): ClockRecord {
    return { ...this.#record };
  }

  /** Call when the ledger has come up. */
  resume(lastBlockSeconds: number): void {
    if (this.#record.held) this.#runFrom(Math.max(lastBlockSeconds, this.#record.setSeconds));
  }

  /** @throws TallystickError `embedded-ledger.time-runs-backwards`, `embedded-ledger.not-a-time` */
  set(seconds: number, lastBlockSeconds: number): void {
    if (!Number.isSafeInteger(seconds) || seconds < 0) {
      throw new TallystickError(
        "embedded-ledger.not-a-time",
        `The ledger's time is a whole number of seconds since 1970, not ${seconds}.`,
      );
    }
    if (seconds < lastBlockSeconds) {
      throw new TallystickError(
        "embedded-ledger.time-runs-backwards",
        `The ledger's last block was made at ${lastBlockSeconds}; its clock can not be set to ${seconds}.`,
      );
    }
    this.#record = { held: true, setSeconds: seconds };
    this.#runFrom(seconds);
  }

  release(): void {
    this.#record = { held: false, setSeconds: 0 };
    this.#offsetMilliseconds = 0;
  }

  /** The next block's time: never before the last block's, whatever the wall clock does. */
  nowSeconds(lastBlockSeconds: number): number {
    const now = Math.floor((this.#wallMilliseconds() + this.#offsetMilliseconds) / 1000);
    return Math.max(lastBlockSeconds, now);
  }

  #runFrom(seconds: number): void {
    this.#offsetMilliseconds = seconds * 1000 - this.#wallMilliseconds();
  }
}
