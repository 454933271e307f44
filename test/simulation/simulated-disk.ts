import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Level } from "level";
import { lengthsOf, tornBehind } from "../../scripts/soak/cut-power.ts";
import type { Seeded } from "../../scripts/soak/seeded.ts";
import { type DiskWrite, type FileEvent, leftOf } from "./cut-file.ts";

const VALUES = "values";
/** Of cuts; the others come before the batch, while values are written. */
const IN_BATCH_SHARE = 0.75;
/** Of writes past the system's memory: of these the disk takes half, which is no error. */
const HALF_TAKEN_SHARE = 0.2;
/** What these begin and end at multiples of. */
const ALIGNMENT = 4_096;

/** Of each file, how many of its events there were. */
type Moment = ReadonlyMap<string, number>;
type Lengths = ReadonlyMap<string, number>;

/** One batch of LevelDB, by what the disk saw of it. */
interface BatchSeen {
  begun: Moment;
  returned: Moment;
  /** How long LevelDB's logs are: synced before it, and after it. */
  logsSynced: Lengths;
  logs: Lengths;
}

/** What the disk saw of one thing that the store did: a write is one batch, a compaction any number of them. */
export interface WorkSeen {
  begun: Moment;
  batches: readonly BatchSeen[];
  ended: Moment;
  /** How far LevelDB's logs are synced in the end. */
  logsSynced: Lengths;
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
 * Files do not wait for each other, so that each one is cut at a moment of its own between the two that all have in
 * common: before a batch, in it, and behind it. Thus a seed gives the same cut however the system takes turns.
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
  #batches: BatchSeen[] = [];

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

  /** One after the other. */
  async see(work: () => Promise<unknown>): Promise<WorkSeen> {
    const begun = this.#now();
    this.#batches = [];
    await work();
    return { begun, batches: this.#batches, ended: this.#now(), logsSynced: this.#logsSynced };
  }

  stop(): void {
    for (const restore of this.#restore) restore();
  }

  /**
   * Lays into `image`, which holds what was there in the beginning, what a cut leaves that comes while the store was at
   * work: while LevelDB writes a batch, before it, or behind the last one.
   * @returns whether a batch is lost, or a part of it
   */
  async cut(image: string, { begun, batches, ended, logsSynced }: WorkSeen): Promise<boolean> {
    const random = this.#random;
    const isInBatch = batches.length > 0 && random.chance(IN_BATCH_SHARE);
    const number = random.below(isInBatch ? batches.length : batches.length + 1);
    const batch = batches[number];
    const before = number === 0 ? begun : (batches[number - 1] as BatchSeen).returned;
    await (isInBatch && batch !== undefined
      ? this.#cutFiles(image, batch.begun, batch.returned)
      : this.#cutFiles(image, before, batch?.begun ?? ended));
    const synced = batch?.logsSynced ?? logsSynced;
    let isLost = !isInBatch && batch !== undefined;
    for (const [name, length] of isInBatch && batch !== undefined ? batch.logs : synced) {
      const bytes = (await readFile(join(this.#directory, name))).subarray(0, length);
      const torn = tornBehind(bytes, synced.get(name) ?? 0, random);
      await writeFile(join(image, name), torn);
      isLost ||= Buffer.compare(torn, bytes) !== 0;
    }
    return isLost;
  }

  /** Each file at a moment between the two. */
  async #cutFiles(image: string, first: Moment, last: Moment): Promise<void> {
    const random = this.#random;
    const until = (path: string): readonly FileEvent[] => {
      const [from, to] = [first.get(path) ?? 0, last.get(path) ?? 0];
      return (this.#events.get(path) ?? []).slice(0, from + random.below(to - from + 1));
    };
    const isThere = await this.#namesLeft(image, "", until(""));
    const isNamed = await this.#namesLeft(image, VALUES, until(VALUES));
    const old = await readdir(join(image, VALUES)).catch((): string[] => []);
    const written = [...this.#events.keys()].filter((path) => path.startsWith(`${VALUES}/`));
    const names = new Set([...old, ...written.map((path) => relative(VALUES, path))]);
    for (const name of [...names].sort()) {
      const path = join(VALUES, name);
      const events = until(path);
      if (!isThere(VALUES) || !isNamed(name)) {
        await rm(join(image, path), { force: true });
      } else if (events.length > 0) {
        const before = await readFile(join(image, path)).catch(() => new Uint8Array());
        await mkdir(join(image, VALUES), { recursive: true });
        await writeFile(join(image, path), leftOf(before, events, random));
      }
    }
  }

  /** Which names a folder has: what its last sync found; what came since may be there. */
  async #namesLeft(
    image: string,
    folder: string,
    events: readonly FileEvent[],
  ): Promise<(name: string) => boolean> {
    const known = new Set(await readdir(join(image, folder)).catch((): string[] => []));
    let synced: ReadonlySet<string> = new Set(known);
    for (const event of events) {
      if (event.kind !== "named") continue;
      synced = event.names;
      for (const name of synced) known.add(name);
    }
    return (name) => synced.has(name) || (!known.has(name) && this.#random.chance(0.5));
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
    const [begun, logsSynced] = [this.#now(), this.#logsSynced];
    await write();
    const logs = await logsOf(this.#directory);
    if (isSynced) this.#logsSynced = logs;
    this.#batches.push({ begun, returned: this.#now(), logsSynced, logs });
  }
}

/** LevelDB's logs only grow. */
const logsOf = async (directory: string): Promise<Lengths> =>
  new Map([...(await lengthsOf(directory))].filter(([name]) => name.endsWith(".log")));
