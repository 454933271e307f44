import { below, keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { getJson, scanJson } from "../store/stored-json.ts";
import type { StoredTick } from "../store/stored-types.ts";

/** Ticks that one read brings: whoever looks at the oldest one does not read a day of them. */
const PAGE_TICKS = 64;

/** How commitments stand, for people and monitoring. */
export interface TicksStanding {
  /** Sealed, and not known to be final. */
  open: number;
  /** The oldest of them. */
  oldest?: StoredTick;
  /** The oldest that the ledger does not take. */
  refused?: StoredTick;
}

/**
 * Ticks that are not known to be final. They become final in order and stay so, so what is remembered
 * is up to which number all of them are: a day of ticks that waits for the ledger is read once and not
 * at every further tick. Whether a tick is final is told by the store alone; what is remembered is at
 * most behind it.
 */
export class OpenTicks {
  readonly #store: Store;
  #finalThrough: bigint | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Oldest first, from a number on. Ticks that become final meanwhile are passed over. */
  async *from(number: bigint): AsyncGenerator<StoredTick> {
    const finalThrough = await this.#knownFinal();
    for await (const tick of this.#upwards(maxOf(number, finalThrough + 1n))) {
      if (tick.blockTime === undefined) yield tick;
    }
  }

  all(): AsyncGenerator<StoredTick> {
    return this.from(0n);
  }

  async *newestFirst(): AsyncGenerator<StoredTick> {
    const range = { ...below("tick/"), reverse: true };
    for await (const { value } of scanJson<StoredTick>(this.#store, range)) yield value;
  }

  /** Told that the store has this tick's block time. */
  noteFinal(number: bigint): void {
    if (this.#finalThrough !== undefined && number === this.#finalThrough + 1n) {
      this.#finalThrough = number;
    }
  }

  /** @param handedOver number of the newest tick that was handed over whole: behind it one can be refused */
  async standing(handedOver: bigint): Promise<TicksStanding> {
    const finalThrough = await this.#knownFinal();
    const last = BigInt((await getJson<string>(this.#store, keys.node("last-tick"))) ?? "0");
    const standing: TicksStanding = { open: Number(maxOf(0n, last - finalThrough)) };
    for await (const tick of this.all()) {
      standing.oldest ??= tick;
      if (tick.refused !== undefined) return { ...standing, refused: tick };
      if (BigInt(tick.number) > handedOver) break;
    }
    return standing;
  }

  async #knownFinal(): Promise<bigint> {
    if (this.#finalThrough === undefined) this.#finalThrough = await this.#findFinal();
    let finalThrough = this.#finalThrough;
    for await (const { number, blockTime } of this.#upwards(finalThrough + 1n)) {
      if (blockTime === undefined) break;
      finalThrough = BigInt(number);
    }
    // Two may look at once; neither takes back what the other found.
    this.#finalThrough = maxOf(this.#finalThrough, finalThrough);
    return this.#finalThrough;
  }

  async #findFinal(): Promise<bigint> {
    for await (const { number, blockTime } of this.newestFirst()) {
      if (blockTime !== undefined) return BigInt(number);
    }
    return 0n;
  }

  async *#upwards(number: bigint): AsyncGenerator<StoredTick> {
    const { to } = below("tick/");
    for (let next = number; ; ) {
      const page = { from: keys.tick(next), to, limit: PAGE_TICKS };
      let read = 0;
      for await (const { value } of scanJson<StoredTick>(this.#store, page)) {
        yield value;
        next = BigInt(value.number) + 1n;
        read++;
      }
      if (read < PAGE_TICKS) return;
    }
  }
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);
