/** A unit that waits, of a file that may be refused. */
export interface HeldUnit {
  /** What of it can not be taken back, before it is written; between two steps of whoever gathers. */
  complete(): Promise<void>;
  write(): Promise<void>;
}

/**
 * Units of work of one file on their way to the disk: one is written while the next one is gathered. The first
 * is held back until the file was seen whole, since a file that is cut is refused as a whole: until then
 * nothing of it is durable, and whoever gathers has one unit ready and another one gathered, and waits.
 */
export class UnitsUnderWay {
  readonly #whole: Promise<void> | undefined;
  #isWhole: boolean;
  #refusal: { error: unknown } | undefined;
  #held: HeldUnit | undefined;
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

  /** Whether a unit would be held back. */
  get holdsBack(): boolean {
    return !this.#isWhole;
  }

  /** Begins to write what was held back, once it may be. @throws why the file is refused, and as `complete` */
  async goOn(): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal.error;
    if (this.#held === undefined || !this.#isWhole) return;
    const { complete, write } = this.#held;
    this.#held = undefined;
    await complete();
    this.#begin(write);
  }

  /** Writes a unit; the one before is written (`settle`). */
  write(unit: () => Promise<void>): void {
    this.#begin(unit);
  }

  /** Until the file was seen whole. @param unit as `write` */
  hold(unit: HeldUnit): void {
    this.#held = unit;
  }

  /** Until all of it is durable. @throws why the file is refused, and what failed */
  async settle(): Promise<void> {
    if (this.#held !== undefined) await this.#whole;
    await this.goOn();
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
