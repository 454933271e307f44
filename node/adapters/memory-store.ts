import { MemoryLevel } from "memory-level";
import { assert, TallystickError } from "../core/errors.ts";
import type {
  Store,
  StoreEntry,
  StoreOperation,
  StorePart,
  StoreRange,
  StoreView,
} from "../engine/store/store.ts";

type Snapshot = ReturnType<MemoryLevel["snapshot"]>;

/** What the next write does instead of succeeding. */
export type WriteFault =
  /** The answer is an error, yet the operations are stored: a disk that failed after the log. */
  | "failedButStored"
  /** The answer is an error and nothing is stored. */
  | "failedAndLost";

/**
 * How the disk is, until it is set otherwise: full or read-only it takes nothing and can be read; away,
 * nothing can be done with it, as while it can not be opened again.
 */
export type DiskState = "well" | "full" | "read-only" | "away";

/**
 * The store in memory, for tests and simulation: it can fail on demand, and be found again after a `crash`.
 */
export class MemoryStore implements Store {
  readonly #level = new MemoryLevel<string, Uint8Array>({
    keyEncoding: "utf8",
    valueEncoding: "view",
  });
  /** What a crash leaves. */
  readonly #durable: Map<string, Uint8Array>;
  #faults: WriteFault[] = [];
  #isOpen = true;
  disk: DiskState = "well";

  constructor(initial: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#durable = new Map(initial);
    for (const [key, value] of initial) void this.#level.put(key, value);
  }

  /** Queues faults: the next writes suffer them, one each, in this order. */
  failNextWrites(...faults: WriteFault[]): void {
    this.#faults.push(...faults);
  }

  /** The store as a restart after a crash finds it, with every write. This handle is closed. */
  crash(): MemoryStore {
    this.#isOpen = false;
    return new MemoryStore(this.#durable);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#get(key);
  }

  async #get(key: string, at?: Snapshot): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    return await this.#level.get(wellFormed(key), { snapshot: at });
  }

  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#getMany(keys);
  }

  async getParts(parts: readonly StorePart[]): Promise<(Uint8Array | undefined)[]> {
    const values = await this.#getMany(parts.map(({ key }) => key));
    return parts.map(({ from, to }, at) => values[at]?.subarray(from, to));
  }

  async #getMany(keys: readonly string[], at?: Snapshot): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    return await this.#level.getMany(keys.map(wellFormed), { snapshot: at });
  }

  async view(): Promise<StoreView> {
    this.#assertOpen();
    await this.#level.open();
    const snapshot = this.#level.snapshot();
    return {
      get: (key) => this.#get(key, snapshot),
      getMany: (keys) => this.#getMany(keys, snapshot),
      scan: (range) => this.#scan(range, snapshot),
      letGo: () => snapshot.close(),
    };
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    this.#assertOpen();
    const own = operations.map((operation) => {
      wellFormed(operation.key);
      return operation.type === "put"
        ? { ...operation, value: Uint8Array.from(operation.value) }
        : operation;
    });
    if (this.disk !== "well") throw writeFailed(this.disk);
    const fault = this.#faults.shift();
    if (fault === "failedAndLost") throw writeFailed(fault);
    // Kept in step before the first await, so that a crash at any moment sees whole writes.
    apply(this.#durable, own);
    await this.#level.batch(
      own.map((operation) =>
        operation.type === "put" ? operation : { type: "del", key: operation.key },
      ),
    );
    if (fault !== undefined) throw writeFailed(fault);
  }

  scan(range: StoreRange): AsyncIterable<StoreEntry> {
    return this.#scan(range);
  }

  async *#scan(range: StoreRange, at?: Snapshot): AsyncIterable<StoreEntry> {
    this.#assertOpen();
    const iterator = this.#level.iterator({
      gte: wellFormed(range.from),
      lt: wellFormed(range.to),
      reverse: range.reverse ?? false,
      snapshot: at,
      ...(range.limit === undefined ? {} : { limit: range.limit }),
    });
    for await (const [key, value] of iterator) {
      const isWithout = range.keysOnly === true || range.sizesOnly === true;
      const bytes = range.sizesOnly === true ? { bytes: value.length } : {};
      yield { key, value: isWithout ? new Uint8Array() : value, ...bytes };
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#level.close();
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw new TallystickError("store.closed", "The store is closed.");
    if (this.disk === "away") {
      throw new TallystickError("store.unavailable", "The simulated disk is away.");
    }
  }
}

function apply(map: Map<string, Uint8Array>, operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    if (operation.type === "put") map.set(operation.key, operation.value);
    else map.delete(operation.key);
  }
}

function writeFailed(fault: WriteFault | DiskState): TallystickError {
  return new TallystickError("store.write-failed", `The simulated disk failed (${fault}).`);
}

function wellFormed(key: string): string {
  assert(key.isWellFormed(), "a key of the store is well-formed text");
  return key;
}
