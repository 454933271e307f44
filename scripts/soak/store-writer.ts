import { statSync } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { Level } from "level";
import { FoldThread } from "../../node/adapters/fold-thread.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { filesOfValues, pathOfValues } from "../../node/adapters/value-log-end.ts";
import { ValueRoom } from "../../node/engine/number/value-room.ts";
import { readBytes } from "../../node/engine/store/stored-bytes.ts";
import { SeenUnits } from "./seen-units.ts";
import { BATCH_KEY, batchOf, VALUE_SIZES } from "./store-batches.ts";
import { report } from "./store-report.ts";

/*
 * A process that is killed: DIRECTORY, REPORT, SEED. Writes batches, takes units into the index of records
 * seen and compacts, all at once and without end, and reports what is acknowledged and how far files are synced.
 */

const PAUSE_MILLISECONDS = 20;

const [directory = "", file = "", seed = ""] = process.argv.slice(2);

await watchSyncs();
const store = await LevelStore.open(directory, VALUE_SIZES);
await Promise.all([writeBatches(), takeUnits(), compact()]);

async function writeBatches(): Promise<void> {
  const room = new ValueRoom();
  const stored = await store.get(BATCH_KEY);
  const text = stored && new TextDecoder().decode(readBytes(BATCH_KEY, stored));
  for (let number = Number(text ?? 0) + 1; ; number++) {
    room.startAnew();
    const operations = batchOf(Number(seed), number, (bytes) => room.take(bytes));
    report(file, "begun", number);
    await store.write(operations);
    report(file, "acknowledged", number);
    await turn();
  }
}

async function takeUnits(): Promise<void> {
  const seen = await SeenUnits.load(store, new FoldThread());
  for (;;) {
    await seen.takeNext();
    report(file, "unit", seen.units);
    await turn();
  }
}

async function compact(): Promise<void> {
  for (;;) {
    await store.compact(undefined, 50);
    report(file, "compacted", 1);
    // The two others write in between, and leave something to do.
    await sleep(PAUSE_MILLISECONDS);
  }
}

/** Reports how far a file is synced before anybody goes on behind the sync. */
async function watchSyncs(): Promise<void> {
  const handle = await open(process.execPath, "r");
  const shared = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { datasync, write } = shared;
  // Only what goes past the system's memory is written by it.
  shared.write = function (this: FileHandle, ...args: unknown[]) {
    report(file, "direct", 1);
    return (write as (...given: unknown[]) => unknown).apply(this, args);
  } as typeof write;
  shared.datasync = async function (this: FileHandle) {
    // A log of values is appended to by one at a time.
    const { size, ino } = await this.stat();
    await datasync.call(this);
    const path = await pathOf(ino);
    if (path !== undefined) report(file, "synced", relative(directory, path), size);
  };
  const { batch } = Level.prototype;
  Level.prototype.batch = function (this: Level, ...args: unknown[]) {
    const made = (batch as (...given: unknown[]) => unknown).apply(this, args);
    if (args.length > 0) return reported(made as Promise<void>);
    const chained = made as { write(options: object): Promise<void> };
    const write = chained.write.bind(chained);
    chained.write = (options) => reported(write(options));
    return chained;
  } as typeof batch;
}

/** The store writes one batch after the other, and each synced. */
async function reported(written: Promise<void>): Promise<void> {
  await written;
  for (const name of await readdir(directory)) {
    if (!name.endsWith(".log")) continue;
    report(file, "synced", name, statSync(join(directory, name)).size);
  }
}

async function pathOf(ino: number): Promise<string | undefined> {
  const values = join(directory, "values");
  for (const number of await filesOfValues(values)) {
    const path = pathOfValues(values, number);
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) return path;
  }
  return undefined;
}
