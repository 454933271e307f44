/**
 * When the next commitment is due, on a grid that stands: how long a round took, or waited for its turn, moves
 * no later one, so that their times tell nothing of how much there was to do. Beats that were missed are left out.
 */
export class Beat {
  readonly #now: () => number;
  #period = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Begins a grid from now on. @param milliseconds 0: never due */
  every(milliseconds: number): void {
    this.#period = milliseconds;
    this.#dueAt = milliseconds > 0 ? this.#now() + milliseconds : Number.POSITIVE_INFINITY;
  }

  /** Milliseconds until it is due; 0 where it is. */
  get left(): number {
    return Math.max(0, this.#dueAt - this.#now());
  }

  /** Whether it is due; each beat is taken once. */
  take(): boolean {
    const late = this.#now() - this.#dueAt;
    if (late < 0 || this.#period === 0) return false;
    this.#dueAt += this.#period * (1 + Math.floor(late / this.#period));
    return true;
  }
}
