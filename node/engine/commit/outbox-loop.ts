import { TallystickError } from "../../core/errors.ts";

/** What a pump found: it got on, it waits for the ledger, or there was nothing to do. */
export type PumpOutcome = "advanced" | "waiting" | "idle";

const PAUSE_MILLISECONDS = { advanced: 0, idle: 1_000 };
/** A ledger that takes a transaction at once is asked at once; one whose blocks take their time, ten times a second. */
const PAUSE_WAITING_MILLISECONDS = { first: 10, max: 100 };
const PAUSE_TROUBLE_MILLISECONDS = { first: 100, max: 15_000 };

/** Pumps for as long as it runs, slower and slower while it fails. */
export class OutboxLoop {
  readonly #pump: () => Promise<PumpOutcome>;
  readonly #onTrouble: (error: unknown) => void;
  #running: { stopped: boolean; done: Promise<void> } | undefined;
  #failures = 0;
  /** Pumps behind each other that found that the ledger has not done its part yet. */
  #waits = 0;
  #endPause: () => void = () => {};

  constructor(pump: () => Promise<PumpOutcome>, onTrouble: (error: unknown) => void = () => {}) {
    this.#pump = pump;
    this.#onTrouble = onTrouble;
  }

  start(): void {
    if (this.#running !== undefined) return;
    const running = { stopped: false, done: Promise.resolve() };
    running.done = this.#run(running);
    this.#running = running;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.stopped = true;
    this.#endPause();
    await running.done;
    this.#running = undefined;
  }

  /** There is something to do. While pumps fail that does not hurry them: it would only hammer. */
  wake(): void {
    if (this.#failures === 0) this.#endPause();
  }

  async #run(running: { stopped: boolean }): Promise<void> {
    let lastTrouble: string | undefined;
    while (!running.stopped) {
      let pause: number;
      try {
        pause = this.#pauseAfter(await this.#pump());
        this.#failures = 0;
        lastTrouble = undefined;
      } catch (error) {
        const trouble = error instanceof TallystickError ? error.code : String(error);
        if (trouble !== lastTrouble) this.#onTrouble(error);
        lastTrouble = trouble;
        const { first, max } = PAUSE_TROUBLE_MILLISECONDS;
        pause = Math.min(first * 2 ** this.#failures, max);
        this.#failures += 1;
      }
      if (!running.stopped) await this.#pause(pause);
    }
  }

  #pauseAfter(outcome: PumpOutcome): number {
    if (outcome !== "waiting") {
      this.#waits = 0;
      return PAUSE_MILLISECONDS[outcome];
    }
    const { first, max } = PAUSE_WAITING_MILLISECONDS;
    return Math.min(first * 2 ** this.#waits++, max);
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#endPause = () => {};
  }
}
