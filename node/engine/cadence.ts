import { TallystickError } from "../core/errors.ts";
import type { OperatorPipeline } from "./pipeline.ts";

/** How often the desk looks at claims and finality between two commitments. */
const LOOK_MS = 1_000;

interface CadenceLog {
  info(event: string, fields?: { component?: string; count?: number; code?: string }): void;
  warn(event: string, fields?: { component?: string; count?: number; code?: string }): void;
}

/**
 * The node's heartbeat: commits all books at a fixed cadence, empty batches included, so that timing
 * tells nothing; between two commitments it follows finality and claims. A ledger that is away
 * stops nothing: what is sealed waits in the outbox.
 */
export class Cadence {
  readonly #pipeline: OperatorPipeline;
  readonly #log: CadenceLog;
  #seconds: number;
  #lastSeal = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** @param seconds 0: commits only when asked */
  constructor(pipeline: OperatorPipeline, seconds: number, log: CadenceLog) {
    this.#pipeline = pipeline;
    this.#seconds = seconds;
    this.#log = log;
  }

  get seconds(): number {
    return this.#seconds;
  }

  set(seconds: number): void {
    this.#seconds = seconds;
    this.#lastSeal = Date.now();
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#round().finally(() => {
        if (!this.#isStopped) this.start();
      });
    }, LOOK_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    try {
      await this.#pipeline.noteFinal();
      const creditWaits = await this.#pipeline.workClaims();
      const due = this.#seconds > 0 && Date.now() - this.#lastSeal >= this.#seconds * 1000;
      // A credit that was found due does not wait for the next beat: its deadline runs.
      if (!due && !creditWaits) return;
      this.#lastSeal = Date.now();
      const tick = await this.#pipeline.seal();
      this.#log.info("batches sealed", { component: "cadence", count: tick.batches.length });
    } catch (error) {
      const code = error instanceof TallystickError ? error.code : "internal";
      this.#log.warn("round failed", { component: "cadence", code });
    }
  }
}
