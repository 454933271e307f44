import { assert, TallystickError } from "../core/errors.ts";
import type { StoreEntry, StorePart, StoreRange, StoreView } from "../engine/store/store.ts";
import type { Asking, KnownPlaces } from "./known-places.ts";
import type { Database, LevelDatabase } from "./level-database.ts";
import { isNotOpen, readingError } from "./store-errors.ts";
import type { StoreReaders } from "./store-readers.ts";
import type { ValueLog } from "./value-log.ts";
import { decodePlace, isPlace, partOf, type ValuePlace } from "./value-place.ts";

const NO_VALUE = new Uint8Array();

/** Entries that one read of the database brings, and logged values that are read ahead at most. */
const SCAN_ENTRIES = 1_000;
const READ_AHEAD_MAX = 32;

/** What is read from: the database, as it was when a view of it was taken, else as it is. */
interface Moment {
  database: Database;
  snapshot?: ReturnType<Database["snapshot"]>;
}

export interface StoreReadingParts {
  database: LevelDatabase;
  log: ValueLog;
  readers: StoreReaders;
  places: KnownPlaces;
}

/** How the store on disk is read: what LevelDB holds, and where that says a place, what lies there (level-store.ts). */
export class StoreReading {
  readonly #database: LevelDatabase;
  readonly #log: ValueLog;
  readonly #readers: StoreReaders;
  readonly #places: KnownPlaces;

  constructor({ database, log, readers, places }: StoreReadingParts) {
    this.#database = database;
    this.#log = log;
    this.#readers = readers;
    this.#places = places;
  }

  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#again(async () => this.#getMany(keys, { database: await this.#database.ready() }));
  }

  getParts(parts: readonly StorePart[]): Promise<(Uint8Array | undefined)[]> {
    return this.#again(async () => this.#getParts(parts, await this.#database.ready()));
  }

  async #again<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      // It was opened anew meanwhile, and the answer is the same as before.
      if (error instanceof TallystickError && error.code === "store.unavailable") return ask();
      throw error;
    }
  }

  async #getMany(
    keys: readonly string[],
    { database, snapshot }: Moment,
  ): Promise<(Uint8Array | undefined)[]> {
    for (const key of keys) wellFormed(key);
    const leave = this.#readers.enter();
    try {
      const [only = ""] = keys;
      const found: (Uint8Array | undefined)[] =
        keys.length === 1
          ? [await database.get(only, { snapshot })]
          : await database.getMany([...keys], { snapshot });
      return await this.#resolved(found);
    } catch (error) {
      throw await this.errorOf(error);
    } finally {
      leave();
    }
  }

  async #getParts(
    parts: readonly StorePart[],
    database: Database,
  ): Promise<(Uint8Array | undefined)[]> {
    const leave = this.#readers.enter();
    try {
      const known = parts.map(({ key }) => this.#places.of(wellFormed(key)));
      const unknown = [...parts.keys()].filter((at) => known[at] === undefined);
      const found = new Array<Uint8Array | undefined>(parts.length);
      if (unknown.length > 0) {
        const keys = unknown.map((at) => (parts[at] as StorePart).key);
        const askings = keys.map((key) => this.#places.ask(key));
        const values = await database.getMany(keys);
        for (const [i, at] of unknown.entries()) {
          const value = values[i];
          const place = value && isPlace(value) ? decodePlace(value) : undefined;
          this.#places.learn(keys[i] as string, askings[i] as Asking, place);
          known[at] = place;
          const { from, to } = parts[at] as StorePart;
          if (place === undefined) found[at] = value?.subarray(from, to);
        }
      }
      const logged = [...parts.keys()].filter((at) => known[at] !== undefined);
      const values = await this.#log.read(
        logged.map((at) => partOf(known[at] as ValuePlace, parts[at] as StorePart)),
      );
      for (const [i, at] of logged.entries()) found[at] = values[i];
      return found;
    } catch (error) {
      throw await this.errorOf(error);
    } finally {
      leave();
    }
  }

  /** Values as they were given, in place of where they lie. */
  async #resolved(found: (Uint8Array | undefined)[]): Promise<(Uint8Array | undefined)[]> {
    const logged: number[] = [];
    for (const [at, value] of found.entries()) {
      if (value !== undefined && isPlace(value)) logged.push(at);
    }
    if (logged.length === 0) return found;
    const values = await this.#log.read(logged.map((at) => decodePlace(found[at] as Uint8Array)));
    for (const [i, at] of logged.entries()) found[at] = values[i];
    return found;
  }

  async *scan(range: StoreRange): AsyncIterable<StoreEntry> {
    yield* this.#scan(range, { database: await this.#database.ready() });
  }

  /** A compaction keeps the files that it may still need. Ends when LevelDB has to be opened anew. */
  async view(): Promise<StoreView> {
    const database = await this.#database.ready();
    const moment = { database, snapshot: database.snapshot() };
    const leave = this.#readers.enter();
    return {
      get: async (key) => (await this.#getMany([key], moment))[0],
      getMany: (keys) => this.#getMany(keys, moment),
      scan: (range) => this.#scan(range, moment),
      letGo: async () => {
        leave();
        await moment.snapshot.close();
      },
    };
  }

  async *#scan(range: StoreRange, { database, snapshot }: Moment): AsyncGenerator<StoreEntry> {
    const [gte, lt] = [wellFormed(range.from), wellFormed(range.to)];
    const iterator = database.iterator({
      gte,
      lt,
      reverse: range.reverse ?? false,
      snapshot,
      ...(range.limit === undefined ? {} : { limit: range.limit }),
      values: range.keysOnly !== true,
    });
    const leave = this.#readers.enter();
    try {
      // Whoever looks at the first entry only pays for little more.
      let ahead = 1;
      for (;;) {
        const entries = await iterator.nextv(SCAN_ENTRIES);
        if (entries.length === 0) return;
        for (let from = 0; from < entries.length; from += ahead) {
          ahead = Math.min(2 * ahead, READ_AHEAD_MAX);
          const some = entries.slice(from, from + ahead);
          if (range.sizesOnly === true) {
            for (const [key, value] of some) yield { key, value: NO_VALUE, bytes: sizeOf(value) };
            continue;
          }
          const values =
            range.keysOnly === true ? [] : await this.#resolved(some.map(([, value]) => value));
          for (const [at, [key]] of some.entries()) yield { key, value: values[at] ?? NO_VALUE };
        }
      }
    } catch (error) {
      throw await this.errorOf(error);
    } finally {
      leave();
      await iterator.close();
    }
  }

  /** What a reading or a compaction ends with. After a write that failed the store is opened anew: what was read till then is right, and there is no more of it. */
  async errorOf(error: unknown): Promise<TallystickError> {
    if (!isNotOpen(error)) return readingError(this.#database.directory, error);
    // Closed, removed or away for longer, it says so itself.
    await this.#database.ready();
    return new TallystickError(
      "store.unavailable",
      "Another write to the store failed meanwhile, and the store was opened anew; nothing of it is lost. Ask again; if it comes again, look at the disk.",
      { file: this.#database.directory },
      error,
    );
  }
}

/** Of the value that the database holds, or says the place of. */
const sizeOf = (value: Uint8Array): number =>
  isPlace(value) ? decodePlace(value).length : value.length;

/** Half a surrogate pair has no UTF-8 form: two such keys would become one. */
export function wellFormed(key: string): string {
  assert(key.isWellFormed(), "a key of the store is well-formed text");
  return key;
}
