import { TallystickError } from "../../core/errors.ts";
import type { LedgerCall, LedgerWriter } from "./ledger.ts";
import type { SignedEntry } from "./outbox-journal.ts";

/** Anybody may make it at any time, and it changes nothing but ledger time, which goes on anyway. */
const HARMLESS: LedgerCall = { contract: "clock", method: "tick", args: [] };

/**
 * A nonce that none of ours has, in front of ours: somebody else wrote with this key, our transactions went behind
 * it, and the ledger lost it. It may come back by itself, or be said again by who made it; after so many looks a
 * call that does nothing takes its place, or ours would wait for ever. The same bytes are made again after a
 * restart, so nothing of it is kept.
 */
export class NonceGap {
  readonly #ledger: LedgerWriter;
  readonly #looksMax: number;
  #looks = 0;

  constructor(ledger: LedgerWriter, looksMax: number) {
    this.#ledger = ledger;
    this.#looksMax = looksMax;
  }

  /**
   * @param signed by nonce
   * @returns the entry behind the gap when the gap was filled, with the reason where the ledger does not take that
   * @throws TallystickError `ledger.unreachable`
   */
  async fill(
    signed: readonly SignedEntry[],
    minedNonce: bigint,
  ): Promise<{ behind: SignedEntry; trouble?: TallystickError } | undefined> {
    const behind = signed.find((entry) => entry.signed.nonce >= minedNonce);
    if (behind === undefined || behind.signed.nonce === minedNonce) {
      this.#looks = 0;
      return undefined;
    }
    this.#looks += 1;
    if (this.#looks < this.#looksMax) return undefined;
    this.#looks = 0;
    try {
      const call = this.#ledger.prepare(HARMLESS);
      const { raw } = await this.#ledger.sign(call, { duty: behind.duty, nonce: minedNonce });
      await this.#ledger.broadcast(raw);
      return { behind };
    } catch (error) {
      const isAnswer = error instanceof TallystickError && error.code !== "ledger.unreachable";
      if (!isAnswer) throw error;
      return { behind, trouble: error };
    }
  }
}
