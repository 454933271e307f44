import type { OneAtATime } from "../engine/store/turns.ts";
import type { KnownPlaces } from "./known-places.ts";
import type { Database } from "./level-database.ts";
import type { StoreReaders } from "./store-readers.ts";
import { kindOf, type ValueKind, type ValueLog } from "./value-log.ts";
import { decodePlace, encodePlace, isPlace, type ValuePlace } from "./value-place.ts";

/** A file is written anew when less of it is named than this. */
const NAMED_SHARE_MIN = 0.6;
/** The file that is written to is given up when it is at least such a part of a full one. */
const BEGUN_SHARE_MIN = 1 / 16;
/** Values that are moved in one turn of the writer: others write in between. */
const MOVED_BYTES = 8 * 1_048_576;
/** Not more: what is no place may be a value of hundreds of kilobytes. */
const SCAN_ENTRIES = 128;
/** A reader that takes longer keeps its files until the next time. */
const READERS_MS = 10_000;

export type CompactionStep = "looked" | "moved" | "looked again" | "removed";

/** What a compaction did to the log of values. */
export interface Compaction {
  filesBefore: number;
  filesAfter: number;
  bytesBefore: number;
  bytesAfter: number;
  /** Of values that lay in files that went. */
  bytesMoved: number;
  /** Files with nothing in them that a long reader may still need; the next compaction deletes them. */
  filesKept: number;
}

export interface CompactionParts {
  log: ValueLog;
  database: () => Promise<Database>;
  readers: StoreReaders;
  places: KnownPlaces;
  writes: OneAtATime;
  /** So long those who read are waited for. */
  readersMilliseconds?: number;
  /** Told after each step. */
  onStep: (step: CompactionStep) => Promise<void> | void;
}

/**
 * Gives back the space of values that nobody names any more: dropped, written over, or left by a crash
 * before their batch. Files that only grow are never changed: what is named of a file with much dead space is
 * written again at the log's end, and the file is deleted whole. In order, and what a crash leaves of it:
 *
 * 1. Values are appended and synced: after a crash nobody names the copies; the next compaction drops them.
 * 2. A batch names the copies, synced, in a turn of the writer, where a key still names what was copied: after a
 *    crash some keys name copies and others the first ones. All are there.
 * 3. When no key names the file any more, by a look at all of them, and whoever read before is done, it is
 *    deleted: after a crash it may be there again, and nobody names it.
 */
export async function compactValues(parts: CompactionParts): Promise<Compaction> {
  const { log, onStep } = parts;
  const before = await log.sizes();
  const newest = new Map<ValueKind, number>();
  for (const file of before.keys()) {
    newest.set(kindOf(file), Math.max(file, newest.get(kindOf(file)) ?? 0));
  }
  const named = await namedBytes(parts);
  await onStep("looked");
  const emptied = new Set<number>();
  for (const [file, size] of before) {
    if ((named.get(file) ?? 0) >= NAMED_SHARE_MIN * size) continue;
    if (file === newest.get(kindOf(file))) {
      // It is written to, and while the newest one is there no number is given twice: another one begins.
      if (size < BEGUN_SHARE_MIN * log.fileBytes) continue;
      // In a turn of the writer: what was appended before is named once the turn comes.
      await parts.writes.run(() => log.beginFile(kindOf(file)));
    }
    emptied.add(file);
  }
  const bytesMoved = emptied.size === 0 ? 0 : await moveFrom(parts, emptied);
  const left = emptied.size === 0 ? named : await namedBytes(parts);
  await onStep("looked again");
  const { readers, places, readersMilliseconds = READERS_MS } = parts;
  // Who comes later asks where values lie now; who knew it before is waited for.
  places.forgetAll();
  const mayRemove = emptied.size > 0 && (await readers.untilDone(readersMilliseconds));
  let filesKept = 0;
  for (const file of emptied) {
    if (!mayRemove || (left.get(file) ?? 0) > 0) {
      filesKept++;
      continue;
    }
    await log.remove(file);
    await onStep("removed");
  }
  const after = await log.sizes();
  return {
    filesBefore: before.size,
    filesAfter: after.size,
    bytesBefore: sumOf(before),
    bytesAfter: sumOf(after),
    bytesMoved,
    filesKept,
  };
}

/** How many bytes of each file keys name. */
async function namedBytes({ database }: CompactionParts): Promise<Map<number, number>> {
  const named = new Map<number, number>();
  for await (const [, { file, length }] of placesIn(await database())) {
    named.set(file, (named.get(file) ?? 0) + length);
  }
  return named;
}

/** @returns how many bytes were written again */
async function moveFrom(parts: CompactionParts, files: ReadonlySet<number>): Promise<number> {
  let moved = 0;
  let keys: string[] = [];
  let bytes = 0;
  const moveThose = async (): Promise<void> => {
    const those = keys;
    [keys, bytes] = [[], 0];
    if (those.length === 0) return;
    moved += await parts.writes.run(() => moveKeys(parts, files, those));
    await parts.onStep("moved");
  };
  for await (const [key, { file, length }] of placesIn(await parts.database())) {
    if (!files.has(file)) continue;
    keys.push(key);
    bytes += length;
    if (bytes >= MOVED_BYTES) await moveThose();
  }
  await moveThose();
  return moved;
}

/** In a turn of the writer: nobody changes what the keys name meanwhile. */
async function moveKeys(
  { log, database }: CompactionParts,
  files: ReadonlySet<number>,
  keys: readonly string[],
): Promise<number> {
  const ready = await database();
  const found = await ready.getMany([...keys]);
  const moving: { key: string; place: ValuePlace }[] = [];
  for (const [at, value] of found.entries()) {
    if (value === undefined || !isPlace(value)) continue;
    const place = decodePlace(value);
    if (files.has(place.file)) moving.push({ key: keys[at] as string, place });
  }
  const values = await log.read(moving.map(({ place }) => place));
  const batch: { type: "put"; key: string; value: Uint8Array }[] = [];
  for (const kind of ["staying", "passing"] as const) {
    const those = [...moving.keys()].filter((at) => kindOf(moving[at]?.place.file ?? 0) === kind);
    if (those.length === 0) continue;
    const copied = those.map((at) => values[at] as Uint8Array);
    for (const [i, place] of (await log.append(copied, kind)).entries()) {
      const { key } = moving[those[i] as number] as { key: string };
      batch.push({ type: "put", key, value: encodePlace(place) });
    }
  }
  await ready.batch(batch, { sync: true });
  return values.reduce((sum, { length }) => sum + length, 0);
}

async function* placesIn(database: Database): AsyncGenerator<[key: string, place: ValuePlace]> {
  const iterator = database.iterator();
  try {
    for (;;) {
      const entries = await iterator.nextv(SCAN_ENTRIES);
      if (entries.length === 0) return;
      for (const [key, value] of entries) if (isPlace(value)) yield [key, decodePlace(value)];
    }
  } finally {
    await iterator.close();
  }
}

const sumOf = (sizes: ReadonlyMap<number, number>): number =>
  [...sizes.values()].reduce((sum, size) => sum + size, 0);
