import { hash, randomFillSync } from "node:crypto";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ColumnsThread } from "../../node/adapters/columns-thread.ts";
import { HashThread } from "../../node/adapters/hash-thread.ts";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { ReadingThreads } from "../../node/adapters/reading-threads.ts";
import { TreeThreads } from "../../node/adapters/tree-threads.ts";
import { HashArena } from "../../node/core/commitment/kernel/hash-arena.ts";
import { ASTERISK } from "../../node/core/formats/asterisk-record.ts";
import { TickSealer } from "../../node/engine/commit/seal-batch.ts";
import { SeenIndex } from "../../node/engine/intake/seen-index.ts";
import { RowPricer } from "../../node/engine/rate/price-columns.ts";
import { UsePricer } from "../../node/engine/rate/price-use.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { benchOperator } from "./in-memory-operator.ts";
import { MemoryWatch } from "./own-memory.ts";
import { columnsHere } from "./read.ts";
import { writeSwitchFile } from "./switch-file.ts";

/** TALLYSTICK_BENCH_RECORDS sets the single work; it is done once, and two, four and eight times. */
const RECORDS = Number(process.env.TALLYSTICK_BENCH_RECORDS ?? 100_000);
const SUBSCRIBERS = 5_000;
const GOAL = 200_000;
const FROM_SECONDS = 1_791_000_000;
const WRITE_BYTES = 1_048_576;
/** Salts, source tag, three groups, leaf. */
const HASHES_A_CHARGE = 6;
const HASH_TILE = 256;

type Operator = Awaited<ReturnType<typeof benchOperator>>;

