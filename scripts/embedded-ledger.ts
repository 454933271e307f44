import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { TallystickError } from "../node/core/errors.ts";
import { type Anvil, CHAIN_ID, JsonRpcError } from "./embedded-ledger/anvil.ts";
import { bringUp } from "./embedded-ledger/bring-up.ts";
import type { Chain, Head } from "./embedded-ledger/chain.ts";
import { JsonRpcDoor, type JsonRpcRequest } from "./embedded-ledger/json-rpc-door.ts";
import { type ClockRecord, LedgerClock } from "./embedded-ledger/ledger-clock.ts";
import { Ownership } from "./embedded-ledger/ownership.ts";
import { type JournalEntry, SavedState } from "./embedded-ledger/saved-state.ts";

const PORT_DEFAULT = 8545;
/** A dump only shortens the next start: the journal has everything. */
const STEPS_BETWEEN_SAVES = 500;
const SECONDS_BETWEEN_SAVES = 30;
const RESTART_MILLISECONDS_MAX = 10_000;
const POOL_ATTEMPTS_MAX = 10;
const END_KNOWN_MILLISECONDS = 2_000;

export interface EmbeddedLedgerOptions {
  /** Where the chain is kept; made when absent. */
  directory: string;
  /** Wished port, 8545 unless given; a free one is taken when it is busy. */
  port?: number;
  /** Time of the first block of a new chain, seconds since 1970; the wall clock's unless given. */
  genesisTimeSeconds?: number;
  /** One sentence for people: a port that was busy, a restart, a generation that was damaged. */
  onNotice?: (text: string) => void;
  wallMilliseconds?: () => number;
}

/**
 * The ledger of one machine: an anvil that nobody but this class talks to, a door in front of it and
 * a journal behind. Every signed transaction is durable in the journal, with its block's time, before
 * it is put into a block, and put into the block before its sender has an answer. So what was
 * answered is final: kill -9 of anvil or of this process at any moment leads back to the same blocks
 * with the same hashes and times.
 *
 * Gas costs nothing and no account is funded or known beforehand. One block holds one transaction.
 */
export class EmbeddedLedger {
  static readonly chainId = CHAIN_ID;

  readonly #options: EmbeddedLedgerOptions;
  readonly #saved: SavedState;
  readonly #ownership: Ownership;
  readonly #door: JsonRpcDoor;
  #clock = new LedgerClock(undefined);
  /** The newest one; its anvil may have died, then the next is on its way. */
  #chain: Chain | undefined;
  #port: number | undefined;
  #isStopping = false;
  #stepsSinceSave = 0;
  #saveTimer: NodeJS.Timeout | undefined;
  /** Steps, saves and restarts happen one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: EmbeddedLedgerOptions) {
    this.#options = options;
    this.#saved = new SavedState(options.directory);
    this.#ownership = new Ownership(options.directory);
    this.#door = new JsonRpcDoor({
      sendRawTransaction: (signed) => this.#inTurn(() => this.#include(signed)),
      ask: (request) => this.#ask(request),
    });
  }

  /** @throws TallystickError `embedded-ledger.not-started` before `start` */
  get url(): string {
    if (this.#port === undefined) {
      throw new TallystickError("embedded-ledger.not-started", "The ledger is not started.");
    }
    return `http://127.0.0.1:${this.#port}`;
  }

  /** The process behind the door; undefined while there is none. */
  get anvilPid(): number | undefined {
    const anvil = this.#chain?.anvil;
    return anvil?.isRunning ? anvil.pid : undefined;
  }

