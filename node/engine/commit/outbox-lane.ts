import type { Hex } from "../../core/bytes.ts";
import { TallystickError } from "../../core/errors.ts";
import type { BlockHead, LedgerWriter, Receipt } from "./ledger.ts";
import { LedgerRefusal } from "./ledger-refusal.ts";
import { NonceGap } from "./nonce-gap.ts";
import {
  isSigned,
  type OutboxEntry,
  type OutboxJournal,
  type Settled,
  type SignedEntry,
} from "./outbox-journal.ts";

export interface OutboxLimits {
  /** Signed and not yet settled transactions of one sender. */
  inFlightMax: number;
  /** Pumps after which bytes that are not mined are said again. */
  resendAfterPumps: number;
  /** Looks at a used nonce without our receipt before it counts as used by somebody else. */
  replacedAfterLooks: number;
  /** Pumps that a repair waits for what others have to bring back, before it sends all the same. */
  replayHoldsMax: number;
}

export interface LaneProgress {
  signed: number;
  sent: number;
  settled: number;
  reopened: number;
}

interface LaneDependencies {
  ledger: LedgerWriter;
  journal: OutboxJournal;
  limits: OutboxLimits;
  nextOrdinal(): number;
  onSettled(settled: Settled): void;
}

/**
 * Everything one sender has on its way, in order. The ledger takes a sender's transactions strictly
 * by nonce, so a lane's order is the order in which they take effect, and one that waits holds up
 * those behind it.
 */
export class OutboxLane {
  readonly sender: Hex;
  readonly #dependencies: LaneDependencies;
  /** By ordinal. */
  readonly #queued: OutboxEntry[] = [];
  /** By nonce. */
  readonly #signed: SignedEntry[] = [];
  #highestSettledNonce: bigint | undefined;
  /** In memory only: after a restart everything unmined is said again. */
  readonly #pumpsSinceSent = new Map<Hex, number>();
  readonly #looks = new Map<Hex, number>();
  #replayHolds = 0;
  readonly #gap: NonceGap;
  #trouble: { hash: Hex; error: TallystickError } | undefined;

  constructor(
    sender: Hex,
    highestSettledNonce: bigint | undefined,
    dependencies: LaneDependencies,
  ) {
    this.sender = sender;
    this.#highestSettledNonce = highestSettledNonce;
    this.#dependencies = dependencies;
    this.#gap = new NonceGap(dependencies.ledger, dependencies.limits.resendAfterPumps);
  }

  /** The entry is in the journal already. */
  add(entry: OutboxEntry): void {
    if (isSigned(entry)) {
      this.#signed.push(entry);
      this.#signed.sort((a, b) => (a.signed.nonce < b.signed.nonce ? -1 : 1));
    } else {
      this.#queued.push(entry);
      this.#queued.sort((a, b) => a.ordinal - b.ordinal);
    }
  }

  get size(): number {
    return this.#signed.length + this.#queued.length;
  }

