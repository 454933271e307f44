import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Level } from "level";
import { LevelStore } from "../../node/adapters/level-store.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { lengthsOf, tornBehind } from "../../scripts/soak/cut-power.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";

/** A cut, a start on what is left, and the next. */
const GENERATIONS = 2;
const WRITES = 12;
const CUTS = 4;
const KEYS = 40;
const VALUE_BYTES_MAX = 60_000;

/** Lengths of the files of values and of LevelDB's log; all of them only grow. */
type Lengths = Map<string, number>;

interface Written {
  operations: StoreOperation[];
  /** What was synced before it began; after its values were; and what is there after it. */
  before: Lengths;
  values: Lengths;
  after: Lengths;
}

type Contents = Map<string, Uint8Array>;

/**
 * The real store on a disk whose power is cut in the middle of a write: of what was written and not synced
 * any pages of 4 kB are lost and others are there, whatever their order, and files end anywhere from their
 * synced length on. What was acknowledged must be there; the write that was under way as a whole or not
 * at all; and what is left must be taken, whether or not it looks like damage.
 */
export class PowerCuts {
  readonly #random: Seeded;
  readonly #base: string;
  #images = 0;

  private constructor(random: Seeded, base: string) {
    this.#random = random;
    this.#base = base;
  }

  /** @returns how often the power was cut, and how often the write under way was lost */
  static async run(seed: number): Promise<{ cuts: number; lost: number }> {
    const base = await mkdtemp(join(tmpdir(), "tallystick-power-"));
    try {
      return await new PowerCuts(new Seeded(seed), base).#run();
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  }

  async #run(): Promise<{ cuts: number; lost: number }> {
    let directory = this.#fresh();
    let contents: Contents = new Map();
    let [cuts, lost] = [0, 0];
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const begun = this.#fresh();
      const written = await this.#write(directory, begun);
      for (let cut = 0; cut < CUTS; cut++) {
        const number = this.#random.below(written.length);
        const image = await this.#image(directory, begun, written[number] as Written);
        const left = await this.#taken(image, contents, written, number);
        cuts++;
        if (left.isLost) lost++;
        if (cut < CUTS - 1) continue;
        directory = image;
        contents = left.contents;
      }
    }
    return { cuts, lost };
  }

  /** @param begun gets a copy of the directory as it is before the first write */
  async #write(directory: string, begun: string): Promise<Written[]> {
    const store = await LevelStore.open(directory);
    await cp(directory, begun, { recursive: true });
    const synced = await SyncWatch.begin(directory);
    const written: Written[] = [];
    try {
      for (let number = 0; number < WRITES; number++) {
        const operations = this.#operations();
        const before = new Map(synced.all);
        await store.write(operations);
        const after = await lengthsOf(directory);
        written.push({ operations, before, values: synced.afterValues, after });
      }
    } finally {
      synced.stop();
      await store.close();
    }
    return written;
  }

  #operations(): StoreOperation[] {
    const random = this.#random;
    const operations = new Map<string, StoreOperation>();
    for (let count = 1 + random.below(4); count > 0; count--) {
      const key = `k${random.below(KEYS)}`;
      if (random.chance(0.15)) {
        operations.set(key, { type: "delete", key });
        continue;
      }
      // Many small ones, so that several lie in one page, and some that take many.
      const max = random.chance(0.5) ? 600 : VALUE_BYTES_MAX;
      const value = new Uint8Array(random.below(max)).map((_, at) => at * 7 + count);
      const lasting = random.chance(0.3) && (random.chance(0.5) ? true : ("passing" as const));
      operations.set(key, { type: "put", key, value, ...(lasting ? { lasting } : {}) });
    }
    return [...operations.values()];
  }

  /** The directory as a cut in the middle of the write leaves it. */
  async #image(directory: string, begun: string, write: Written): Promise<string> {
    const image = this.#fresh();
    await cp(begun, image, { recursive: true });
    // While its values are written nothing of the batch is; then the values are synced.
    const isAmongValues = this.#random.chance(0.3);
    for (const [name, after] of write.after) {
      const isValues = name.startsWith("values");
      const before = write.before.get(name) ?? 0;
      const synced = isValues && !isAmongValues ? (write.values.get(name) ?? before) : before;
      const there = isValues || !isAmongValues ? after : before;
      const bytes = (await readFile(join(directory, name))).subarray(0, there);
      await mkdir(join(image, name, ".."), { recursive: true });
      await writeFile(join(image, name), tornBehind(bytes, synced, this.#random));
    }
    return image;
  }

  async #taken(
    image: string,
    before: Contents,
    written: readonly Written[],
    number: number,
  ): Promise<{ contents: Contents; isLost: boolean }> {
    const without = new Map(before);
    for (const { operations } of written.slice(0, number)) apply(without, operations);
    const withIt = new Map(without);
    apply(withIt, (written[number] as Written).operations);
    const store = await LevelStore.open(image);
    try {
      const found: Contents = new Map();
      for await (const { key, value } of store.scan({ from: "", to: "~" })) found.set(key, value);
      const isLost = !isSame(found, withIt);
      if (isLost) assert.ok(isSame(found, without), `after a cut in write ${number}`);
      // It goes on, and the next start finds that too.
      const more: StoreOperation = { type: "put", key: "more", value: Uint8Array.of(number) };
      await store.write([more]);
      await store.close();
      const again = await LevelStore.open(image);
      assert.equal((await again.get("more"))?.[0], number);
      await again.write([{ type: "delete", key: "more" }]);
      await again.close();
      return { contents: isLost ? without : withIt, isLost };
    } finally {
      await store.close();
    }
  }

  #fresh(): string {
    return join(this.#base, String(this.#images++));
  }
}

