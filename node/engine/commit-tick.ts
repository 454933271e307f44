import { TallystickError } from "../core/errors.ts";
import { below, keys } from "./key-spaces.ts";
import type { Outbox } from "./outbox.ts";
import type { Store } from "./store.ts";
import { StoreSession } from "./store-session.ts";
import { scanJson } from "./stored-json.ts";
import type { StoredBatch, StoredTick } from "./stored-types.ts";

/** Batches in one transaction; the contract takes no more. */
const BATCHES_PER_TRANSACTION = 50;

/**
 * Brings sealed batches to the ledger, one tick in one transaction where it fits, and writes the
 * block time back when it is final. A tick is durable before it comes here; a crash at any point
 * leaves it without a block time, and the next start takes it up again under the same keys.
 */
export class TickCommitter {
  readonly #store: Store;
  readonly #outbox: Outbox;

  constructor(store: Store, outbox: Outbox) {
    this.#store = store;
    this.#outbox = outbox;
  }

  async enqueue(tick: StoredTick): Promise<void> {
    for (const { key, batches } of partsOf(tick)) {
      await this.#outbox.enqueue({
        key,
        purpose: "commit batches",
        duty: "commit",
        call: {
          contract: "books",
          method: "commitMany",
          args: [
            batches.map(({ domain, sequence, commitment }) => [
              domain,
              BigInt(sequence),
              commitment,
            ]),
          ],
        },
      });
    }
  }

  /**
   * Waits until the tick is final, and notes its block time with each batch.
   * @throws TallystickError `commit.refused` when the ledger will not take it
   */
  async untilFinal(tick: StoredTick): Promise<void> {
    for (const { key } of partsOf(tick)) await this.#outbox.settled(key);
    await this.noteIfFinal(tick);
  }

  /** @returns whether the tick is final and noted */
  async noteIfFinal(tick: StoredTick): Promise<boolean> {
    const session = new StoreSession(this.#store);
    let blockTime = 0n;
    for (const { key, batches } of partsOf(tick)) {
      const settled = await this.#outbox.find(key);
      if (settled === undefined) return false;
      if (settled.error !== undefined) {
        throw new TallystickError(
          "commit.refused",
          `The ledger refused tick ${tick.number}: ${settled.error.name} ${JSON.stringify(settled.error.values)}.`,
        );
      }
      blockTime = settled.blockTime;
      for (const { domain, sequence } of batches) {
        const at = keys.batch(domain, BigInt(sequence));
        const batch = (await session.get<StoredBatch>(at)) as StoredBatch;
        session.put(at, { ...batch, blockTime: blockTime.toString() });
      }
    }
    session.put(keys.tick(BigInt(tick.number)), { ...tick, blockTime: blockTime.toString() });
    await session.commit();
    return true;
  }

  /** Ticks that are not known to be final, oldest first. */
  async open(): Promise<StoredTick[]> {
    const open: StoredTick[] = [];
    for await (const { value } of scanJson<StoredTick>(this.#store, {
      ...below("tick/"),
      reverse: true,
    })) {
      // Ticks become final in order: the first that is ends the search.
      if (value.blockTime !== undefined) break;
      open.unshift(value);
    }
    return open;
  }

  /** At start: everything that was sealed is enqueued again under its key, and noted if final. */
  async recover(): Promise<void> {
    for (const tick of await this.open()) {
      await this.enqueue(tick);
      await this.noteIfFinal(tick);
    }
  }
}

function partsOf(tick: StoredTick): { key: string; batches: StoredTick["batches"] }[] {
  const parts: { key: string; batches: StoredTick["batches"] }[] = [];
  for (let at = 0; at < tick.batches.length; at += BATCHES_PER_TRANSACTION) {
    parts.push({
      key: `commit-tick:${tick.number}:${parts.length}`,
      batches: tick.batches.slice(at, at + BATCHES_PER_TRANSACTION),
    });
  }
  return parts;
}