  entries(): OutboxEntry[] {
    return [...this.#signed, ...this.#queued];
  }

  /** Why the entry with this hash does not get on, when the ledger said why. */
  troubleOf(entry: OutboxEntry): TallystickError | undefined {
    return this.#trouble?.hash === entry.signed?.hash ? this.#trouble?.error : undefined;
  }

  /** @param mayWrite false while nobody looked whether it is the same ledger: then nothing is signed or sent */
  async pump(finalHead: BlockHead, mayWrite: boolean): Promise<LaneProgress> {
    const { ledger } = this.#dependencies;
    const progress = { signed: 0, sent: 0, settled: 0, reopened: 0 };
    if (this.size === 0 && this.#highestSettledNonce === undefined) return progress;
    // Asked before the receipts: a nonce that is used by now has a receipt by then.
    const minedNonce = await ledger.accountNonce(this.sender, "head");
    progress.reopened = await this.#reopenLost(minedNonce);
    progress.settled = await this.#settleMined(minedNonce, finalHead);
    if (!mayWrite) return progress;
    progress.signed = await this.#signQueued(minedNonce);
    progress.sent = (await this.#fillGap(minedNonce)) + (await this.#sendUnmined(minedNonce));
    return progress;
  }

  /**
   * The ledger's count of our transactions went back behind what was settled: it came back from an
   * older saved state. What is missing is opened again, and goes out in order, byte for byte.
   */
  async #reopenLost(minedNonce: bigint): Promise<number> {
    const { ledger, journal, nextOrdinal } = this.#dependencies;
    if (this.#highestSettledNonce === undefined || minedNonce > this.#highestSettledNonce) return 0;
    // Another or an empty ledger under the same address must not be filled with calls to nowhere.
    await ledger.check();
    const lost = await journal.settledFrom(this.sender, minedNonce);
    const entries = lost.map(({ settled, entry }): SignedEntry => {
      if (entry === undefined) {
        throw new TallystickError(
          "outbox.tail-forgotten",
          `The ledger came back without transaction ${settled.nonce} of ${this.sender}, whose bytes are no longer kept. Restore a newer state of the ledger.`,
        );
      }
      return { ...entry, ordinal: nextOrdinal(), lostStatus: settled.status };
    });
    await journal.reopen(entries);
    for (const entry of entries) this.add(entry);
    this.#highestSettledNonce = minedNonce === 0n ? undefined : minedNonce - 1n;
    this.#pumpsSinceSent.clear();
    this.#replayHolds = 0;
    return entries.length;
  }

  async #settleMined(minedNonce: bigint, finalHead: BlockHead): Promise<number> {
    const { ledger } = this.#dependencies;
    let settled = 0;
    let finalNonce: bigint | undefined;
    for (const entry of [...this.#signed]) {
      if (entry.signed.nonce >= minedNonce) break;
      const receipt = await ledger.receipt(entry.signed.hash);
      if (receipt === undefined) {
        finalNonce ??= await ledger.accountNonce(this.sender, "final");
        if (entry.signed.nonce < finalNonce) await this.#lookAtReplaced(entry);
      } else if (receipt.blockNumber <= finalHead.number) {
        await this.#settle(entry, receipt);
        settled += 1;
      }
    }
    return settled;
  }

  async #settle(entry: SignedEntry, receipt: Receipt): Promise<void> {
    const { ledger, journal, onSettled } = this.#dependencies;
    const { nonce, hash } = entry.signed;
    const settled: Settled = {
      key: entry.key,
      purpose: entry.purpose,
      status: receipt.status === "done" ? "final" : "refused",
      sender: this.sender,
      nonce,
      hash,
      blockNumber: receipt.blockNumber,
      blockTime: receipt.blockTime,
    };
    if (receipt.status === "refused") {
      const parent = receipt.blockNumber > 0n ? receipt.blockNumber - 1n : 0n;
      settled.error = (await ledger.refusalOf(entry.call, this.sender, parent)) ??
        (await ledger.refusalOf(entry.call, this.sender)) ?? { name: "Reverted", values: {} };
    }
    await journal.settle(entry, settled);
    remove(this.#signed, entry);
    this.#pumpsSinceSent.delete(hash);
    this.#looks.delete(hash);
    if (this.#highestSettledNonce === undefined || nonce > this.#highestSettledNonce) {
      this.#highestSettledNonce = nonce;
    }
    if (this.#trouble?.hash === hash) this.#trouble = undefined;
    onSettled(settled);
  }

  /**
   * Our nonce is used for good and our bytes are not on the ledger: somebody else wrote with this
   * key. The call goes back to the queue and gets the next free nonce. Looking more than once keeps
   * an end point whose receipts lag behind its blocks from making us say a call twice.
   */
  async #lookAtReplaced(entry: SignedEntry): Promise<void> {
    const { journal, limits } = this.#dependencies;
    const { hash } = entry.signed;
    const looks = (this.#looks.get(hash) ?? 0) + 1;
    this.#looks.set(hash, looks);
    if (looks < limits.replacedAfterLooks) return;
    const { signed: _, lostStatus: __, ...queued } = entry;
    await journal.rewrite(queued);
    remove(this.#signed, entry);
    this.add(queued);
    this.#looks.delete(hash);
  }

  async #signQueued(minedNonce: bigint): Promise<number> {
    const { ledger, journal, limits } = this.#dependencies;
    let signed = 0;
    for (const entry of [...this.#queued]) {
      if (this.#signed.length >= limits.inFlightMax) break;
      const nonce = this.#nextNonce(minedNonce);
      const transaction = await ledger.sign(entry.call, { duty: entry.duty, nonce });
      const journaled: SignedEntry = { ...entry, signed: { nonce, ...transaction } };
      await journal.rewrite(journaled);
      remove(this.#queued, entry);
      this.add(journaled);
      signed += 1;
    }
    return signed;
  }

  /** Nonces are counted here, never asked of a node's pool: each node has another pool. */
  #nextNonce(minedNonce: bigint): bigint {
    const own = [this.#highestSettledNonce, this.#signed.at(-1)?.signed.nonce];
    return own.reduce<bigint>(
      (next, nonce) => (nonce !== undefined && nonce >= next ? nonce + 1n : next),
      minedNonce,
    );
  }

  async #fillGap(minedNonce: bigint): Promise<number> {
    const filled = await this.#gap.fill(this.#signed, minedNonce);
    if (filled === undefined) return 0;
    const { behind, trouble } = filled;
    if (trouble !== undefined) this.#trouble = { hash: behind.signed.hash, error: trouble };
    return trouble === undefined ? 1 : 0;
  }

  async #sendUnmined(minedNonce: bigint): Promise<number> {
    let nonce = minedNonce;
    let sent = 0;
    for (const entry of this.#signed) {
      if (entry.signed.nonce < nonce) continue;
      if (entry.lostStatus !== undefined) {
        const { ledger } = this.#dependencies;
        if (entry.signed.nonce > nonce) break;
        if (!(await this.#isTurnOf(entry))) break;
        if (!(await this.#broadcast(entry))) break;
        nonce = await ledger.accountNonce(this.sender, "head");
        sent += 1;
      } else if (this.#isDue(entry)) {
        if (!(await this.#broadcast(entry))) break;
        sent += 1;
      }
    }
    return sent;
  }

  #isDue(entry: SignedEntry): boolean {
    const pumps = this.#pumpsSinceSent.get(entry.signed.hash);
    if (pumps !== undefined && pumps + 1 < this.#dependencies.limits.resendAfterPumps) {
      this.#pumpsSinceSent.set(entry.signed.hash, pumps + 1);
      return false;
    }
    return true;
  }

  /**
   * A lost transaction waits until it would do again what it did: others bring theirs back too, and
   * the order among them mattered. All waits of one repair together are bounded.
   */
  async #isTurnOf(entry: SignedEntry): Promise<boolean> {
    const { ledger, limits } = this.#dependencies;
    if (this.#pumpsSinceSent.has(entry.signed.hash)) return this.#isDue(entry);
    const mayWait = entry.lostStatus === "final" && this.#replayHolds < limits.replayHoldsMax;
    if (mayWait && (await ledger.refusalOf(entry.call, this.sender)) !== undefined) {
      this.#replayHolds += 1;
      return false;
    }
    return true;
  }

  /** False when the ledger does not take it: then those behind it need not be tried either. */
  async #broadcast(entry: SignedEntry): Promise<boolean> {
    const { hash, raw } = entry.signed;
    try {
      await this.#dependencies.ledger.broadcast(raw);
    } catch (error) {
      // Not for good: once there are funds, or the price is lowered, the same bytes pass. It stays
      // in sight as trouble, and is said again like bytes that got lost.
      if (error instanceof LedgerRefusal) {
        this.#trouble = { hash, error };
        this.#pumpsSinceSent.set(hash, 0);
        return false;
      }
      throw error;
    }
    if (this.#trouble?.hash === hash) this.#trouble = undefined;
    this.#pumpsSinceSent.set(hash, 0);
    return true;
  }
}

function remove<T>(from: T[], item: T): void {
  from.splice(from.indexOf(item), 1);
}
