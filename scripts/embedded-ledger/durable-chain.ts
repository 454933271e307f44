import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { TallystickError } from "../../node/core/errors.ts";
import { type Anvil, JsonRpcError } from "./anvil.ts";
import { bringUp } from "./bring-up.ts";
import type { Chain, Head } from "./chain.ts";
import type { JsonRpcRequest } from "./json-rpc-door.ts";
import type { LedgerClock } from "./ledger-clock.ts";
import type { JournalEntry, SavedState } from "./saved-state.ts";

/** A dump only shortens the next start: the journal has everything. */
const STEPS_BETWEEN_SAVES = 500;
const RESTART_MILLISECONDS_MAX = 10_000;
const POOL_ATTEMPTS_MAX = 10;
const END_KNOWN_MILLISECONDS = 2_000;

export interface DurableChainParts {
  saved: SavedState;
  clock: LedgerClock;
  genesisTimeSeconds: number;
  /** Steps, saves and restarts happen one after the other. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Hears of each anvil before anything is asked of it. */
  onStarted: (anvil: Anvil) => Promise<void>;
  onNotice: (text: string) => void;
}

/**
 * The chain, whatever becomes of the anvil that holds it: each step is durable in the journal before it is taken, and
 * an anvil that died is started again from what was saved. All of it in the caller's turn, but for questions.
 */
export class DurableChain {
  readonly #parts: DurableChainParts;
  #chain: Chain | undefined;
  #stepsSinceSave = 0;
  #isGivenUp = false;

  constructor(parts: DurableChainParts) {
    this.#parts = parts;
  }

  get head(): Head {
    return this.#chain?.head ?? { number: 0, timeSeconds: 0 };
  }

  /** The newest one: it may have died, then the next is on its way. */
  get anvil(): Anvil | undefined {
    return this.#chain?.anvil;
  }

  /** Seconds since 1970 that a block made now would carry. */
  now(): number {
    return this.#parts.clock.nowSeconds(this.head.timeSeconds);
  }

  /** @throws TallystickError `embedded-ledger.state-lost`, `embedded-ledger.not-started` */
  async bringUp(): Promise<void> {
    const { saved, clock, genesisTimeSeconds, onStarted, onNotice } = this.#parts;
    const { chain, steps } = await bringUp(saved, genesisTimeSeconds, onStarted, onNotice);
    this.#chain = chain;
    this.#stepsSinceSave = steps;
    clock.resume(chain.head.timeSeconds);
    await chain.anvil.call("anvil_setTime", this.now());
    this.#watch(chain.anvil);
  }

  /** Puts a signed transaction into a block. @returns its hash @throws JsonRpcError where anvil refuses it */
  async include(signed: string): Promise<string> {
    // Into the pool first: what anvil refuses (signature, nonce) never reaches the journal.
    const hash = await this.#intoPool(signed);
    const entry = this.#step([signed]);
    try {
      await this.#parts.saved.append(entry);
    } catch (error) {
      await this.#living().dropFromPool(hash);
      throw error;
    }
    await this.#takeOrComeBack(entry);
    return hash;
  }

  /** An empty block at the clock's time. */
  async mine(): Promise<void> {
    const entry = this.#step([]);
    await this.#parts.saved.append(entry);
    await this.#takeOrComeBack(entry);
  }

  /** The clock was set: anvil's own follows, for questions that are asked of no block. */
  async followClock(): Promise<void> {
    try {
      await this.#living().anvil.call("anvil_setTime", this.now());
    } catch (error) {
      if (this.#isGivenUp || error instanceof JsonRpcError) throw error;
      await this.#comeBack(); // with the recorded time
    }
  }

  /** Writes a new generation if anything happened since the last. */
  async save(): Promise<void> {
    const chain = this.#chain;
    if (chain === undefined || this.#stepsSinceSave === 0) return;
    const dump = (await chain.anvil.call("anvil_dumpState")) as string;
    const state = await promisify(gunzip)(Buffer.from(dump.slice(2), "hex"));
    const waiting = chain.waiting.length === 0 ? [] : [this.#stepOf(chain.head, chain.waiting)];
    await this.#parts.saved.rotate(state, waiting);
    this.#stepsSinceSave = 0;
  }

  /** A question while anvil is coming back waits for it and is asked once more. */
  async ask(request: JsonRpcRequest): Promise<unknown> {
    const asked = this.#chain?.anvil;
    try {
      return await this.#living().anvil.forward(request);
    } catch {
      // It falls silent a moment before its end is known and coming back begins.
      await Promise.race([asked?.exited, sleep(END_KNOWN_MILLISECONDS, undefined, { ref: false })]);
      await this.#parts.inTurn(async () => {});
      return await this.#living().anvil.forward(request);
    }
  }

  /** From now on no anvil is started again. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  async end(): Promise<void> {
    await this.#chain?.anvil.kill();
    this.#chain = undefined;
  }

  #step(transactions: string[]): JournalEntry {
    return this.#stepOf({ number: this.head.number, timeSeconds: this.now() }, transactions);
  }

  #stepOf({ number: head, timeSeconds }: Head, transactions: readonly string[]): JournalEntry {
    return { head, timeSeconds, transactions: [...transactions] };
  }

  /** Should anvil die under it, it is asked again once it is back, and the next one after that. */
  async #intoPool(signed: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#living().intoPool(signed);
      } catch (error) {
        const isAnswered = error instanceof JsonRpcError || this.#isGivenUp;
        if (isAnswered || attempt === POOL_ATTEMPTS_MAX) throw error;
        await this.#comeBack();
      }
    }
  }

  /** The step is in the journal: should anvil die under it, coming back takes it from there. */
  async #takeOrComeBack(entry: JournalEntry): Promise<void> {
    try {
      await this.#living().take(entry);
      this.#stepsSinceSave++;
    } catch (error) {
      if (this.#isGivenUp || error instanceof JsonRpcError) throw error;
      await this.#comeBack();
    }
    if (this.#stepsSinceSave < STEPS_BETWEEN_SAVES) return;
    // The step itself is done and durable, whatever becomes of the dump.
    await this.save().catch((error: Error) => this.#parts.onNotice(error.message));
  }

  #watch(anvil: Anvil): void {
    void anvil.exited.then(() =>
      this.#parts.inTurn(async () => {
        if (this.#chain?.anvil === anvil && !this.#isGivenUp) await this.#comeBack();
      }),
    );
  }

  /** After anvil died: the same as a start, again and again until it works. */
  async #comeBack(): Promise<void> {
    this.#parts.onNotice(
      "The ledger's process ended unexpectedly; it is started again from its saved state.",
    );
    await this.#chain?.anvil.kill();
    for (let pause = 100; !this.#isGivenUp; pause = Math.min(2 * pause, RESTART_MILLISECONDS_MAX)) {
      try {
        await this.bringUp();
        return;
      } catch (error) {
        this.#parts.onNotice(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  #living(): Chain {
    if (this.#chain === undefined) {
      throw new TallystickError("embedded-ledger.down", "The embedded ledger is down.");
    }
    return this.#chain;
  }
}
