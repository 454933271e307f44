import assert from "node:assert/strict";
import { constants } from "node:fs";
import { cp, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { ValueRoom } from "../../node/engine/number/value-room.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { SimulatedDisk, type WorkSeen } from "./simulated-disk.ts";

/** A cut, a start on what is left, and the next. */
const GENERATIONS = 2;
const WRITES = 12;
const CUTS = 4;
const KEYS = 40;
/** Writes with a compaction before them. */
const COMPACTED_SHARE = 0.2;
const VALUE_BYTES_MAX = 40_000;
/** Small enough that a few values of a write go past the system's memory, and a file of values is full now and then. */
const VALUE_SIZES = { fileBytes: 300_000, directBytesMin: 12_288 };
/** Where syncs cost nothing: the simulated disk tells what they are worth. */
const MEMORY = "/dev/shm";

interface Written {
  operations: StoreOperation[];
  seen: WorkSeen;
}

type Contents = Map<string, Uint8Array>;

export interface PowerCutRun {
  cuts: number;
  /** How often the write under way was lost. */
  lost: number;
  /** Writes past the system's memory. */
  direct: number;
}

/**
 * The real store on a disk whose power is cut in the middle of a write or a compaction (simulated-disk.ts). What was
 * acknowledged must be there; the write that was under way as a whole or not at all; nothing else may have changed; and
 * what is left must be taken, whether or not it looks like damage.
 */
export class PowerCuts {
  readonly #random: Seeded;
  readonly #base: string;
  readonly #room = new ValueRoom();
  readonly #counts: PowerCutRun = { cuts: 0, lost: 0, direct: 0 };
  #images = 0;

  private constructor(random: Seeded, base: string) {
    this.#random = random;
    this.#base = base;
  }

  static async run(seed: number): Promise<PowerCutRun> {
    const base = await makeDisks();
    try {
      const cuts = new PowerCuts(new Seeded(seed), base);
      await cuts.#run();
      return cuts.#counts;
    } finally {
      await rm(base, { recursive: true, force: true });
    }
  }

  async #run(): Promise<void> {
    let directory = this.#fresh();
    let contents: Contents = new Map();
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const begun = this.#fresh();
      const { written, disk } = await this.#write(directory, begun);
      for (let cut = 0; cut < CUTS; cut++) {
        const number = this.#random.below(written.length);
        const image = this.#fresh();
        await cp(begun, image, { recursive: true });
        const { seen } = written[number] as Written;
        await disk.cut(image, seen);
        const left = await this.#taken(image, contents, written, number);
        this.#counts.cuts++;
        if (left.isLost) this.#counts.lost++;
        if (cut < CUTS - 1) continue;
        directory = image;
        contents = left.contents;
      }
    }
  }

  /** @param begun gets a copy of the directory as it is before the first write */
  async #write(
    directory: string,
    begun: string,
  ): Promise<{ written: Written[]; disk: SimulatedDisk }> {
    const store = await LevelStore.open(directory, VALUE_SIZES);
    await cp(directory, begun, { recursive: true });
    const disk = await SimulatedDisk.begin(directory, this.#random);
    const written: Written[] = [];
    try {
      for (let number = 0; number < WRITES; number++) {
        if (this.#random.chance(COMPACTED_SHARE)) {
          written.push({ operations: [], seen: await disk.see(() => store.compact()) });
        }
        const operations = this.#operations();
        const seen = await disk.see(() => store.write(this.#placed(operations)));
        written.push({ operations, seen });
      }
    } finally {
      disk.stop();
      await store.close();
    }
    this.#counts.direct += disk.direct;
    return { written, disk };
  }

  #operations(): StoreOperation[] {
    const random = this.#random;
    const operations = new Map<string, StoreOperation>();
    for (let count = 1 + random.below(7); count > 0; count--) {
      const key = `k${random.below(KEYS)}`;
      if (random.chance(0.15)) {
        operations.set(key, { type: "delete", key });
        continue;
      }
      // Many small ones, so that several lie in one sector, and some that take many.
      const max = random.chance(0.5) ? 3_000 : VALUE_BYTES_MAX;
      const value = this.#value(random.below(max));
      const lasting = random.pick([false, false, true, "passing", "cold", "cold"] as const);
      operations.set(key, { type: "put", key, value, lasting });
    }
    return [...operations.values()];
  }

  /** No two are alike in any part. */
  #value(length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4));
    let word = this.#random.below(2 ** 32) | 1;
    for (let at = 0; at < words.length; at++) {
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
      words[at] = word;
    }
    return new Uint8Array(words.buffer, 0, length);
  }

  /** Cold values where those of a unit of work lie: behind each other, in memory that the next unit takes again. */
  #placed(operations: readonly StoreOperation[]): StoreOperation[] {
    this.#room.startAnew();
    return operations.map((operation) => {
      if (operation.type !== "put" || operation.lasting !== "cold") return operation;
      const value = this.#room.take(operation.value.length);
      value.set(operation.value);
      return { ...operation, value };
    });
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
    const store = await LevelStore.open(image, VALUE_SIZES);
    try {
      const found: Contents = new Map();
      for await (const { key, value } of store.scan({ from: "", to: "~" })) found.set(key, value);
      const isLost = !isSame(found, withIt);
      if (isLost) assert.ok(isSame(found, without), `after a cut in write ${number}`);
      // It goes on, and the next start finds that too.
      const more: StoreOperation = { type: "put", key: "more", value: Uint8Array.of(number) };
      await store.write([more]);
      await store.close();
      const again = await LevelStore.open(image, VALUE_SIZES);
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

/** A folder in memory, unless that refuses what a disk takes: direct writes, before Linux 6.6. */
export async function makeDisks(): Promise<string> {
  return await mkdtemp(join(await folderOfDisks(), "tallystick-power-"));
}

async function folderOfDisks(): Promise<string> {
  const path = join(MEMORY, `tallystick-probe-${process.pid}`);
  const { O_CREAT, O_WRONLY, O_DIRECT = 0 } = constants;
  try {
    await (await open(path, O_CREAT | O_WRONLY | O_DIRECT)).close();
    return MEMORY;
  } catch {
    return tmpdir();
  } finally {
    await rm(path, { force: true });
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
