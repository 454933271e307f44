import { TallystickError } from "../core/errors.ts";
import type { BlockHead } from "../engine/commit/ledger.ts";
import type { LedgerTime } from "../engine/operator.ts";

/** Where the newest time is kept over restarts; seconds. */
export interface TimeRecord {
  read(): Promise<bigint | undefined>;
  write(seconds: bigint): Promise<void>;
}

export interface Clocks {
  /** The machine's; it can be set back. */
  wallMilliseconds(): number;
  /** Runs since the process began, and never back. */
  steadyMilliseconds(): number;
}

const OWN_CLOCKS: Clocks = {
  wallMilliseconds: () => Date.now(),
  steadyMilliseconds: () => performance.now(),
};

/** The record is at most so much older than what was told. */
const RECORD_EVERY_SECONDS = 60n;

/** Further than this from the record the machine's clock is not believed: old records would be refused. */
const WALL_AHEAD_MAX_SECONDS = 7n * 86_400n;

/**
 * The ledger's time; while it can not be reached, the last known one moved on by the time that this
 * process ran, whatever becomes of the machine's clock, so that intake goes on. It never goes back
 * below what the ledger said: not when that lost blocks, and not at a start, since it is recorded.
 * Before the ledger was reached it is the machine's clock, no earlier than the record and no more than
 * seven days later; it is not recorded, as it may be wrong.
 */
export class LastKnownTime implements LedgerTime {
  readonly #ledger: { head(): Promise<BlockHead> };
  readonly #record: TimeRecord | undefined;
  readonly #clocks: Clocks;
  #last: { seconds: bigint; at: number } | undefined;
  #highest = 0n;
  #recorded = 0n;
  #read: Promise<void> | undefined;

  constructor(
    ledger: { head(): Promise<BlockHead> },
    record?: TimeRecord,
    clocks: Clocks = OWN_CLOCKS,
  ) {
    this.#ledger = ledger;
    this.#record = record;
    this.#clocks = clocks;
  }

  async seconds(): Promise<bigint> {
    this.#read ??= this.#readRecord();
    await this.#read;
    const now = await this.#ofLedger();
    if (now === undefined) return this.#ofMachine();
    if (now > this.#highest) this.#highest = now;
    await this.#keep();
    return this.#highest;
  }

  #ofMachine(): bigint {
    const wall = BigInt(Math.floor(this.#clocks.wallMilliseconds() / 1000));
    if (this.#highest === 0n) return wall;
    const latest = this.#highest + WALL_AHEAD_MAX_SECONDS;
    if (wall > latest) return latest;
    return wall > this.#highest ? wall : this.#highest;
  }

  async #ofLedger(): Promise<bigint | undefined> {
    const { steadyMilliseconds } = this.#clocks;
    try {
      const { time } = await this.#ledger.head();
      this.#last = { seconds: time, at: steadyMilliseconds() };
      return time;
    } catch (error) {
      if (!(error instanceof TallystickError) || error.code !== "ledger.unreachable") throw error;
      if (this.#last === undefined) return undefined;
      const elapsed = Math.floor((steadyMilliseconds() - this.#last.at) / 1000);
      return this.#last.seconds + BigInt(elapsed);
    }
  }

  async #readRecord(): Promise<void> {
    try {
      this.#recorded = (await this.#record?.read()) ?? 0n;
    } catch (error) {
      this.#read = undefined;
      throw error;
    }
    if (this.#recorded > this.#highest) this.#highest = this.#recorded;
  }

  async #keep(): Promise<void> {
    if (this.#record === undefined) return;
    if (this.#highest - this.#recorded < RECORD_EVERY_SECONDS) return;
    const before = this.#recorded;
    this.#recorded = this.#highest;
    // A disk that is full is told by whoever has something to lose on it.
    await this.#record.write(this.#highest).catch(() => {
      this.#recorded = before;
    });
  }
}
