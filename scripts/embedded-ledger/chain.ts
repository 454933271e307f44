import { type Anvil, JsonRpcError } from "./anvil.ts";
import type { JournalEntry } from "./saved-state.ts";

export interface Head {
  number: number;
  timeSeconds: number;
}

/** What a running anvil holds, and the one way to move it on: a step, live or replayed. */
export class Chain {
  readonly anvil: Anvil;
  #head: Head;
  #waiting: string[] = [];

  private constructor(anvil: Anvil, head: Head) {
    this.anvil = anvil;
    this.#head = head;
  }

  static async of(anvil: Anvil): Promise<Chain> {
    return new Chain(anvil, await headOf(anvil));
  }

  get head(): Head {
    return this.#head;
  }

  /** Transactions behind a gap in their sender's nonces: in no block and in no dump. */
  get waiting(): readonly string[] {
    return this.#waiting;
  }

  /** Checked and accepted, but in no block yet. @throws JsonRpcError */
  async intoPool(signed: string): Promise<string> {
    return (await this.anvil.call("eth_sendRawTransaction", signed)) as string;
  }

  async dropFromPool(hash: string): Promise<void> {
    await this.anvil.call("anvil_dropTransaction", hash);
  }

  /** Puts what is in the pool, and can be executed, into blocks of the given time. */
  async take(entry: JournalEntry): Promise<void> {
    if (entry.transactions.length === 0) await this.#mine(entry.timeSeconds);
    let pool = await this.#pool();
    while (pool.pending > 0) {
      await this.#mine(entry.timeSeconds);
      const left = await this.#pool();
      if (left.pending >= pool.pending) break; // can not be executed: it stays out
      pool = left;
    }
    this.#waiting = pool.queued === 0 ? [] : [...this.#waiting, ...entry.transactions];
    this.#head = await headOf(this.anvil);
  }

  /** Takes a step from the journal; one that the state holds already changes nothing. */
  async replay(entry: JournalEntry): Promise<void> {
    if (entry.head < this.#head.number) return;
    for (const signed of entry.transactions) {
      await this.intoPool(signed).catch((error: unknown) => {
        if (!(error instanceof JsonRpcError)) throw error; // "nonce too low": it is in a block
      });
    }
    await this.take(entry);
  }

  async #mine(timeSeconds: number): Promise<void> {
    const timestamp = Math.max(timeSeconds, this.#head.timeSeconds);
    await this.anvil.call("evm_mine", { timestamp });
  }

  async #pool(): Promise<{ pending: number; queued: number }> {
    const pool = (await this.anvil.call("txpool_status")) as { pending: string; queued: string };
    return { pending: Number(pool.pending), queued: Number(pool.queued) };
  }
}

async function headOf(anvil: Anvil): Promise<Head> {
  const block = (await anvil.call("eth_getBlockByNumber", "latest", false)) as {
    number: string;
    timestamp: string;
  };
  return { number: Number(block.number), timeSeconds: Number(block.timestamp) };
}
