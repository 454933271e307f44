/** What is worth a reading of its own. */
const PIECE_BYTES = 1_048_576n;
/** A thread that waits looks up so often: it may have been ended. */
const LOOK_UP_MILLISECONDS = 50;

/** How far a file is that one thread writes while another one reads it. */
export class FileGrowth {
  /** What both threads see. */
  readonly memory: SharedArrayBuffer;
  readonly #bytes: BigInt64Array;
  readonly #isWhole: BigInt64Array;

  /** @param memory of the other thread's */
  constructor(memory = new SharedArrayBuffer(16)) {
    this.memory = memory;
    this.#bytes = new BigInt64Array(memory, 0, 1);
    this.#isWhole = new BigInt64Array(memory, 8, 1);
  }

  /** So many bytes of the file are written. */
  reach(bytes: number): void {
    Atomics.store(this.#bytes, 0, BigInt(bytes));
    Atomics.notify(this.#bytes, 0);
  }

  /** Nothing follows. */
  end(): void {
    Atomics.store(this.#isWhole, 0, 1n);
    Atomics.notify(this.#bytes, 0);
  }

  get isWhole(): boolean {
    return Atomics.load(this.#isWhole, 0) === 1n;
  }

  /** Stops this thread until the file is whole or much longer. @returns its bytes @param from as long as it was known to be */
  waitBeyond(from: number): number {
    for (;;) {
      const { isWhole } = this;
      const bytes = Atomics.load(this.#bytes, 0);
      if (isWhole || bytes >= BigInt(from) + PIECE_BYTES) return Number(bytes);
      Atomics.wait(this.#bytes, 0, bytes, LOOK_UP_MILLISECONDS);
    }
  }
}
