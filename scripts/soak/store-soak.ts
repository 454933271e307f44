import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { checkValues } from "../../node/engine/check/check-values.ts";
import { readBytes } from "../../node/engine/store/stored-bytes.ts";
import { cutPower, lengthsOf } from "./cut-power.ts";
import { Seeded } from "./seeded.ts";
import { SeenUnits } from "./seen-units.ts";
import { apply, BATCH_KEY, batchOf, type Contents, ROWS, VALUE_SIZES } from "./store-batches.ts";
import { readReport, type StoreReport } from "./store-report.ts";

const WRITER = fileURLToPath(new URL("store-writer.ts", import.meta.url));
const KILLS_OF_A_STORE = 10;
/** Where a sync costs nothing, more happens before each kill; what a power cut takes is told by the report. */
const MEMORY = "/dev/shm";
/** A process is killed when it has reported so much at most: a word is some 30 bytes, a batch some five words. */
const REPORTED_BYTES_MAX = 12_000;
const LOOK_MS = 2;
/** One that is killed while it starts, and opens what another one left, at the latest after so long. */
const STARTING_MS = 600;

export interface StoreSoak {
  passed: number;
  failed: number;
  kills: number;
  cuts: number;
  batches: number;
  units: number;
  compactions: number;
  /** Writes past the system's memory. */
  direct: number;
}

/**
 * kill -9 of a process that writes, folds and compacts a store, at any moment, each second time with a power cut that
 * takes what was not synced. What was acknowledged must be there, what was under way as a whole or not at all. A store
 * that fails is kept, and named.
 */
export async function soakStore(
  seed: number,
  kills: number,
  tell: (line: string) => void,
): Promise<StoreSoak> {
  const all = {
    passed: 0,
    failed: 0,
    kills: 0,
    cuts: 0,
    batches: 0,
    units: 0,
    compactions: 0,
    direct: 0,
  };
  const base = await mkdtemp(
    join(existsSync(MEMORY) ? MEMORY : tmpdir(), "tallystick-store-soak-"),
  );
  for (let number = 0; all.kills < kills; number++) {
    const killed = new KilledStore(join(base, String(number)), seed + number, all);
    try {
      for (let of = 0; of < KILLS_OF_A_STORE && all.kills < kills; of++) await killed.kill();
      await killed.end();
      all.passed++;
    } catch (error) {
      all.failed++;
      const why = error instanceof Error ? error.message : error;
      tell(`store seed ${seed + number}: FAILED, kept in ${killed.directory}: ${why}`);
    }
  }
  if (all.failed === 0) await rm(base, { recursive: true, force: true });
  return all;
}

class KilledStore {
  readonly directory: string;
  readonly #seed: number;
  readonly #random: Seeded;
  readonly #counts: StoreSoak;
  readonly #contents: Contents = new Map();
  #batches = 0;
  #units = 0;

  constructor(directory: string, seed: number, counts: StoreSoak) {
    this.directory = directory;
    this.#seed = seed;
    this.#random = new Seeded(seed);
    this.#counts = counts;
  }

  async kill(): Promise<void> {
    const random = this.#random;
    const file = `${this.directory}.report`;
    await writeFile(file, "");
    const before = existsSync(this.directory) ? await lengthsOf(this.directory) : new Map();
    const bytes = random.below(REPORTED_BYTES_MAX);
    await this.#killOne(file, async () => {
      while (statSync(file).size < bytes) await sleep(LOOK_MS);
    });
    if (random.chance(0.5)) {
      const { synced } = readReport(file);
      if (existsSync(this.directory)) {
        await cutPower(this.directory, new Map([...before, ...synced]), random);
      }
      this.#counts.cuts++;
    }
    // Now and then the next one is killed while it opens what is left.
    if (random.chance(0.3)) await this.#killOne(file, () => sleep(random.below(STARTING_MS)));
    const said = readReport(file);
    this.#counts.compactions += said.compactions;
    this.#counts.direct += said.direct;
    await this.#judge(said);
  }

  async #killOne(file: string, until: () => Promise<unknown>): Promise<void> {
    const args = [WRITER, this.directory, file, String(this.#seed)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    const words = wordsOf(child);
    const gone = once(child, "exit");
    await Promise.race([until(), gone]);
    const isEnded = child.exitCode !== null;
    child.kill("SIGKILL");
    await gone;
    this.#counts.kills++;
    if (isEnded) throw new Error(`the writer ended by itself: ${await words}`);
  }

  async #judge(said: StoreReport): Promise<void> {
    const store = await LevelStore.open(this.directory, VALUE_SIZES);
    try {
      const stored = await store.get(BATCH_KEY);
      const number = stored === undefined ? 0 : Number(Buffer.from(readBytes(BATCH_KEY, stored)));
      const acknowledged = Math.max(said.acknowledged, this.#batches);
      if (number < acknowledged || number > Math.max(acknowledged, said.begun)) {
        throw new Error(`batch ${number} is the newest, ${acknowledged} was acknowledged`);
      }
      while (this.#batches < number) apply(this.#contents, batchOf(this.#seed, ++this.#batches));
      await this.#compare(store);
      const { damaged } = await checkValues(store);
      if (damaged.length > 0) throw new Error(`damaged: ${damaged.join(", ")}`);
      const seen = await SeenUnits.load(store);
      const units = Math.max(said.units, this.#units);
      if (seen.units < units || seen.units > units + 1) {
        throw new Error(`${seen.units} units are there, ${units} were acknowledged`);
      }
      for (let unit = 0; unit < seen.units + 2; unit++) {
        const wrong = await seen.wrong(unit);
        if (wrong > 0) throw new Error(`${wrong} records of unit ${unit} of ${seen.units}`);
      }
      this.#units = seen.units;
    } finally {
      await store.close();
    }
  }

  async #compare(store: LevelStore): Promise<void> {
    const left = new Map(this.#contents);
    for await (const { key, value } of store.scan(ROWS)) {
      const expected = left.get(key);
      if (expected === undefined) throw new Error(`${key} should not be there`);
      if (Buffer.compare(expected, value) !== 0) throw new Error(`${key} differs`);
      left.delete(key);
    }
    if (left.size > 0) throw new Error(`missing: ${[...left.keys()].join(", ")}`);
  }

  /** The space of what no key names is given back in the end, and everything is there. */
  async end(): Promise<void> {
    const store = await LevelStore.open(this.directory, VALUE_SIZES);
    try {
      await store.compact();
      const { filesKept } = await store.compact();
      if (filesKept > 0) throw new Error(`${filesKept} files were not given back`);
      await this.#compare(store);
      const { damaged } = await checkValues(store);
      if (damaged.length > 0) throw new Error(`damaged: ${damaged.join(", ")}`);
    } finally {
      await store.close();
    }
    this.#counts.batches += this.#batches;
    this.#counts.units += this.#units;
    await rm(this.directory, { recursive: true, force: true });
    await rm(`${this.directory}.report`);
  }
}

async function wordsOf({ stderr }: ChildProcess): Promise<string> {
  let words = "";
  for await (const text of stderr ?? []) words += text;
  return words.slice(0, 2_000);
}