  /**
   * Brings the chain up where it was and listens.
   * @throws TallystickError `embedded-ledger.already-running`, `embedded-ledger.state-lost`,
   *   `embedded-ledger.not-started`
   */
  async start(): Promise<void> {
    await this.#ownership.take();
    try {
      const record = (await this.#saved.readRecord("clock.json")) as ClockRecord | undefined;
      this.#clock = new LedgerClock(record, this.#options.wallMilliseconds);
      await this.#inTurn(() => this.#bringUp());
      const wished = this.#options.port ?? PORT_DEFAULT;
      this.#port = await this.#door.open(wished);
      if (wished !== 0 && this.#port !== wished) {
        this.#notice(`Port ${wished} is busy; the ledger listens at ${this.#port}.`);
      }
      await this.#ownership.note(this.#living().anvil.pid, this.url);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#saveTimer = setInterval(() => {
      this.save().catch((error: Error) => this.#notice(error.message));
    }, SECONDS_BETWEEN_SAVES * 1000);
    this.#saveTimer.unref();
  }

  /** Saves and ends. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    clearInterval(this.#saveTimer);
    await this.#door.close();
    await this.#inTurn(async () => {
      // A disk that refuses the dump must not keep the process alive; the journal has it all.
      await this.#saveNow().catch((error: Error) => this.#notice(error.message));
      await this.#chain?.anvil.kill();
      this.#chain = undefined;
    });
    await this.#saved.close();
    await this.#ownership.release();
  }

  /** Writes a new generation if anything happened since the last. */
  async save(): Promise<void> {
    await this.#inTurn(() => this.#saveNow());
  }

  /** Seconds since 1970 that a block made now would carry. */
  now(): number {
    return this.#clock.nowSeconds(this.#head.timeSeconds);
  }

  /**
   * The next blocks carry times that start here and go on, over restarts as well.
   * @throws TallystickError `embedded-ledger.time-runs-backwards`
   */
  async setTime(seconds: number): Promise<void> {
    await this.#inTurn(async () => {
      this.#clock.set(seconds, this.#head.timeSeconds);
      await this.#clockChanged();
    });
  }

  /** Back to the wall clock; until it has passed the last block's time, the ledger's stands still. */
  async releaseTime(): Promise<void> {
    await this.#inTurn(async () => {
      this.#clock.release();
      await this.#clockChanged();
    });
  }

  /** An empty block at the clock's time, for readers who look at the last block. */
  async mine(): Promise<void> {
    await this.#inTurn(async () => {
      const entry = { head: this.#head.number, timeSeconds: this.now(), transactions: [] };
      await this.#saved.append(entry);
      await this.#takeOrComeBack(entry);
    });
  }

  get #head(): Head {
    return this.#chain?.head ?? { number: 0, timeSeconds: 0 };
  }

  async #include(signed: string): Promise<string> {
    // Into the pool first: what anvil refuses (signature, nonce) never reaches the journal.
    const hash = await this.#intoPool(signed);
    const entry = { head: this.#head.number, timeSeconds: this.now(), transactions: [signed] };
    try {
      await this.#saved.append(entry);
    } catch (error) {
      await this.#living().dropFromPool(hash);
      throw error;
    }
    await this.#takeOrComeBack(entry);
    return hash;
  }

  /** Should anvil die under it, it is asked again once it is back, and the next one after that. */
  async #intoPool(signed: string): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#living().intoPool(signed);
      } catch (error) {
        const isAnswered = error instanceof JsonRpcError || this.#isStopping;
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
      if (this.#isStopping || error instanceof JsonRpcError) throw error;
      await this.#comeBack();
    }
    if (this.#stepsSinceSave < STEPS_BETWEEN_SAVES) return;
    // The step itself is done and durable, whatever becomes of the dump.
    await this.#saveNow().catch((error: Error) => this.#notice(error.message));
  }

  async #bringUp(): Promise<void> {
    const { chain, steps } = await bringUp(
      this.#saved,
      await this.#genesisTime(),
      (anvil) => this.#ownership.note(anvil.pid, undefined),
      (text) => this.#notice(text),
    );
    this.#chain = chain;
    this.#stepsSinceSave = steps;
    this.#clock.resume(chain.head.timeSeconds);
    await chain.anvil.call("anvil_setTime", this.now());
    this.#watch(chain.anvil);
  }

  /** Written down once: block 0 must be the same at every start. */
  async #genesisTime(): Promise<number> {
    const known = (await this.#saved.readRecord("genesis.json")) as
      | { timeSeconds: number }
      | undefined;
    if (known !== undefined) return known.timeSeconds;
    const timeSeconds = this.#options.genesisTimeSeconds ?? this.now();
    await this.#saved.writeRecord("genesis.json", { timeSeconds });
    return timeSeconds;
  }

  #watch(anvil: Anvil): void {
    void anvil.exited.then(() =>
      this.#inTurn(async () => {
        if (this.#chain?.anvil === anvil && !this.#isStopping) await this.#comeBack();
      }),
    );
  }

  /** After anvil died: the same as a start, again and again until it works. */
  async #comeBack(): Promise<void> {
    this.#notice(
      "The ledger's process ended unexpectedly; it is started again from its saved state.",
    );
    await this.#chain?.anvil.kill();
    for (
      let pause = 100;
      !this.#isStopping;
      pause = Math.min(2 * pause, RESTART_MILLISECONDS_MAX)
    ) {
      try {
        await this.#bringUp();
        return;
      } catch (error) {
        this.#notice(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #saveNow(): Promise<void> {
    const chain = this.#chain;
    if (chain === undefined || this.#stepsSinceSave === 0) return;
    const dump = (await chain.anvil.call("anvil_dumpState")) as string;
    const state = await promisify(gunzip)(Buffer.from(dump.slice(2), "hex"));
    const { number: head, timeSeconds } = chain.head;
    const waiting =
      chain.waiting.length === 0 ? [] : [{ head, timeSeconds, transactions: [...chain.waiting] }];
    await this.#saved.rotate(state, waiting);
    this.#stepsSinceSave = 0;
  }

  async #clockChanged(): Promise<void> {
    await this.#saved.writeRecord("clock.json", this.#clock.record);
    try {
      await this.#living().anvil.call("anvil_setTime", this.now());
    } catch (error) {
      if (this.#isStopping || error instanceof JsonRpcError) throw error;
      await this.#comeBack(); // with the recorded time
    }
  }

  /** A question while anvil is coming back waits for it and is asked once more. */
  async #ask(request: JsonRpcRequest): Promise<unknown> {
    const asked = this.#chain?.anvil;
    try {
      return await this.#living().anvil.forward(request);
    } catch {
      // It falls silent a moment before its end is known and coming back begins.
      await Promise.race([asked?.exited, sleep(END_KNOWN_MILLISECONDS, undefined, { ref: false })]);
      await this.#inTurn(async () => {});
      return await this.#living().anvil.forward(request);
    }
  }

  #living(): Chain {
    if (this.#chain === undefined) {
      throw new TallystickError("embedded-ledger.down", "The embedded ledger is down.");
    }
    return this.#chain;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => {});
    return result;
  }

  #notice(text: string): void {
    this.#options.onNotice?.(text);
  }
}
