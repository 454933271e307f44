export interface Repetitions {
  /** How many records repeat a key that an earlier one has. */
  count: number;
  /** The first of them, by position. */
  first: { position: number; firstPosition: number }[];
}

/**
 * Remembers which keys a file has shown. A parser declares the need; where the keys lie (memory in
 * the browser, disk for files larger than memory) is for whoever runs the parser.
 */
export interface RepetitionIndex {
  /** Positions ascend. */
  add(key: string, position: number): void;
  /** Called once, after the last key; frees what the index holds. */
  finish(exampleCount: number): Repetitions;
  /** Frees what the index holds when the file was given up; harmless after `finish`. */
  discard(): void;
}

/** Remembers nothing, for whoever tells repeated records apart by other means. */
export const NO_REPETITIONS: RepetitionIndex = {
  add() {},
  finish: () => ({ count: 0, first: [] }),
  discard() {},
};

/** Exact, in memory, for files that lie in memory anyway. */
export class MemoryRepetitionIndex implements RepetitionIndex {
  readonly #firstPositions = new Map<string, number>();
  readonly #repeated: { position: number; firstPosition: number }[] = [];

  add(key: string, position: number): void {
    const firstPosition = this.#firstPositions.get(key);
    if (firstPosition === undefined) this.#firstPositions.set(key, position);
    else this.#repeated.push({ position, firstPosition });
  }

  finish(exampleCount: number): Repetitions {
    const result = { count: this.#repeated.length, first: this.#repeated.slice(0, exampleCount) };
    this.discard();
    return result;
  }

  discard(): void {
    this.#firstPositions.clear();
    this.#repeated.length = 0;
  }
}
