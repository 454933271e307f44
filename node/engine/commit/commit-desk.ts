import type { EngineContext } from "../operator.ts";
import type { StoredTick } from "../store/stored-types.ts";
import { OneAtATime } from "../store/turns.ts";
import { TickCommitter } from "./commit-tick.ts";
import type { TicksStanding } from "./open-ticks.ts";
import type { Outbox } from "./outbox.ts";
import type { Settled } from "./outbox-journal.ts";
import { type BuiltTick, TickSealer } from "./seal-batch.ts";

/** Seals ticks and follows them until they are final, each step in the engine's turns or between them. */
export class CommitDesk {
  readonly #sealer: TickSealer;
  readonly #committer: TickCommitter;
  readonly #turns: OneAtATime;
  /** One tick after the other, from its cut until it is written. */
  readonly #sealing = new OneAtATime();

  /** @param turns the engine's */
  constructor(context: EngineContext, outbox: Outbox, turns: OneAtATime) {
    this.#sealer = new TickSealer(context);
    this.#committer = new TickCommitter(context.store, outbox);
    this.#turns = turns;
  }

  /** Takes up what a crash left. */
  recover(): Promise<void> {
    return this.#turns.run(() => this.#committer.recover());
  }

  /** Rows became durable: batches that are full by now are built before anybody seals. */
  buildAhead(): void {
    this.#sealer.ahead.grow();
  }

  /** Nobody builds ahead any more. */
  stop(): Promise<void> {
    return this.#sealer.ahead.stop();
  }

  /**
   * Closes what waits in each book, empty or not, and hands the commitments to the outbox. It is cut in one turn
   * and written in another; many rows' trees are built between the two, beside files that are taken in.
   * @throws TallystickError `commit.refused` while the ledger does not take an earlier tick; `seal.…`
   */
  seal(): Promise<StoredTick> {
    return this.#sealing.run(() => this.#sealer.ahead.whilePaused(() => this.#seal()));
  }

  async #seal(): Promise<StoredTick> {
    const cut = await this.#turns.runBrief(async () => {
      await this.#committer.assertNotRefused();
      const cut = await this.#sealer.cut();
      if (!this.#sealer.isBrief(cut)) return cut;
      return await this.#write(await this.#sealer.build(cut));
    });
    if ("number" in cut) return cut;
    const built = await this.#sealer.build(cut);
    return await this.#turns.runBrief(() => this.#write(built), { isPressing: true });
  }

  /** @throws TallystickError `commit.refused` when the ledger will not take it */
  async untilFinal(tick: StoredTick): Promise<void> {
    await this.#committer.untilSettled(tick);
    const outcome = await this.#turns.runBrief(() => this.#committer.note(tick));
    if (outcome === "refused") await this.#committer.assertNotRefused();
  }

  /** Notes how ticks ended since, and hands over what waits. @returns how many are open still */
  noteFinal(): Promise<number> {
    return this.#turns.runBrief(async () => {
      await this.#committer.noteOpen();
      await this.#committer.enqueueOpen();
      return (await this.#committer.standing()).open;
    });
  }

  /** A repaired ledger gives batches other block times. */
  noteSettled(settled: Settled): Promise<void> {
    return this.#turns.runBrief(() => this.#committer.noteAgain(settled));
  }

  /** @throws TallystickError `commit.refused` while the ledger does not take a tick */
  requireTaken(): Promise<void> {
    return this.#committer.assertNotRefused();
  }

  /** How many ticks are not final, since when, and which of them the ledger refuses. */
  standing(): Promise<TicksStanding> {
    return this.#committer.standing();
  }

  async #write(built: BuiltTick): Promise<StoredTick> {
    const tick = await this.#sealer.write(built);
    await this.#committer.enqueueOpen();
    return tick;
  }
}
