import { setImmediate as turnOfTheLoop } from "node:timers/promises";

/** A pause costs the long task what it does ahead, so there are not more of them. */
const BETWEEN_PAUSES_MS = 5_000;
/** In one pause, however many are asked for meanwhile. */
const BRIEF_MAX = 32;

/**
 * One task after the other: the engine has one writer. A failed task does not stop the next. A long task
 * may pause where all it did is stored: brief ones that wait come then, before the long ones.
 */
export class OneAtATime {
  #tail: Promise<unknown> = Promise.resolve();
  readonly #brief = new Set<() => Promise<void>>();
  /** Of these, what a pause is made for at once. */
  readonly #pressing = new Set<() => Promise<void>>();
  #tasks = 0;
  #pausedAt = Number.NEGATIVE_INFINITY;

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#tasks++;
    const result = this.#tail.then(task, task);
    this.#tail = result
      .catch(() => undefined)
      .finally(() => {
        this.#tasks--;
      });
    return result;
  }

  /**
   * In its turn, or in a pause of the task that is running, whichever is first.
   * @param isPressing it does not wait until some time has passed since the last pause
   */
  runBrief<T>(task: () => Promise<T>, { isPressing = false } = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const take = async () => {
        if (!this.#brief.delete(take)) return;
        this.#pressing.delete(take);
        // Also what throws before it waits for anything is the caller's, not who gives others their turn.
        try {
          resolve(await task());
        } catch (error) {
          reject(error);
        }
      };
      this.#brief.add(take);
      if (isPressing) this.#pressing.add(take);
      void this.run(take);
    });
  }

  /** Whether a task runs or waits. */
  get isBusy(): boolean {
    return this.#tasks > 0;
  }

  /** For the task that is running: whether a pause would do anything. */
  get isPauseAsked(): boolean {
    if (this.#pressing.size > 0) return true;
    return this.#brief.size > 0 && performance.now() - this.#pausedAt >= BETWEEN_PAUSES_MS;
  }

  /** For the task that is running. */
  async pause(): Promise<void> {
    for (let left = BRIEF_MAX; left > 0; left--) {
      const [take] = this.#brief;
      if (take === undefined) break;
      await take();
      // Whoever waited for it may have another one.
      await turnOfTheLoop();
    }
    this.#pausedAt = performance.now();
  }
}
