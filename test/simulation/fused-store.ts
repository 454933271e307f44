import { TallystickError } from "../../node/core/errors.ts";
import type {
  Store,
  StoreEntry,
  StoreOperation,
  StorePart,
  StoreRange,
  StoreView,
} from "../../node/engine/store/store.ts";

/**
 * A store whose process dies at a given call, whatever it is in the middle of: from then on every
 * call fails, as nothing runs on after kill -9. Counting calls makes the moment replayable.
 */
export class FusedStore implements Store {
  readonly #inner: Store;
  #callsLeft = Number.POSITIVE_INFINITY;
  #isLastWriteStored = false;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  /** @param isLastWriteStored whether a write that the process dies in reaches the disk */
  dieAfter(calls: number, isLastWriteStored: boolean): void {
    this.#callsLeft = calls;
    this.#isLastWriteStored = isLastWriteStored;
  }

  get isDead(): boolean {
    return this.#callsLeft <= 0;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#burn();
    return this.#inner.get(key);
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    this.#burn();
    return this.#inner.getMany(keys);
  }

  async getParts(parts: readonly StorePart[]): Promise<(Uint8Array | undefined)[]> {
    this.#burn();
    return this.#inner.getParts(parts);
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    if (this.#callsLeft === 1 && this.#isLastWriteStored) {
      await this.#inner.write(operations);
    }
    this.#burn();
    await this.#inner.write(operations);
  }

  async *scan(range: StoreRange): AsyncIterable<StoreEntry> {
    this.#burn();
    yield* this.#inner.scan(range);
  }

  async view(): Promise<StoreView> {
    this.#burn();
    return this.#inner.view();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #burn(): void {
    this.#callsLeft--;
    if (this.isDead) throw new TallystickError("store.closed", "The simulated process is dead.");
  }
}
