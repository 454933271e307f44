import { join } from "node:path";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { TallystickError } from "../core/errors.ts";
import type {
  Store,
  StoreEntry,
  StoreOperation,
  StorePart,
  StoreRange,
  StoreView,
} from "../engine/store/store.ts";
import { OneAtATime } from "../engine/store/turns.ts";
import { type Compaction, type CompactionStep, compactValues } from "./compact-values.ts";
import { whyDisk } from "./disk.ts";
import { KnownPlaces } from "./known-places.ts";
import { LevelDatabase } from "./level-database.ts";
import { fileOf, isCorruption, isNotOpen, openingError, readingError } from "./store-errors.ts";
import { StoreReaders } from "./store-readers.ts";
import { StoreReading, wellFormed } from "./store-reading.ts";
import { makeDirectory } from "./sync-directory.ts";
import { type ValueKind, ValueLog } from "./value-log.ts";
import type { ValueSizes } from "./value-log-end.ts";
import { encodePlace, isPlace } from "./value-place.ts";

/** Lasting values from here on lie in the log of values; smaller ones are not worth a second fsync. */
const LOGGED_BYTES_MIN = 1_024;
/** Bytes that LevelDB's batch copies before others have their turn: some 5 ms. A fold of records seen is 18 MB. */
const BATCH_BYTES_AT_ONCE = 4_194_304;

/**
 * The store on disk: LevelDB, and beside it a log of the large values that last. LevelDB sorts what it
 * holds into files again and again, some ten times a value as a store grows; rows and leaf digests are
 * most of a store and never change, so they are written once, and LevelDB holds where they lie. One
 * process at a time holds the directory; the lock belongs to the process, so kill -9 frees it.
 *
 * Writes go one after the other, so that none is behind one that failed: after that LevelDB is opened
 * anew (level-database.ts).
 */
export class LevelStore implements Store {
  readonly #database: LevelDatabase;
  readonly #log: ValueLog;
  readonly #writes = new OneAtATime();
  readonly #readers = new StoreReaders();
  readonly #places = new KnownPlaces();
  readonly #reading: StoreReading;
  #compacting: Promise<Compaction> | undefined;

