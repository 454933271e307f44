import { mkdir, open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Level } from "level";
import { lengthsOf, SECTOR_BYTES, tornBehind } from "../../scripts/soak/cut-power.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";

const VALUES = "values";
/** Of cuts; the others come before the batch, while values are written. */
const IN_BATCH_SHARE = 0.75;
/** Of writes past the system's memory: of these the disk takes half, which is no error. */
const HALF_TAKEN_SHARE = 0.2;
/** What these begin and end at multiples of. */
const ALIGNMENT = 4_096;

interface DiskWrite {
  offset: number;
  bytes: Uint8Array;
}

/**
 * What befell one file, or a folder's names, in its order: a write was begun; one returned; a sync returned, which made
 * durable what had returned when it was begun.
 */
type FileEvent =
  | { kind: "begun"; write: DiskWrite }
  | { kind: "returned"; write: DiskWrite }
  | { kind: "synced"; writes: ReadonlySet<DiskWrite> }
  | { kind: "named"; names: ReadonlySet<string> };

/** Of each file, how many of its events there were. */
type Moment = ReadonlyMap<string, number>;
type Lengths = ReadonlyMap<string, number>;

/** One write of the store, by what the disk saw of it. */
export interface StoreWriteSeen {
  begun: Moment;
  batchBegun: Moment;
  batchReturned: Moment;
  /** How long LevelDB's logs are: synced before it, and after it. */
  logsSynced: Lengths;
  logs: Lengths;
}

interface AnyHandle {
  stat(): Promise<{ ino: number; isDirectory(): boolean }>;
  write(bytes: Uint8Array, from: number, length: number, offset: number): Promise<unknown>;
  writev(parts: readonly Uint8Array[], offset: number): Promise<unknown>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
}

type SyncOption = { sync?: boolean } | undefined;

/**
 * The disk below a store: files are written as they are asked to be, and each write, sync and batch of LevelDB is noted,
 * so that the disk can be given as a power cut at any moment would have left it. What was not synced is there or not,
 * sector by sector and in any order, past the system's memory (O_DIRECT) as through it; where nothing was written stands
 * anything; a file ends anywhere from its synced length on; a file whose folder was not synced may have no name.
 *
 * Files do not wait for each other, so that each one is cut at a moment of its own between the two that a write of the
 * store has in common: before its batch, and in it. Thus a seed gives the same cut however the system takes turns.
 */
export class SimulatedDisk {
  /** Writes past the system's memory. */
  direct = 0;
  readonly #directory: string;
  readonly #random: Seeded;
  readonly #events = new Map<string, FileEvent[]>();
  readonly #pathOf = new WeakMap<AnyHandle, string>();
  readonly #restore: (() => void)[] = [];
  #logsSynced: Lengths;
  #seen: Omit<StoreWriteSeen, "begun"> | undefined;

  private constructor(directory: string, random: Seeded, logs: Lengths, shared: AnyHandle) {
    this.#directory = directory;
    this.#random = random;
    this.#logsSynced = logs;
    this.#watchHandles(shared);
    this.#watchBatches();
  }

  static async begin(directory: string, random: Seeded): Promise<SimulatedDisk> {
    const handle = await open(directory, "r");
    await handle.close();
    // What all handles of files share.
    const shared = Object.getPrototypeOf(handle) as AnyHandle;
    return new SimulatedDisk(directory, random, await logsOf(directory), shared);
  }

