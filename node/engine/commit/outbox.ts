import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { Store } from "../store/store.ts";
import { OneAtATime } from "../store/turns.ts";
import type { Duty, LedgerCall, LedgerWriter } from "./ledger.ts";
import { callDigest, OutboxJournal, type Settled } from "./outbox-journal.ts";
import { type LaneProgress, OutboxLane, type OutboxLimits } from "./outbox-lane.ts";
import { OutboxLoop } from "./outbox-loop.ts";

export interface OutboxOptions extends Partial<OutboxLimits> {
  /** Settled transactions of each sender whose bytes stay, to repair a ledger that lost them. */
  bytesKeptMax?: number;
  /** Calls that wait in the queue; enqueueing more is refused. */
  queuedMax?: number;
  /**
   * Told of every settlement, and again with the new block when a lost transaction came back. A
   * crash may swallow it: whoever keeps a state of its own asks `find` when it starts.
   */
  onSettled?: (settled: Settled) => void;
  /** Told when a pump of the loop fails; `ledger.unreachable` is told once until it is over. */
  onTrouble?: (error: unknown) => void;
}

export interface PendingCall {
  key: string;
  purpose: string;
  state: "queued" | "sent";
  sender: Hex;
  nonce?: bigint;
  hash?: Hex;
  /** Why the ledger does not take it; it is tried again all the same. */
  trouble?: TallystickError;
}

const IN_FLIGHT_MAX = 16;
const RESEND_AFTER_PUMPS = 20;
const REPLACED_AFTER_LOOKS = 3;
const REPLAY_HOLDS_MAX = 100;
const BYTES_KEPT_MAX = 10_000;
const QUEUED_MAX = 20_000;

/**
 * Brings calls to the ledger exactly once, in order per sender, whatever crashes. The life of a call,
 * and what a `kill -9` after each step leaves:
 *
 *   enqueue   in the journal, durable       it is signed and sent after the restart
 *   sign      nonce and bytes durable       the very same bytes are sent
 *   send      nothing is written            sent again; the ledger knows the bytes and takes them once
 *   mined     nothing is written            the receipt is asked for again
 *   settle    result and bytes, atomically  before it: asked for again; after it: over
 *
 * A start and a recovery are the same: the open entries are read, and everything unmined is sent.
 * Enqueueing never waits for the ledger. One outbox writes with a key; nobody else does.
 */
export class Outbox {
  readonly #ledger: LedgerWriter;
  readonly #journal: OutboxJournal;
  readonly #limits: OutboxLimits;
  readonly #options: OutboxOptions;
  readonly #lanes = new Map<Hex, OutboxLane>();
  readonly #waiting = new Map<string, ((settled: Settled) => void)[]>();
  /** False at the start and after a pump's write failed: only the store knows, memory is empty. */
  #isLoaded = false;
  /** An enqueue's write failed while a pump may be at work: the next pump reads the store anew. */
  #isStale = false;
  #checkedAtBlock: bigint | undefined;
  #nextOrdinal = 1;
  readonly #pumping = new OneAtATime();
  /** Never held while the ledger is asked something. */
  readonly #enqueueing = new OneAtATime();
  readonly #loop: OutboxLoop;

