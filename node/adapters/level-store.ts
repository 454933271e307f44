import { mkdir } from "node:fs/promises";
import { Level } from "level";
import { assert, TallystickError } from "../core/errors.ts";
import type {
  Store,
  StoreEntry,
  StoreOperation,
  StoreRange,
  WriteOptions,
} from "../engine/store.ts";

/** A unit of work of ingest fits, so that it is sorted into files once. */
const WRITE_BUFFER_BYTES = 32 * 1_048_576;
const NO_VALUE = new Uint8Array();

type Database = Level<string, Uint8Array>;

/**
 * The store on disk (LevelDB). One process at a time holds the directory; the lock belongs to the
 * process, so kill -9 frees it.
 */
export class LevelStore implements Store {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Opens the directory, or makes it.
   * @throws TallystickError `store.locked`, `store.corrupt`, `store.unusable`
   */
  static async open(directory: string): Promise<LevelStore> {
    // Bytes as views: LevelDB compares keys byte by byte, which is the order of the port.
    const database: Database = new Level(directory, {
      keyEncoding: "utf8",
      valueEncoding: "view",
      writeBufferSize: WRITE_BUFFER_BYTES,
    });
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await database.open();
    } catch (error) {
      throw openingError(directory, error);
    }
    return new LevelStore(database);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#assertOpen();
    wellFormed(key);
    try {
      return await this.#database.get(key);
    } catch (error) {
      throw readingError(this.#database.location, error);
    }
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen();
    for (const key of keys) wellFormed(key);
    try {
      return await this.#database.getMany([...keys]);
    } catch (error) {
      throw readingError(this.#database.location, error);
    }
  }

  async write(operations: readonly StoreOperation[], options: WriteOptions): Promise<void> {
    this.#assertOpen();
    const batch = operations.map((operation) => {
      wellFormed(operation.key);
      return operation.type === "put"
        ? { type: "put" as const, key: operation.key, value: operation.value }
        : { type: "del" as const, key: operation.key };
    });
    try {
      // LevelDB writes the batch as one record of its log; `sync` is an fsync of that log, which
      // holds the earlier writes as well.
      await this.#database.batch(batch, { sync: options.durable });
    } catch (error) {
      throw new TallystickError(
        "store.write-failed",
        "A write to the store failed and it is unknown whether it is stored. Check that the disk is not full, then start again.",
        { file: this.#database.location },
        error,
      );
    }
  }

  async *scan(range: StoreRange): AsyncIterable<StoreEntry> {
    this.#assertOpen();
    const iterator = this.#database.iterator({
      gte: wellFormed(range.from),
      lt: wellFormed(range.to),
      reverse: range.reverse ?? false,
      ...(range.limit === undefined ? {} : { limit: range.limit }),
      values: range.keysOnly !== true,
    });
    try {
      for await (const [key, value] of iterator) {
        yield { key, value: range.keysOnly === true ? NO_VALUE : value };
      }
    } catch (error) {
      throw readingError(this.#database.location, error);
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }

  #assertOpen(): void {
    if (this.#database.status !== "open") {
      throw new TallystickError("store.closed", "The store is closed.", {
        file: this.#database.location,
      });
    }
  }
}

/** Half a surrogate pair has no UTF-8 form: two such keys would become one. */
function wellFormed(key: string): string {
  assert(key.isWellFormed(), "a key of the store is well-formed text");
  return key;
}

/** LevelDB's own code sits on the error or on its cause, depending on who wrapped it. */
function levelCodes(error: unknown): unknown[] {
  const codes: unknown[] = [];
  for (let e = error; e instanceof Error; e = e.cause) codes.push((e as { code?: unknown }).code);
  return codes;
}

function isCorruption(error: unknown): boolean {
  if (levelCodes(error).includes("LEVEL_CORRUPTION")) return true;
  // Damage to the files CURRENT or MANIFEST reaches us without a code of its own.
  for (let e = error; e instanceof Error; e = e.cause) {
    if (/corrupt|MANIFEST|CURRENT|checksum/i.test(e.message)) return true;
  }
  return false;
}

function openingError(directory: string, error: unknown): TallystickError {
  if (levelCodes(error).includes("LEVEL_LOCKED")) {
    return new TallystickError(
      "store.locked",
      "Another process has this data open. Talk to the running node (--node URL), stop it, or choose another directory (--data DIR).",
      { file: directory },
      error,
    );
  }
  if (isCorruption(error)) return corrupt(directory, error);
  return new TallystickError(
    "store.unusable",
    "The data directory can not be opened. Check that it is a directory, that it may be written and that the disk is not full.",
    { file: directory },
    error,
  );
}

function readingError(directory: string, error: unknown): TallystickError {
  if (isCorruption(error)) return corrupt(directory, error);
  return new TallystickError(
    "store.read-failed",
    "Reading from the store failed. Check the disk, then start again.",
    { file: directory },
    error,
  );
}

function corrupt(directory: string, cause: unknown): TallystickError {
  return new TallystickError(
    "store.corrupt",
    "The files of the store are damaged. Keep a copy of the directory and restore the last backup.",
    { file: directory },
    cause,
  );
}
