/**
 * Units of work of one file on their way to the disk: one is written while the next one is gathered. The first
 * is held back until the file was seen whole, since a file that is cut is refused as a whole: until then
 * nothing of it is durable, and whoever gathers has one unit ready and another one gathered, and waits.
 */
export class UnitsUnderWay {
  readonly #whole: Promise<void> | undefined;
  #isWhole: boolean;
  #refusal: { error: unknown } | undefined;
  #held: (() => Promise<void>) | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param whole as `UsageFile` has it */
  constructor(whole?: Promise<void>) {
    this.#whole = whole;
    this.#isWhole = whole === undefined;
    whole?.then(
      () => {
        this.#isWhole = true;
      },
      (error: unknown) => {
        this.#refusal = { error };
      },
    );
  }

  /** Begins to write what was held back, once it may be. @throws why the file is refused */
  goOn(): void {
    if (this.#refusal !== undefined) throw this.#refusal.error;
    if (this.#held === undefined || !this.#isWhole) return;
    this.#begin(this.#held);
    this.#held = undefined;
  }

  /** @param unit writes it; the one before is written (`settle`) */
  write(unit: () => Promise<void>): void {
    if (this.#isWhole) this.#begin(unit);
    else this.#held = unit;
  }

  /** Until all of it is durable. @throws why the file is refused, and what failed */
  async settle(): Promise<void> {
    if (this.#held !== undefined) await this.#whole;
    this.goOn();
    await this.#writing;
  }

  /** Whatever ended the intake, nothing is written behind its back. A failure is told by `settle`. */
  async end(): Promise<void> {
    this.#held = undefined;
    await this.#writing.catch(() => {});
  }

  #begin(unit: () => Promise<void>): void {
    this.#writing = unit();
    // Who fails is told when it is waited for.
    this.#writing.catch(() => {});
  }
}