interface Cost {
  seconds: number;
  /** Of all threads of the process. */
  cpuSeconds: number;
  mainSeconds: number;
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function cost(work: () => Promise<unknown> | unknown): Promise<Cost> {
  const cpu = cpuSeconds();
  const main = process.threadCpuUsage();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.threadCpuUsage(main);
  return { seconds, cpuSeconds: cpuSeconds() - cpu, mainSeconds: (user + system) / 1e6 };
}

const OPTIONS = { sourceName: "bench" };

async function take(
  { ingest }: Operator,
  threads: ReadingThreads,
  path: string,
  name: string,
): Promise<void> {
  const source = new ColumnsThread(path, ASTERISK, { file: path, ...OPTIONS }, threads);
  const whole = source.look().then(() => {});
  const lines = (seeds: Uint32Array) => source.lines(seeds);
  const { classes, in: taken } = await ingest.ingest({
    name,
    sha256: hash("sha256", name),
    lines,
    whole,
  });
  await source.close();
  const charged = classes.charged.records + classes.pricedAtZero.records;
  if (charged !== taken.records) {
    throw new Error(`${taken.records - charged} records of the benchmark are no charges`);
  }
}

/** What single stages cost on the same file, each alone; what is left of the whole is the store. */
async function stages(operator: Operator, path: string, all: Cost, seal: Cost): Promise<string> {
  const { context, tariffs, guide } = operator;
  const pricer = new UsePricer(context, tariffs, guide);
  await pricer.startAt(undefined);
  const rows = new RowPricer(pricer);
  const seen = await SeenIndex.load(context, new StoreSession(context.store), 0);
  const spent = { "read and parse": 0, fingerprints: 0, dedupe: 0, "guide and rate": 0 };
  let before = cpuSeconds();
  const spend = (stage: keyof typeof spent) => {
    const now = cpuSeconds();
    spent[stage] += now - before;
    before = now;
  };
  let records = 0;
  for (const columns of columnsHere(path)) {
    spend("read and parse");
    records += columns.count;
    seen.prints.ofColumns(columns);
    spend("fingerprints");
    // Found in no index: the records of the benchmark are new to the one that took them in.
    const strangers = columns.prints.subarray(0, 4 * columns.count).map((half) => half ^ 1);
    await seen.recall(strangers);
    for (let at = 0; at < strangers.length; at += 2) seen.find(strangers, at);
    spend("dedupe");
    rows.begin(columns);
    for (let row = 0; row < columns.count; row++) {
      const served = rows.guide(columns, row);
      if (served !== undefined) rows.price(columns, row, served);
    }
    spend("guide and rate");
  }
  const hashing = (await cost(() => bareHashing(records))).cpuSeconds;
  const rest = all.cpuSeconds - Object.values(spent).reduce((sum, one) => sum + one, hashing);
  const micros = (seconds: number) => ((1e6 * seconds) / records).toFixed(2);
  const share = (seconds: number) =>
    `${Math.round((100 * seconds) / (all.cpuSeconds + seal.cpuSeconds))} %`;
  const parts = { ...spent, "hash (kernel alone)": hashing, "number, columns, store": rest };
  const shares = Object.entries({ ...parts, seal: seal.cpuSeconds })
    .map(([name, seconds]) => `${name} ${share(seconds)} (${micros(seconds)} µs)`)
    .join(", ");
  return `${shares}; of this the main thread ${micros(all.mainSeconds + seal.mainSeconds)} µs`;
}

/** As many messages as so many charges need, already in the kernel's memory. */
function bareHashing(charges: number): void {
  const tile = new HashArena(131_072).tile(HASH_TILE, "keccak");
  tile.setLength(130);
  for (let at = 0; at < charges * HASHES_A_CHARGE; at += HASH_TILE) tile.hash(HASH_TILE);
}

async function bareWriting(path: string, bytes: number): Promise<void> {
  const block = randomFillSync(new Uint8Array(WRITE_BYTES));
  const file = await open(path, "w");
  for (let at = 0; at < bytes; at += WRITE_BYTES) await file.write(block);
  await file.sync();
  await file.close();
}

/** A switch's file on disk to rated, proven, durable rows and a sealed batch; no ledger. */
export const pipeline: Benchmark = {
  name: "pipeline",
  async *run(): AsyncGenerator<Figure> {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
    const watch = new MemoryWatch();
    const store = await LevelStore.open(join(directory, "store"));
    // Kept from file to file, as a node does.
    const threads = new ReadingThreads();
    const trees = new TreeThreads();
    try {
      const hasher = (domain: Uint8Array) => new HashThread(domain);
      const operator = await benchOperator(store, SUBSCRIBERS, hasher, trees);
      const sealer = new TickSealer(operator.context);
      // The first charge of a subscriber in a month makes keys and a pseudonym: told apart.
      const first = join(directory, "first.csv");
      await writeSwitchFile(first, SUBSCRIBERS, SUBSCRIBERS, FROM_SECONDS - 86_400);
      const opening = await cost(() => take(operator, threads, first, "first"));
      const path = join(directory, "Master.csv");
      let from = FROM_SECONDS;
      for (const times of [1, 2, 4, 8]) {
        const records = times * RECORDS;
        await writeSwitchFile(path, records, SUBSCRIBERS, from);
        from += records / 20 + 86_400;
        watch.highest();
        const all = await cost(() => take(operator, threads, path, `file ${times}`));
        const memory = watch.highest();
        const seal = await cost(() => sealer.seal());
        const sealMemory = watch.highest();
        const { size } = await stat(path);
        const write = await cost(() => bareWriting(join(directory, "bare"), size));
        const bare = await cost(() => bareHashing(records));
        // Once, and last: it holds all records, which is no memory of the pipeline's.
        const shares = times === 8 ? `; ${await stages(operator, path, all, seal)}` : "";
        const seconds = all.seconds + seal.seconds;
        const cpu = all.cpuSeconds + seal.cpuSeconds;
        yield {
          name: "pipeline",
          work: `${records} rows of Master.csv (${Math.round(size / 1e6)} MB): read, dedupe, guide, rate, prove, store durably, seal; no ledger. ${((1e6 * cpu) / records).toFixed(1)} µs of processor a record${shares}; at most ${memory} MB of its own while it reads to the last unit of work, ${sealMemory} MB while it seals a batch of ${records}; ${Math.round((1e6 * opening.cpuSeconds) / SUBSCRIBERS)} µs more for a subscriber's first charge of a month`,
          ours: perSecond(records, seconds),
          unit: "records/s",
          beside: [
            {
              name: "if both cores were free and shared the work",
              value: perSecond(2 * records, cpu),
            },
            {
              name: "limit: bare hashing of as many messages",
              value: perSecond(records, bare.seconds),
            },
            {
              name: "limit: bare sequential write of the same bytes",
              value: perSecond(records, write.seconds),
            },
            {
              name: "CGRateS, rated and kept in memory, two cores (published run)",
              value: 13_000,
            },
          ],
          goal: GOAL,
          met: records / seconds >= GOAL,
          seconds,
        };
      }
    } finally {
      watch.stop();
      await threads.close();
      await trees.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
};
