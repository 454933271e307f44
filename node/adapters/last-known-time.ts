import { TallystickError } from "../core/errors.ts";
import type { BlockHead } from "../engine/ledger.ts";
import type { LedgerTime } from "../engine/operator.ts";

/**
 * The ledger's time; while it can not be reached, the last known one moved on by the time that this
 * process ran, whatever becomes of the machine's clock, so that intake goes on. Before the ledger
 * was ever reached it is the machine's clock.
 */
export class LastKnownTime implements LedgerTime {
  readonly #ledger: { head(): Promise<BlockHead> };
  #last: { seconds: bigint; at: number } | undefined;

  constructor(ledger: { head(): Promise<BlockHead> }) {
    this.#ledger = ledger;
  }

  async seconds(): Promise<bigint> {
    try {
      const { time } = await this.#ledger.head();
      this.#last = { seconds: time, at: performance.now() };
      return time;
    } catch (error) {
      if (!(error instanceof TallystickError) || error.code !== "ledger.unreachable") throw error;
      if (this.#last === undefined) return BigInt(Math.floor(Date.now() / 1000));
      const elapsed = Math.floor((performance.now() - this.#last.at) / 1000);
      return this.#last.seconds + BigInt(elapsed);
    }
  }
}
