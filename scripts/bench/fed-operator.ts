import { hash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { HashThread } from "../../node/adapters/hash-thread.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { ReadingThreads } from "../../node/adapters/reading-threads.ts";
import { TreeThreads } from "../../node/adapters/tree-threads.ts";
import { openUsage } from "../../node/adapters/usage-source.ts";
import { ASTERISK } from "../../node/core/formats/asterisk-record.ts";
import { formatByName, type UsageFormat } from "../../node/core/formats/registry.ts";
import { TickSealer } from "../../node/engine/commit/seal-batch.ts";
import { benchOperator } from "./in-memory-operator.ts";
import { writeSwitchFile } from "./switch-file.ts";

const FROM_SECONDS = 1_791_000_000;
/** What is given back in other threads, after a collection. */
const GIVEN_BACK_MS = 20;

type Operator = Awaited<ReturnType<typeof benchOperator>>;

/** An operator on a disk of its own that takes in one file after the other, and seals each. */
export class FedOperator {
  readonly #directory: string;
  readonly #store: LevelStore;
  readonly #operator: Operator;
  readonly #sealer: TickSealer;
  readonly #reading: ReadingThreads;
  readonly #trees: TreeThreads;
  readonly #subscribers: number;
  #files = 0;
  #from = FROM_SECONDS;

  private constructor(
    directory: string,
    store: LevelStore,
    operator: Operator,
    trees: TreeThreads,
    subscribers: number,
  ) {
    this.#directory = directory;
    this.#store = store;
    this.#operator = operator;
    this.#trees = trees;
    this.#subscribers = subscribers;
    this.#sealer = new TickSealer(operator.context);
    this.#reading = new ReadingThreads();
  }

  /** @param threads whether charges are hashed in a thread, as in a node */
  static async open(subscribers: number, { threads = true } = {}): Promise<FedOperator> {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-fed-"));
    const store = await LevelStore.open(join(directory, "store"));
    const trees = new TreeThreads();
    const hasher = threads ? (domain: Uint8Array) => new HashThread(domain) : undefined;
    const operator = await benchOperator(store, subscribers, hasher, trees);
    return new FedOperator(directory, store, operator, trees, subscribers);
  }

  /** Calls that come after those before. */
  async take(rows: number): Promise<void> {
    const name = `Master-${++this.#files}.csv`;
    const path = join(this.#directory, name);
    await writeSwitchFile(path, rows, this.#subscribers, this.#from);
    this.#from += Math.ceil(rows / 20) + 60;
    const format = formatByName(ASTERISK) as UsageFormat;
    const options = { file: name, sourceName: "bench" };
    const source = await openUsage(path, format, options, this.#reading);
    const whole = source.look().then(() => {});
    const lines = (seeds: Uint32Array) => source.lines(seeds);
    const totals = await this.#operator.ingest.ingest({
      name,
      sha256: hash("sha256", name),
      lines,
      whole,
    });
    await source.close();
    await rm(path);
    const { charged, pricedAtZero } = totals.classes;
    if (charged.records + pricedAtZero.records !== rows) {
      throw new Error(`of ${rows} calls ${charged.records + pricedAtZero.records} became charges`);
    }
    await this.#sealer.seal();
  }

  async close(): Promise<void> {
    await this.#reading.close();
    await this.#trees.close();
    await this.#store.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/**
 * Bytes that the calling thread can not do without: its heap and the memory that its objects hold outside of it,
 * after everything that nobody refers to was collected.
 */
export async function heldBytes(): Promise<{ heap: number; external: number }> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let again = 0; again < 3; again++) {
    collect();
    await sleep(GIVEN_BACK_MS);
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external };
}
