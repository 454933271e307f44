import { type Fault, faultOf } from "../standing-fault.ts";
import type { StoredTick } from "../store/stored-types.ts";
import { Beat } from "./beat.ts";

/** How often the desk looks at claims, demands and finality between two commitments. */
const LOOK_MS = 1_000;
/** What it takes from a commitment until its credit was shown: two transactions, each of them final. */
const SHOWING_MS = 600_000;

/** What the heartbeat drives. */
export interface CadenceWork {
  noteFinal(): Promise<unknown>;
  /** @returns seconds until the first credit that waits for a batch is overdue; undefined when none waits */
  workClaims(): Promise<number | undefined>;
  /** Takes versions of the tariff that were published since. */
  followTariff(): Promise<void>;
  /** Answers demands for evidence. */
  workDemands(): Promise<void>;
  seal(): Promise<Pick<StoredTick, "batches">>;
}

export interface CadenceLog {
  info(event: string, fields?: { component?: string; count?: number; code?: string }): void;
  warn(event: string, fields?: { component?: string; count?: number; code?: string }): void;
}

/**
 * The node's heartbeat: commits all books at a fixed cadence, empty batches included, so that timing
 * tells nothing; between two commitments it follows finality, claims and demands. A credit waits for the next
 * beat as everything does, unless it would be overdue by then: a commitment beside the beat tells that one was
 * conceded, but an overdue one counts against the operator. A ledger that is away
 * stops nothing: what is sealed waits in the outbox.
 */
export class Cadence {
  readonly #pipeline: CadenceWork;
  readonly #log: CadenceLog;
  #seconds: number;
  readonly #beat = new Beat(() => performance.now());
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** What keeps each part from its work, told once until it is another one or over. */
  readonly #faults = new Map<string, Fault>();

  /** @param seconds 0: commits only when asked */
  constructor(pipeline: CadenceWork, seconds: number, log: CadenceLog) {
    this.#pipeline = pipeline;
    this.#seconds = seconds;
    this.#beat.every(seconds * 1000);
    this.#log = log;
  }

  get seconds(): number {
    return this.#seconds;
  }

  /** What failed when it was last its turn. */
  get faults(): Fault[] {
    return [...this.#faults.values()];
  }

  set(seconds: number): void {
    this.#seconds = seconds;
    this.#beat.every(seconds * 1000);
  }

  start(): void {
    this.#timer = setTimeout(
      () => {
        this.#running = this.#round().finally(() => {
          if (!this.#isStopped) this.start();
        });
      },
      Math.min(LOOK_MS, this.#beat.left),
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    await this.#attempt("tariff", () => this.#pipeline.followTariff());
    await this.#attempt("finality", () => this.#pipeline.noteFinal());
    const creditDueSeconds = await this.#attempt("claims", () => this.#pipeline.workClaims());
    await this.#attempt("demands", () => this.#pipeline.workDemands());
    if (!this.#beat.take() && !this.#isTooLate(creditDueSeconds)) return;
    await this.#attempt("seal", async () => {
      const tick = await this.#pipeline.seal();
      this.#log.info("batches sealed", { component: "cadence", count: tick.batches.length });
    });
  }

  /** Whether a credit of the next beat could not be shown in time. Ledger time runs no faster than this clock. */
  #isTooLate(creditDueSeconds: number | undefined): boolean {
    if (creditDueSeconds === undefined) return false;
    return 1000 * creditDueSeconds < this.#beat.left + SHOWING_MS;
  }

  /** What fails is told and tried again in the next round; it keeps nothing else from its turn. */
  async #attempt<T>(component: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      if (this.#faults.delete(component)) this.#log.info("round goes on", { component });
      return done;
    } catch (error) {
      const fault = faultOf(component, error);
      const { code } = fault;
      if (this.#faults.get(component)?.code !== code) {
        this.#log.warn("round failed", { component, code });
      }
      this.#faults.set(component, fault);
      return undefined;
    }
  }
}