  private constructor(database: LevelDatabase, valueSizes: Partial<ValueSizes>) {
    this.#database = database;
    this.#log = new ValueLog(join(database.directory, "values"), valueSizes);
    this.#reading = new StoreReading({
      database,
      log: this.#log,
      readers: this.#readers,
      places: this.#places,
    });
  }

  /**
   * Opens the directory, or makes it.
   * @param valueSizes of the log of values: files of 256 MB, and direct writes of 256 kB and more, unless given
   * @throws TallystickError `store.locked`, `store.corrupt`, `store.unusable`
   */
  static async open(directory: string, valueSizes: Partial<ValueSizes> = {}): Promise<LevelStore> {
    try {
      await makeDirectory(directory);
      return new LevelStore(await LevelDatabase.open(directory), valueSizes);
    } catch (error) {
      throw openingError(directory, error);
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key]);
    return value;
  }

  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#reading.getMany(keys);
  }

  getParts(parts: readonly StorePart[]): Promise<(Uint8Array | undefined)[]> {
    return this.#reading.getParts(parts);
  }

  scan(range: StoreRange): AsyncIterable<StoreEntry> {
    return this.#reading.scan(range);
  }

  /** A compaction keeps the files that it may still need. Ends when LevelDB has to be opened anew. */
  view(): Promise<StoreView> {
    return this.#reading.view();
  }

  /**
   * Whether what is written now would be found by the next start: for who watches.
   * @throws TallystickError `store.removed`, `store.unavailable`, `store.closed`
   */
  async requireUsable(): Promise<void> {
    await this.#database.ready();
    await this.#database.requireThere();
    await this.#log.requireThere();
  }

  async write(operations: readonly StoreOperation[]): Promise<void> {
    for (let at = 0; at < operations.length; at++) {
      wellFormed((operations[at] as StoreOperation).key);
    }
    await this.#writes.run(() => this.#write(operations));
  }

  async #write(operations: readonly StoreOperation[]): Promise<void> {
    const database = await this.#database.ready();
    try {
      await this.#database.requireThere();
      // First the logged values with an fsync of their file, then the batch that names their places: a
      // crash between the two leaves bytes that nobody names. LevelDB writes the batch as one record of
      // its own log, and `sync` is an fsync of that log.
      // No write goes without. A power cut keeps any of the pages that were not synced and loses others, later
      // ones before earlier ones: of two such writes LevelDB would then pass over the first and bring back the
      // second, and nobody could tell that from damage. So at most the one write that is under way can be torn
      // (level-log.ts).
      const places = await this.#append(operations);
      // One by one into LevelDB's own batch, which takes each half as much time as a list of them.
      const batch = database.batch();
      let bytes = 0;
      for (let at = 0; at < operations.length; at++) {
        const operation = operations[at] as StoreOperation;
        if (operation.type === "delete") {
          batch.del(operation.key);
          continue;
        }
        const value = places.get(at) ?? operation.value;
        batch.put(operation.key, value);
        bytes += value.length;
        if (bytes < BATCH_BYTES_AT_ONCE) continue;
        bytes = 0;
        await turnOfTheLoop();
      }
      await batch.write({ sync: true });
      await this.#database.requireThere();
    } catch (error) {
      await this.#database.reopen();
      if (error instanceof TallystickError) throw error;
      throw new TallystickError(
        "store.write-failed",
        `A write to the store failed, and it is unknown whether it is stored: ${whyDisk(error)}`,
        { file: fileOf(error) ?? this.#database.directory },
        error,
      );
    } finally {
      this.#places.forget(operations);
    }
  }

  /** Puts lasting values into the log. @returns what the database holds instead, by operation */
  async #append(operations: readonly StoreOperation[]): Promise<Map<number, Uint8Array>> {
    const logged = { cold: new Logged(), staying: new Logged(), passing: new Logged() };
    for (let at = 0; at < operations.length; at++) {
      const operation = operations[at] as StoreOperation;
      if (operation.type !== "put") continue;
      const { value, lasting = false } = operation;
      const isLarge = lasting !== false && value.length >= LOGGED_BYTES_MIN;
      // A value that looks like a place is logged too, so that what looks like a place is one.
      if (!isLarge && !isPlace(value)) continue;
      logged[typeof lasting === "string" ? lasting : "staying"].add(at, value);
    }
    const places = new Map<number, Uint8Array>();
    const append = async (kind: ValueKind, { at, values }: Logged, coldCount: number) => {
      if (values.length === 0) return;
      const appended = await this.#log.append(values, kind, coldCount);
      for (const [i, place] of appended.entries()) places.set(at[i] as number, encodePlace(place));
    };
    const { cold, staying, passing } = logged;
    // Side by side: each waits for the disk.
    await Promise.all([
      append("staying", cold.with(staying), cold.values.length),
      append("passing", passing, 0),
    ]);
    return places;
  }

  /**
   * Gives back the space of lasting values that were deleted or written over, or that a crash left; others
   * read and write meanwhile. Ended in the middle, it goes on the next time. Who asks while one runs waits for it.
   * @param readersMilliseconds so long those who read are waited for: what they may need is kept until the next time
   * @throws TallystickError `store.write-failed`, `store.corrupt`, `store.closed`, `store.unavailable`
   */
  compact(
    onStep: (step: CompactionStep) => Promise<void> | void = () => {},
    readersMilliseconds?: number,
  ): Promise<Compaction> {
    this.#compacting ??= this.#compact(onStep, readersMilliseconds).finally(() => {
      this.#compacting = undefined;
    });
    return this.#compacting;
  }

  async #compact(
    onStep: (step: CompactionStep) => Promise<void> | void,
    readersMilliseconds: number | undefined,
  ): Promise<Compaction> {
    try {
      return await compactValues({
        log: this.#log,
        database: () => this.#database.ready(),
        readers: this.#readers,
        places: this.#places,
        writes: this.#writes,
        onStep,
        ...(readersMilliseconds === undefined ? {} : { readersMilliseconds }),
      });
    } catch (error) {
      if (isNotOpen(error)) throw await this.#reading.errorOf(error);
      // A batch that failed may have left half a record: nothing goes behind it (level-database.ts).
      await this.#writes.run(() => this.#database.reopen());
      if (error instanceof TallystickError || isCorruption(error)) {
        throw readingError(this.#database.directory, error);
      }
      throw new TallystickError(
        "store.write-failed",
        `Space was not given back to the end, since a copy of what stays could not be written; nothing of the store is lost, and the next compaction goes on: ${whyDisk(error)}`,
        { file: fileOf(error) ?? this.#database.directory },
        error,
      );
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
    await this.#log.close();
  }
}

/** Values of a write that go into the log, and which operations they are of. */
class Logged {
  readonly at: number[];
  readonly values: Uint8Array[];

  constructor(at: number[] = [], values: Uint8Array[] = []) {
    this.at = at;
    this.values = values;
  }

  add(at: number, value: Uint8Array): void {
    this.at.push(at);
    this.values.push(value);
  }

  /** Others behind its own. */
  with({ at, values }: Logged): Logged {
    return new Logged([...this.at, ...at], [...this.values, ...values]);
  }
}
