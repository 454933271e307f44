import { type Fault, faultOf } from "../standing-fault.ts";
import type { EvidenceShelf } from "./evidence-shelf.ts";
import type { EvidencePublisher } from "./publish-evidence.ts";
import type { PublishProgress } from "./publishing-state.ts";

/** How often it is looked whether a month was billed, or its invoices became final. */
const LOOK_MILLISECONDS = 1_000;

export interface PublishingLog {
  info(event: string, fields?: { component?: string; count?: number }): void;
  warn(event: string, fields?: { component?: string; code?: string }): void;
}

export interface MonthProgress extends PublishProgress {
  period: string;
  /** Why it does not go on, until it does. */
  trouble?: string;
}

/** Whose work it is: the publisher, by itself or behind a pipeline. */
export type PublishingWork = Pick<EvidencePublisher, "due" | "newest" | "step" | "progress">;

/**
 * Publishes each billed month by itself, once its invoices stand on the ledger for good. What is done
 * stands in the store: after a restart it goes on there.
 */
export class AfterBillPublisher {
  readonly #work: PublishingWork;
  readonly #openShelf: () => Promise<EvidenceShelf>;
  readonly #folder: string;
  readonly #log: PublishingLog;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  #period: string | undefined;
  #fault: Fault | undefined;

  /** @param folder that the shelf stands for */
  constructor(
    work: PublishingWork,
    openShelf: () => Promise<EvidenceShelf>,
    folder: string,
    log: PublishingLog,
  ) {
    this.#work = work;
    this.#openShelf = openShelf;
    this.#folder = folder;
    this.#log = log;
  }

  /** Why it does not go on, until it does. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.look().finally(() => {
        if (!this.#isStopped) this.start();
      });
    }, LOOK_MILLISECONDS);
  }

  /** Ends after the step at hand. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One look, and the whole of the month that is due; what fails is told and tried again. */
  async look(): Promise<void> {
    try {
      const period = await this.#work.due(this.#folder);
      if (period === undefined) {
        this.#fault = undefined;
        return;
      }
      this.#period = period;
      const shelf = await this.#openShelf();
      while (!this.#isStopped) {
        const { done, files } = await this.#work.step(period, shelf, this.#folder);
        this.#fault = undefined;
        if (!done) continue;
        this.#log.info("evidence published", { component: "publish", count: files });
        return;
      }
    } catch (error) {
      const fault = faultOf("publishing", error);
      const { code } = fault;
      if (this.#fault?.code !== code)
        this.#log.warn("evidence not published", { component: "publish", code });
      this.#fault = fault;
    }
  }

  /** Of the month that is on its way, or was the last one. */
  async progress(): Promise<MonthProgress | undefined> {
    const period = this.#period ?? (await this.#work.newest(this.#folder));
    if (period === undefined) return undefined;
    const progress = await this.#work.progress(period, this.#folder);
    if (progress === undefined) return undefined;
    return {
      period,
      ...progress,
      ...(this.#fault === undefined ? {} : { trouble: this.#fault.code }),
    };
  }
}
