import { setTimeout as rest } from "node:timers/promises";
import { readSeenRuns } from "../intake/seen-runs.ts";
import { type Fault, faultOf } from "../standing-fault.ts";
import { keys } from "../store/key-spaces.ts";
import type { Store } from "../store/store.ts";
import { encodeJson, getJson } from "../store/stored-json.ts";
import type { RetentionDesk } from "./retention-desk.ts";
import { erasedTo, readRetention } from "./retention-state.ts";

const LOOK_MILLISECONDS = 60_000;
/** What so many folds of the index of records seen leave is worth a compaction: a third of a gigabyte. */
const FOLDS = 10;

export interface UpkeepLog {
  info(event: string, fields?: { component?: string; count?: number }): void;
  warn(event: string, fields?: { component?: string; code?: string }): void;
}

export interface UpkeepParts {
  store: Store;
  retention: Pick<RetentionDesk, "step">;
  /** Gives back the space of what was dropped, but for files that somebody may still read. */
  compact: () => Promise<{ filesKept: number }>;
  /** Whether somebody has something to do. */
  isBusy: () => boolean;
  log: UpkeepLog;
  /** Without it nothing is erased by itself; space is given back all the same. */
  erases: boolean;
}

const COMPACTED = keys.node("compacted");

/**
 * What a node does at quiet moments: it erases months whose retention is over, and gives back the space of what
 * was dropped since it did so last, by a bill or by retention. In steps, each as long as the rest after it;
 * what was broken off goes on at the next moment.
 */
export class QuietUpkeep {
  readonly #parts: UpkeepParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #isCompacting = false;
  #fault: Fault | undefined;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Why the last moment was not used to the end. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.look().finally(() => {
        if (!this.#isStopped) this.start();
      });
    }, LOOK_MILLISECONDS);
    this.#timer.unref();
  }

  /** Ends after the step at hand. Giving back space is broken off with the store, and goes on some other time. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    if (!this.#isCompacting) await this.#running;
  }

  /** One moment; what fails is told once and tried again at the next. */
  async look(): Promise<void> {
    try {
      let failure: unknown;
      const isDone = !this.#parts.erases || (await this.#erase().catch(goOn));
      // What failed to be erased keeps nobody from the space of what was.
      if (isDone) await this.#giveBack();
      if (failure !== undefined) throw failure;
      this.#fault = undefined;

      function goOn(error: unknown): true {
        failure = error;
        return true;
      }
    } catch (error) {
      const fault = faultOf("upkeep", error);
      const { code } = fault;
      if (this.#fault?.code !== code && !this.#isStopped) {
        this.#parts.log.warn("upkeep not done", { component: "upkeep", code });
      }
      this.#fault = fault;
    }
  }

  /** @returns whether nothing is left to erase */
  async #erase(): Promise<boolean> {
    const { retention, log } = this.#parts;
    let before: number | undefined;
    while (this.#isQuiet) {
      const began = performance.now();
      const { done, entriesDropped } = await retention.step();
      before ??= entriesDropped;
      if (done) {
        const count = entriesDropped - before;
        if (count > 0) log.info("retention over", { component: "retention", count });
        return true;
      }
      await rest(performance.now() - began);
    }
    return false;
  }

  async #giveBack(): Promise<void> {
    const { store, compact } = this.#parts;
    const dropped = await this.#whatDropped();
    if (dropped === "" || (await getJson<string>(store, COMPACTED)) === dropped) return;
    if (!this.#isQuiet) return;
    this.#isCompacting = true;
    const { filesKept } = await compact().finally(() => {
      this.#isCompacting = false;
    });
    // A check of the store reads for minutes: then it is done again at the next moment.
    if (filesKept > 0) return;
    await store.write([{ type: "put", key: COMPACTED, value: encodeJson(dropped) }]);
  }

  /**
   * Another text after each bill, each month all of which was erased, and some folds of the index of records seen,
   * which leave what they were folded or merged from; empty before the first.
   */
  async #whatDropped(): Promise<string> {
    const { store } = this.#parts;
    const closed = await getJson<string>(store, keys.node("closed-epoch"));
    const erased = erasedTo(await readRetention(store));
    const folds = Math.floor((await readSeenRuns(store)).next / FOLDS);
    return [closed, erased, folds || undefined].filter((one) => one !== undefined).join(" ");
  }

  get #isQuiet(): boolean {
    return !this.#isStopped && !this.#parts.isBusy();
  }
}
