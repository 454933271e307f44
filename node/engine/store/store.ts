/** What can be read of a store, or of how it was at one moment. */
export interface StoreReader {
  /** The value as last written, or undefined when the key is absent. */
  get(key: string): Promise<Uint8Array | undefined>;

  /** As `get` of each, in one call; the answers stand in the order of the keys. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>;

  /** What the range held when the scan began; writes made meanwhile are not seen. */
  scan(range: StoreRange): AsyncIterable<StoreEntry>;
}

/** The bytes of a value from `from` up to before `to`, as far as it has them. */
export interface StorePart {
  key: string;
  from: number;
  to: number;
}

/**
 * The store that the engine keeps its records in: an ordered map from text to bytes. Two
 * implementations, `node/adapters/level-store.ts` on disk and `node/adapters/memory-store.ts` for
 * simulation, pass one conformance suite.
 */
export interface Store extends StoreReader {
  /**
   * All operations or none. They, and every write before them, survive a power cut once the promise
   * resolves. After a rejection the outcome is unknown: read before writing again.
   * @throws TallystickError `store.write-failed`, `store.closed`; `store.unavailable` while the disk
   *   does not let it be opened again: then nothing was written
   */
  write(operations: readonly StoreOperation[]): Promise<void>;

  /**
   * As `getMany`, of each value a part. Of a large one that lasts nothing else is read, and where it lies is not asked
   * for again: for who wants little of a value now and then.
   */
  getParts(parts: readonly StorePart[]): Promise<(Uint8Array | undefined)[]>;

  /**
   * The store as it is now, between two writes, however much is written until it is let go. Costs the
   * space of what is dropped or written over meanwhile. Once the store is closed it can not be read.
   */
  view(): Promise<StoreView>;

  close(): Promise<void>;
}

/** How a store was at one moment. */
export interface StoreView extends StoreReader {
  /** More than once does nothing more. */
  letGo(): Promise<void>;
}

export type StoreOperation =
  | {
      type: "put";
      key: string;
      value: Uint8Array;
      /**
       * Not written over, and deleted late or never: it may lie where its space is got back late. What is "passing"
       * goes with its neighbours after a while, and lies apart from what stays. What is "cold" stays, and is read late
       * or never: it is not worth the system's memory.
       */
      lasting?: boolean | "cold" | "passing";
    }
  | { type: "delete"; key: string };

/** Keys are ordered by their UTF-8 bytes: `from` ≤ key < `to`. */
export interface StoreRange {
  from: string;
  to: string;
  /** Highest key first. */
  reverse?: boolean;
  limit?: number;
  /** The values of the entries are empty: reading large ones just to find their keys costs their bytes. */
  keysOnly?: boolean;
  /** As `keysOnly`, and each entry says how many bytes its value has. */
  sizesOnly?: boolean;
}

export interface StoreEntry {
  key: string;
  value: Uint8Array;
  /** Of its value, where only sizes were asked for. */
  bytes?: number;
}