  constructor(ledger: LedgerWriter, store: Store, options: OutboxOptions = {}) {
    this.#ledger = ledger;
    this.#journal = new OutboxJournal(store, options.bytesKeptMax ?? BYTES_KEPT_MAX);
    this.#limits = {
      inFlightMax: options.inFlightMax ?? IN_FLIGHT_MAX,
      resendAfterPumps: options.resendAfterPumps ?? RESEND_AFTER_PUMPS,
      replacedAfterLooks: options.replacedAfterLooks ?? REPLACED_AFTER_LOOKS,
      replayHoldsMax: options.replayHoldsMax ?? REPLAY_HOLDS_MAX,
    };
    this.#options = options;
    this.#loop = new OutboxLoop(async () => {
      const progress = await this.pump();
      if (Object.values(progress).some((count) => count > 0)) return "advanced";
      return this.#size() > 0 ? "waiting" : "idle";
    }, options.onTrouble);
  }

  /**
   * Takes a call for sending; it is durable when this resolves. The same key with the same call
   * again is no second call.
   * @throws TallystickError `outbox.key-reused` for the same key with another call,
   *   `outbox.full`, `ledger.call-unknown`, and those of the store: then enqueue it again
   */
  async enqueue(request: {
    key: string;
    purpose: string;
    duty: Duty;
    call: LedgerCall;
  }): Promise<void> {
    const call = this.#ledger.prepare(request.call);
    const sender = this.#ledger.senderOf(request.duty);
    await this.#enqueueing.run(async () => {
      if (!this.#isLoaded) await this.#load();
      const known = await this.#journal.find(request.key);
      if (known !== undefined) {
        if (known.callDigest === callDigest(call)) return;
        throw new TallystickError(
          "outbox.key-reused",
          `The key ${request.key} already stands for another call to the ledger.`,
        );
      }
      this.#assertRoom();
      const { key, purpose, duty } = request;
      const entry = { ordinal: this.#takeOrdinal(), key, purpose, duty, sender, call };
      try {
        await this.#journal.queue(entry);
      } catch (error) {
        this.#isStale = true;
        throw error;
      }
      this.#laneOf(sender).add(entry);
    });
    this.#loop.wake();
  }

  /**
   * Resolves once the call is settled, at once when it is already.
   * @throws TallystickError `outbox.key-unknown`
   */
  async settled(key: string): Promise<Settled> {
    const found = await this.#journal.find(key);
    if (found === undefined) {
      throw new TallystickError("outbox.key-unknown", `No call was enqueued under ${key}.`);
    }
    if (found.settled !== undefined) return found.settled;
    return await new Promise((resolve) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), resolve]);
      // It may have been settled between the look and the waiting.
      void this.#tellWaiting(key);
    });
  }

  /** Whether a call was taken under this key, however it stands with it. */
  async has(key: string): Promise<boolean> {
    return (await this.#journal.find(key)) !== undefined;
  }

  /** How the call ended; undefined while it is on its way, or when the key is unknown. */
  async find(key: string): Promise<Settled | undefined> {
    return (await this.#journal.find(key))?.settled;
  }

  /** What is not settled, in the order in which each sender's calls take effect. */
  pending(): PendingCall[] {
    return [...this.#lanes.values()].flatMap((lane) =>
      lane.entries().map((entry): PendingCall => {
        const { key, purpose, sender, signed } = entry;
        const trouble = lane.troubleOf(entry);
        return {
          key,
          purpose,
          sender,
          state: signed === undefined ? "queued" : "sent",
          ...(signed === undefined ? {} : { nonce: signed.nonce, hash: signed.hash }),
          ...(trouble === undefined ? {} : { trouble }),
        };
      }),
    );
  }

  /** Reads the open entries, so that `pending` shows them before the first pump. */
  async recover(): Promise<void> {
    await this.#pumping.run(() => this.#reload());
  }

  /**
   * One step: repairs what the ledger lost, settles what is final, signs what may go out, sends
   * what is due. Does the same for the same answers of ledger and store.
   * @throws TallystickError `ledger.unreachable`, `outbox.tail-forgotten`, those of the store: what
   *   was done before stays done, and the next pump goes on
   */
  async pump(): Promise<LaneProgress> {
    return await this.#pumping.run(async () => {
      if (!this.#isLoaded || this.#isStale) await this.#reload();
      const total = { signed: 0, sent: 0, settled: 0, reopened: 0 };
      const isChecked = await this.#checkLedger();
      const finalHead = await this.#ledger.finalHead();
      for (const lane of this.#lanes.values()) {
        const progress = await this.#orUnload(lane.pump(finalHead, isChecked));
        for (const step of ["signed", "sent", "settled", "reopened"] as const) {
          total[step] += progress[step];
        }
      }
      return total;
    });
  }

  start(): void {
    this.#loop.start();
  }

  /** Resolves when the running pump is over. Nothing is lost: what is open goes on at next start. */
  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /**
   * A ledger that is another one, or was set back, gets nothing before it was looked at.
   * @returns false where nothing waited to be sent: each contract is asked for, and most commands send nothing
   */
  async #checkLedger(): Promise<boolean> {
    const head = await this.#ledger.head();
    if (this.#checkedAtBlock !== undefined && head.number < this.#checkedAtBlock) {
      this.#checkedAtBlock = undefined;
    }
    if (this.#checkedAtBlock === undefined) {
      if (this.#size() === 0) return false;
      await this.#ledger.check();
    }
    this.#checkedAtBlock = head.number;
    return true;
  }

  /** No call is taken meanwhile: one that is written during the scan would be missed. */
  async #reload(): Promise<void> {
    await this.#enqueueing.run(() => this.#load());
  }

  async #load(): Promise<void> {
    const open = await this.#journal.openEntries();
    const lanes = new Map<Hex, OutboxLane>();
    for (const sender of [
      ...(await this.#journal.settledSenders()),
      ...open.map((e) => e.sender),
    ]) {
      if (lanes.has(sender)) continue;
      lanes.set(sender, this.#newLane(sender, await this.#journal.highestSettledNonce(sender)));
    }
    this.#lanes.clear();
    for (const [sender, lane] of lanes) this.#lanes.set(sender, lane);
    for (const entry of open) {
      this.#laneOf(entry.sender).add(entry);
      this.#nextOrdinal = Math.max(this.#nextOrdinal, entry.ordinal + 1);
    }
    this.#isLoaded = true;
    this.#isStale = false;
    for (const key of [...this.#waiting.keys()]) await this.#tellWaiting(key);
  }

  #laneOf(sender: Hex): OutboxLane {
    const lane = this.#lanes.get(sender) ?? this.#newLane(sender, undefined);
    this.#lanes.set(sender, lane);
    return lane;
  }

  #newLane(sender: Hex, highestSettledNonce: bigint | undefined): OutboxLane {
    return new OutboxLane(sender, highestSettledNonce, {
      ledger: this.#ledger,
      journal: this.#journal,
      limits: this.#limits,
      nextOrdinal: () => this.#takeOrdinal(),
      onSettled: (settled) => this.#tell(settled),
    });
  }

  #takeOrdinal(): number {
    this.#nextOrdinal += 1;
    return this.#nextOrdinal - 1;
  }

  #tell(settled: Settled): void {
    for (const resolve of this.#waiting.get(settled.key) ?? []) resolve(settled);
    this.#waiting.delete(settled.key);
    this.#options.onSettled?.(settled);
  }

  async #tellWaiting(key: string): Promise<void> {
    const settled = await this.find(key);
    if (settled === undefined) return;
    for (const resolve of this.#waiting.get(key) ?? []) resolve(settled);
    this.#waiting.delete(key);
  }

  #size(): number {
    return [...this.#lanes.values()].reduce((sum, lane) => sum + lane.size, 0);
  }

  #assertRoom(): void {
    const queuedMax = this.#options.queuedMax ?? QUEUED_MAX;
    const queued = this.#size();
    if (queued >= queuedMax) {
      throw new TallystickError(
        "outbox.full",
        `${queued} calls wait for the ledger already. See why it does not take them.`,
      );
    }
  }

  /** After a failed write only the store knows what happened. The ledger's failures change nothing. */
  async #orUnload<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof TallystickError && error.code.startsWith("store.")) {
        this.#isLoaded = false;
      }
      throw error;
    }
  }
}
