/** Who reads at the moment, so that what they may still need is not taken away under them. */
export class StoreReaders {
  readonly #reading = new Set<object>();
  /** Told when somebody is done. */
  #waiting: (() => void)[] = [];

  /** @returns to be called when the reading is over */
  enter(): () => void {
    const reader = {};
    this.#reading.add(reader);
    return () => {
      if (!this.#reading.delete(reader)) return;
      for (const resolve of this.#waiting.splice(0)) resolve();
    };
  }

  /**
   * Waits for those who read now, and not for those who come later.
   * @returns false when one of them took longer than that
   */
  async untilDone(milliseconds: number): Promise<boolean> {
    const before = [...this.#reading];
    const end = performance.now() + milliseconds;
    while (before.some((reader) => this.#reading.has(reader))) {
      const left = end - performance.now();
      if (left <= 0) return false;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
    return true;
  }
}
