import { Level } from "level";
import { TallystickError } from "../core/errors.ts";
import { whyDisk } from "./disk.ts";
import { requireWholeLogs } from "./level-log.ts";
import { StoreFolder } from "./store-folder.ts";

/** A unit of work of ingest fits, so that it is sorted into files once. */
const WRITE_BUFFER_BYTES = 32 * 1_048_576;
/** A database that could not be opened again is tried again after so long, by whoever needs it. */
const RETRY_MS = 1_000;

export type Database = Level<string, Uint8Array>;

/**
 * LevelDB, opened anew after a write that failed. A full disk, a read-only or a broken one may leave
 * half a record at the end of LevelDB's log, and what is written behind it, with an fsync or without,
 * would be lost at the next start. Opening reads the log and drops the torn end. While that fails too,
 * nobody gets the database, and each later call tries again: once there is room it goes on by itself,
 * with everything that was acknowledged.
 */
export class LevelDatabase {
  readonly directory: string;
  readonly #folder: StoreFolder;
  #database: Database;
  #isClosed = false;
  /** Why it could not be opened again, and when that was found. */
  #away: { cause: unknown; at: number } | undefined;
  #reopening: Promise<void> | undefined;

  private constructor(folder: StoreFolder, directory: string, database: Database) {
    this.#folder = folder;
    this.directory = directory;
    this.#database = database;
  }

  /** @throws TallystickError `store.corrupt`; what LevelDB throws */
  static async open(directory: string): Promise<LevelDatabase> {
    const database = await openDatabase(directory, { isNew: true });
    return new LevelDatabase(await StoreFolder.of(directory), directory, database);
  }

  /** @throws TallystickError `store.removed` when its folder is no longer where it was opened */
  requireThere(): Promise<void> {
    return this.#folder.requireThere();
  }

  /** @throws TallystickError `store.closed`; `store.unavailable` while it can not be opened again; `store.removed` */
  async ready(): Promise<Database> {
    if (this.#reopening !== undefined) await this.#reopening;
    if (this.#away !== undefined && performance.now() - this.#away.at >= RETRY_MS) {
      await this.reopen();
    }
    if (this.#isClosed) {
      throw new TallystickError("store.closed", "The store is closed.", { file: this.directory });
    }
    if (this.#away !== undefined) {
      const { cause } = this.#away;
      if (cause instanceof TallystickError && cause.code === "store.removed") throw cause;
      throw new TallystickError(
        "store.unavailable",
        `The store can not be used for the moment, and nothing of it is lost: ${whyDisk(cause)}`,
        { file: this.directory },
        cause,
      );
    }
    return this.#database;
  }

  /** After a write that failed. Leaves it open, or notes why it is not; whoever comes meanwhile waits. */
  reopen(): Promise<void> {
    this.#reopening ??= this.#openAgain().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reopening;
    await this.#database.close();
  }

  async #openAgain(): Promise<void> {
    try {
      await this.#database.close();
      if (this.#isClosed) return;
      // In another folder there would be another store, or a new and empty one.
      await this.requireThere();
      this.#database = await openDatabase(this.directory, { isNew: false });
      this.#away = undefined;
    } catch (cause) {
      this.#away = { cause, at: performance.now() };
    }
  }
}

/** @param isNew whether it may be made */
async function openDatabase(directory: string, { isNew }: { isNew: boolean }): Promise<Database> {
  // Before LevelDB, which opens once it is made, folds them away. Who holds them only adds at their end.
  await requireWholeLogs(directory);
  // Bytes as views: LevelDB compares keys byte by byte, which is the order of the port.
  const database: Database = new Level(directory, {
    keyEncoding: "utf8",
    valueEncoding: "view",
    createIfMissing: isNew,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  await database.open();
  return database;
}
