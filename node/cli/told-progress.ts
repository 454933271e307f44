import type { Output } from "./output.ts";

/** Between two remarks on how far something is. */
export const PROGRESS_MS = 1_000;

/** Says now and then how far a run of many steps is: how many, how fast, how long it still takes. */
export class ToldProgress {
  readonly #words: string;
  readonly #total: number;
  readonly #output: Output;
  readonly #began = performance.now();
  #told = performance.now();
  #done = 0;

  constructor(words: string, total: number, output: Output) {
    this.#words = words;
    this.#total = total;
    this.#output = output;
  }

  step(count: number): void {
    this.#done += count;
    const now = performance.now();
    if (now - this.#told < PROGRESS_MS) return;
    this.#told = now;
    const perSecond = (1000 * this.#done) / (now - this.#began);
    const left = Math.ceil((this.#total - this.#done) / perSecond);
    this.#output.remark(
      `${this.#words}: ${this.#done} of ${this.#total}, ${Math.round(perSecond)} a second, ${left} s left`,
    );
  }
}
