import { TallystickError } from "../node/core/errors.ts";
import { CHAIN_ID } from "./embedded-ledger/anvil.ts";
import { DurableChain } from "./embedded-ledger/durable-chain.ts";
import { JsonRpcDoor } from "./embedded-ledger/json-rpc-door.ts";
import { type ClockRecord, LedgerClock } from "./embedded-ledger/ledger-clock.ts";
import { Ownership } from "./embedded-ledger/ownership.ts";
import { SavedState } from "./embedded-ledger/saved-state.ts";

const PORT_DEFAULT = 8545;
const SECONDS_BETWEEN_SAVES = 30;

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
  /** From the start on. */
  #chain: DurableChain | undefined;
  #port: number | undefined;
  #isStopping = false;
  #saveTimer: NodeJS.Timeout | undefined;
  /** Steps, saves and restarts happen one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: EmbeddedLedgerOptions) {
    this.#options = options;
    this.#saved = new SavedState(options.directory);
    this.#ownership = new Ownership(options.directory);
    this.#door = new JsonRpcDoor({
      sendRawTransaction: (signed) => this.#inTurn(() => this.#started().include(signed)),
      ask: (request) => this.#started().ask(request),
    });
  }

  /** @throws TallystickError `embedded-ledger.not-started` before `start` */
  get url(): string {
    if (this.#port === undefined) throw notStarted();
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
      const chain = new DurableChain({
        saved: this.#saved,
        clock: this.#clock,
        genesisTimeSeconds: await this.#genesisTime(),
        inTurn: (work) => this.#inTurn(work),
        onStarted: ({ pid }) => this.#ownership.note(pid, undefined),
        onNotice: (text) => this.#notice(text),
      });
      this.#chain = chain;
      await this.#inTurn(() => chain.bringUp());
      await this.#listen(chain);
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
    this.#chain?.giveUp();
    clearInterval(this.#saveTimer);
    await this.#door.close();
    await this.#inTurn(async () => {
      // A disk that refuses the dump must not keep the process alive; the journal has it all.
      await this.#chain?.save().catch((error: Error) => this.#notice(error.message));
      await this.#chain?.end();
    });
    await this.#saved.close();
    await this.#ownership.release();
  }

  /** Writes a new generation if anything happened since the last. */
  async save(): Promise<void> {
    await this.#inTurn(async () => this.#chain?.save());
  }

  /** Seconds since 1970 that a block made now would carry. */
  now(): number {
    return this.#clock.nowSeconds(this.#chain?.head.timeSeconds ?? 0);
  }

  /**
   * The next blocks carry times that start here and go on, over restarts as well.
   * @throws TallystickError `embedded-ledger.time-runs-backwards`
   */
  async setTime(seconds: number): Promise<void> {
    await this.#changeClock((lastBlockSeconds) => this.#clock.set(seconds, lastBlockSeconds));
  }

  /** Back to the wall clock; until it has passed the last block's time, the ledger's stands still. */
  async releaseTime(): Promise<void> {
    await this.#changeClock(() => this.#clock.release());
  }

  /** An empty block at the clock's time, for readers who look at the last block. */
  async mine(): Promise<void> {
    await this.#inTurn(() => this.#started().mine());
  }

  async #listen(chain: DurableChain): Promise<void> {
    const wished = this.#options.port ?? PORT_DEFAULT;
    this.#port = await this.#door.open(wished);
    if (wished !== 0 && this.#port !== wished) {
      this.#notice(`Port ${wished} is busy; the ledger listens at ${this.#port}.`);
    }
    if (chain.anvil !== undefined) await this.#ownership.note(chain.anvil.pid, this.url);
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

  async #changeClock(change: (lastBlockSeconds: number) => void): Promise<void> {
    await this.#inTurn(async () => {
      const chain = this.#started();
      change(chain.head.timeSeconds);
      await this.#saved.writeRecord("clock.json", this.#clock.record);
      await chain.followClock();
    });
  }

  #started(): DurableChain {
    if (this.#chain === undefined) throw notStarted();
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

const notStarted = () =>
  new TallystickError("embedded-ledger.not-started", "The ledger is not started.");