  /** @param write the store's, of one batch */
  async seeWrite(write: () => Promise<void>): Promise<StoreWriteSeen> {
    const begun = this.#now();
    this.#seen = undefined;
    await write();
    if (this.#seen === undefined) throw new Error("a write of the store is a batch of LevelDB");
    return { begun, ...(this.#seen as Omit<StoreWriteSeen, "begun">) };
  }

  stop(): void {
    for (const restore of this.#restore) restore();
  }

  /**
   * Lays into `image`, which holds what was there in the beginning, what a cut in the middle of a write leaves: while
   * LevelDB writes its batch, or before.
   * @returns whether its batch is lost, or a part of it
   */
  async cut(image: string, write: StoreWriteSeen): Promise<boolean> {
    const random = this.#random;
    const isInBatch = random.chance(IN_BATCH_SHARE);
    const [first, last] = isInBatch
      ? [write.batchBegun, write.batchReturned]
      : [write.begun, write.batchBegun];
    const events = new Map<string, readonly FileEvent[]>();
    for (const path of [...this.#events.keys()].sort()) {
      const all = this.#events.get(path) ?? [];
      const [from, to] = [first.get(path) ?? 0, last.get(path) ?? 0];
      events.set(path, all.slice(0, from + random.below(to - from + 1)));
    }
    const isNamed = async (folder: string, name: string): Promise<boolean> =>
      (await readdir(join(image, folder)).catch((): string[] => [])).includes(name) ||
      (events.get(folder) ?? []).some((event) => event.kind === "named" && event.names.has(name)) ||
      random.chance(0.5);
    const hasValues = await isNamed("", VALUES);
    for (const [path, those] of events) {
      if (!path.startsWith(`${VALUES}/`) || those.length === 0 || !hasValues) continue;
      if (!(await isNamed(VALUES, relative(VALUES, path)))) continue;
      const before = await readFile(join(image, path)).catch(() => new Uint8Array());
      await mkdir(join(image, VALUES), { recursive: true });
      await writeFile(join(image, path), leftOf(before, those, random));
    }
    let isLost = !isInBatch;
    for (const [name, length] of isInBatch ? write.logs : write.logsSynced) {
      const bytes = (await readFile(join(this.#directory, name))).subarray(0, length);
      const torn = tornBehind(bytes, write.logsSynced.get(name) ?? 0, random);
      await writeFile(join(image, name), torn);
      isLost ||= Buffer.compare(torn, bytes) !== 0;
    }
    return isLost;
  }

  #now(): Moment {
    return new Map([...this.#events].map(([path, events]) => [path, events.length]));
  }

  #watchHandles(shared: AnyHandle): void {
    const { write, writev, datasync, sync } = shared;
    const disk = this;
    shared.write = async function (bytes, from, length, offset) {
      const path = await disk.#find(this);
      if (path === undefined) return write.call(this, bytes, from, length, offset);
      disk.direct++;
      const half = Math.floor(length / 2 / ALIGNMENT) * ALIGNMENT;
      const taken = disk.#random.chance(HALF_TAKEN_SHARE) ? half : length;
      const asked = () => write.call(this, bytes, from, taken, offset);
      return disk.#write(path, [bytes.subarray(from, from + taken)], offset, asked);
    };
    shared.writev = async function (parts, offset) {
      const path = await disk.#find(this);
      const asked = () => writev.call(this, parts, offset);
      return path === undefined ? asked() : disk.#write(path, parts, offset, asked);
    };
    shared.datasync = async function () {
      const path = await disk.#find(this);
      await (path === undefined ? datasync.call(this) : disk.#sync(path));
    };
    shared.sync = async function () {
      const path = await disk.#find(this);
      await (path === undefined ? sync.call(this) : disk.#sync(path));
    };
    this.#restore.push(() => Object.assign(shared, { write, writev, datasync, sync }));
  }

  async #write(
    path: string,
    parts: readonly Uint8Array[],
    offset: number,
    asked: () => Promise<unknown>,
  ): Promise<unknown> {
    const write = { offset, bytes: Uint8Array.from(Buffer.concat(parts)) };
    this.#add(path, { kind: "begun", write });
    const answer = await asked();
    this.#add(path, { kind: "returned", write });
    return answer;
  }

  /** The real disk has nothing to keep: it is not asked. */
  async #sync(path: string): Promise<void> {
    const names = await readdir(join(this.#directory, path)).catch(() => undefined);
    if (names !== undefined) {
      this.#add(path, { kind: "named", names: new Set(names) });
      return;
    }
    const writes = new Set<DiskWrite>();
    for (const event of this.#events.get(path) ?? []) {
      if (event.kind === "returned") writes.add(event.write);
    }
    this.#add(path, { kind: "synced", writes });
  }

  #add(path: string, event: FileEvent): void {
    const events = this.#events.get(path);
    if (events === undefined) this.#events.set(path, [event]);
    else events.push(event);
  }

  /** The path in the store of its folders and of its files of values. */
  async #find(handle: AnyHandle): Promise<string | undefined> {
    const known = this.#pathOf.get(handle);
    if (known !== undefined) return known;
    const { ino } = await handle.stat();
    const values = await readdir(join(this.#directory, VALUES)).catch(() => []);
    for (const path of ["", VALUES, ...values.map((name) => join(VALUES, name))]) {
      const found = await stat(join(this.#directory, path)).catch(() => undefined);
      if (found?.ino !== ino) continue;
      this.#pathOf.set(handle, path);
      return path;
    }
    return undefined;
  }

  /** A list of operations, or a batch that is filled one by one and then written. */
  #watchBatches(): void {
    const { batch } = Level.prototype;
    const disk = this;
    Level.prototype.batch = function (this: Level, ...args: [] | [[], SyncOption]) {
      if (args.length > 0) {
        const whole = () => (batch as (...given: unknown[]) => Promise<void>).apply(this, args);
        return disk.#seeBatch(whole, args[1]?.sync === true);
      }
      const chained = batch.call(this) as unknown as { write(o: SyncOption): Promise<void> };
      const write = chained.write.bind(chained);
      chained.write = (options) => disk.#seeBatch(() => write(options), options?.sync === true);
      return chained;
    } as unknown as typeof batch;
    this.#restore.push(() => {
      Level.prototype.batch = batch;
    });
  }

  async #seeBatch(write: () => Promise<void>, isSynced: boolean): Promise<void> {
    const [batchBegun, logsSynced] = [this.#now(), this.#logsSynced];
    await write();
    const logs = await logsOf(this.#directory);
    if (isSynced) this.#logsSynced = logs;
    this.#seen = { batchBegun, batchReturned: this.#now(), logsSynced, logs };
  }
}

/** LevelDB's logs only grow. */
const logsOf = async (directory: string): Promise<Lengths> =>
  new Map([...(await lengthsOf(directory))].filter(([name]) => name.endsWith(".log")));

/** @param before what was durable before the events */
function leftOf(before: Uint8Array, events: readonly FileEvent[], random: Seeded): Uint8Array {
  const waiting = new Set<DiskWrite>();
  const synced = new Set<DiskWrite>();
  for (const event of events) {
    if (event.kind === "begun") waiting.add(event.write);
    if (event.kind !== "synced") continue;
    for (const write of event.writes) if (waiting.delete(write)) synced.add(write);
  }
  const durable = Math.max(before.length, ...[...synced].map(endOf));
  const most = Math.max(durable, ...[...waiting].map(endOf));
  const file = new Uint8Array(most).fill(random.below(256));
  file.set(before);
  for (const { offset, bytes } of synced) file.set(bytes, offset);
  for (const write of waiting) tearInto(file, write, random);
  return random.chance(0.3) ? file : file.subarray(0, durable + random.below(most - durable + 1));
}

const endOf = ({ offset, bytes }: DiskWrite): number => offset + bytes.length;

/** A sector is written as a whole or not at all. */
function tearInto(file: Uint8Array, write: DiskWrite, random: Seeded): void {
  const share = random.pick([0, 0.5, 0.97, 1]);
  for (let from = write.offset; from < endOf(write); ) {
    const to = Math.min(endOf(write), SECTOR_BYTES * (Math.floor(from / SECTOR_BYTES) + 1));
    if (random.chance(share)) {
      file.set(write.bytes.subarray(from - write.offset, to - write.offset), from);
    }
    from = to;
  }
}