interface Synced {
  datasync(): Promise<void>;
}

type SyncOption = { sync?: boolean } | undefined;

interface Writable {
  write(options: SyncOption): Promise<void>;
}

/** Notes how far files are synced, by what is asked of LevelDB and of the system. */
class SyncWatch {
  readonly #directory: string;
  /** How far each file is synced. */
  all: Lengths;
  /** The same when the values of the write at hand were. */
  afterValues: Lengths;
  readonly #restore: (() => void)[] = [];

  private constructor(directory: string, lengths: Lengths, fileHandle: Synced) {
    this.#directory = directory;
    this.all = new Map(lengths);
    this.afterValues = this.all;
    const watch = this;
    const { batch } = Level.prototype;
    const written = async (write: () => Promise<void>, isSynced: boolean): Promise<void> => {
      watch.afterValues = new Map(watch.all);
      await write();
      if (isSynced) await watch.#note((name) => name.endsWith(".log"));
    };
    // A list of operations, or a batch that is filled one by one and then written.
    Level.prototype.batch = function (this: Level, ...args: [] | [[], SyncOption]) {
      if (args.length > 0) {
        const whole = () => (batch as (...given: unknown[]) => Promise<void>).apply(this, args);
        return written(whole, args[1]?.sync === true);
      }
      const chained = batch.call(this) as unknown as Writable;
      const write = chained.write.bind(chained);
      chained.write = (options) => written(() => write(options), options?.sync === true);
      return chained;
    } as unknown as typeof batch;
    this.#restore.push(() => {
      Level.prototype.batch = batch;
    });
    const { datasync } = fileHandle;
    fileHandle.datasync = async function (this: Synced) {
      await datasync.call(this);
      await watch.#note((name) => name.startsWith("values"));
    };
    this.#restore.push(() => {
      fileHandle.datasync = datasync;
    });
  }

  static async begin(directory: string): Promise<SyncWatch> {
    const handle = await open(directory, "r");
    await handle.close();
    // What all handles of files share.
    const shared = Object.getPrototypeOf(handle) as Synced;
    return new SyncWatch(directory, await lengthsOf(directory), shared);
  }

  async #note(isMeant: (name: string) => boolean): Promise<void> {
    for (const [name, length] of await lengthsOf(this.#directory)) {
      if (isMeant(name)) this.all.set(name, length);
    }
  }

  stop(): void {
    for (const restore of this.#restore) restore();
  }
}

function apply(contents: Contents, operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    if (operation.type === "put") contents.set(operation.key, operation.value);
    else contents.delete(operation.key);
  }
}

const isSame = (a: Contents, b: Contents): boolean =>
  a.size === b.size &&
  [...a].every(([key, value]) => {
    const other = b.get(key);
    return other !== undefined && Buffer.compare(value, other) === 0;
  });
