import { spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { billingEpoch } from "../../node/engine/bill/billing-epoch.ts";
import { SampleNetwork, ZONE } from "../network/sample-network.ts";
import { type Benchmark, type Figure, perSecond } from "./benchmark.ts";
import { numberOf, writeRecordsFile, writeServicesFile, writeSwitchFile } from "./switch-file.ts";

/** TALLYSTICK_BENCH_RECORDS sets the rows of one file; four of them are the larger work. */
const ROWS = Number(process.env.TALLYSTICK_BENCH_RECORDS ?? 400_000);
const FILES = 4;
const SUBSCRIBERS = 5_000;
const ACCOUNTS_A_CALL = 1_000;
const GOAL = 200_000;
const DAY = 86_400;
/** Of the times in /proc, on every Linux. */
const CLOCK_TICKS_A_SECOND = 100;
const TALLYSTICK = fileURLToPath(new URL("../../bin/tallystick", import.meta.url));

/** What the node tells of a file that was taken in (docs/COMMANDS.md). */
interface Told {
  in: { records: number };
  classes: Record<string, { records: number } | undefined>;
  already: boolean;
  seconds: Record<string, number>;
}

interface Run {
  files: Told[];
  /** By the clock, from the start of the command to its end; to the last file's end where it watches. */
  seconds: number;
  /** Processor of the command's process and of the node's, all threads. */
  commandSeconds: number;
  nodeSeconds: number;
  /** That the node had at most since its start, in MB of its own and of mapped files; NaN where none runs. */
  nodeMegabytes: number;
}

/** Fields of /proc/PID/stat from the third on. */
async function statOf(pid: number | "self"): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

const ticksIn = (fields: string[], from: number): number =>
  (Number(fields[from]) + Number(fields[from + 1])) / CLOCK_TICKS_A_SECOND;

/** Of a process and its threads; NaN where the system does not say. */
const processorOf = async (pid: number): Promise<number> => ticksIn(await statOf(pid), 11);
/** Of the processes that this one started and that ended. */
const processorOfChildren = async (): Promise<number> => ticksIn(await statOf("self"), 13);

async function peakMegabytesOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]) / 1000);
}

/** The network of `npm start` before anything was played, with subscribers of the benchmark's files. */
class BenchNetwork {
  readonly #sample: SampleNetwork;
  readonly folder: string;
  /** Where the next file's calls begin. */
  #fromSeconds: number;
  #files = 0;

  private constructor(sample: SampleNetwork, fromSeconds: number) {
    this.#sample = sample;
    this.folder = join(sample.directory, "files");
    this.#fromSeconds = fromSeconds;
  }

  static async start(directory: string): Promise<BenchNetwork> {
    const sample = await SampleNetwork.start({
      directory,
      ports: { ledger: 0, alder: 0, birch: 0 },
      say: () => {},
      progress: () => {},
    });
    const month = billingEpoch(sample.network.month, ZONE);
    await sample.birch.stop();
    await sample.ledger.setTime(month.toMilliseconds / 1000);
    await sample.ledger.mine();
    for (let from = 0; from < SUBSCRIBERS; from += ACCOUNTS_A_CALL) {
      const accounts = Array.from({ length: ACCOUNTS_A_CALL }, (_, at) => ({
        id: `a${from + at}`,
        label: `Subscriber ${from + at}`,
        devices: [{ id: numberOf(from + at) }],
      }));
      await sample.alder.ask("PUT", "accounts", accounts);
    }
    const network = new BenchNetwork(sample, month.fromMilliseconds / 1000 + DAY);
    await mkdir(network.folder);
    return network;
  }

  async writeFile(rows: number): Promise<string> {
    const path = join(this.folder, `Master-${++this.#files}.csv`);
    await writeSwitchFile(path, rows, SUBSCRIBERS, this.#fromSeconds);
    this.#fromSeconds += Math.ceil(rows / 20) + 3_600;
    return path;
  }

  /** The same as usage records, one JSON object a line. */
  async writeRecords(rows: number): Promise<string> {
    const from = await this.writeFile(rows);
    const path = `${from}.ndjson`;
    await writeRecordsFile(path, from, { file: "Master.csv", sourceName: "bench", zone: ZONE });
    await rm(from);
    return path;
  }

  /** Messages and parts of data sessions, which the sample's tariff has prices for. */
  async writeServices(rows: number): Promise<string> {
    const path = join(this.folder, `services-${++this.#files}.ndjson`);
    await writeServicesFile(path, rows, SUBSCRIBERS, this.#fromSeconds, ["sms", "data"]);
    this.#fromSeconds += Math.ceil(rows / 20) + 3_600;
    return path;
  }

  async writeFiles(files: number, rows: number): Promise<string[]> {
    const paths: string[] = [];
    while (paths.length < files) paths.push(await this.writeFile(rows));
    return paths;
  }

  /** `tallystick NAME …` of the operator. @param watched ends it once so many files were told */
  async run(
    name: string,
    its: string[],
    watched?: { files: number; begin: () => Promise<void> },
  ): Promise<Run> {
    const { alder, directory } = this.#sample;
    const [children, node] = [await processorOfChildren(), await processorOf(alder.pid)];
    let began = performance.now();
    const child = spawn(
      TALLYSTICK,
      [name, ...its, "--json", "--data", directory, "--operator", "alder"],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const ended = once(child, "exit");
    const files: Told[] = [];
    let lastAt = began;
    if (watched !== undefined) {
      began = performance.now();
      await watched.begin();
    }
    for await (const line of createInterface({ input: child.stdout })) {
      const { file, error } = JSON.parse(line);
      if (error !== undefined) throw new Error(`${name}: ${error.message}`);
      if (file === undefined) continue;
      files.push(file);
      lastAt = performance.now();
      if (files.length === watched?.files) child.kill("SIGINT");
    }
    const [code] = await ended;
    if (code !== 0) throw new Error(`tallystick ${name} ended with ${code}`);
    const end = watched === undefined ? performance.now() : lastAt;
    return {
      files,
      seconds: (end - began) / 1000,
      commandSeconds: (await processorOfChildren()) - children,
      nodeSeconds: (await processorOf(alder.pid)) - node,
      nodeMegabytes: await peakMegabytesOf(alder.pid),
    };
  }

  async stopNode(): Promise<void> {
    await this.#sample.alder.stop();
  }

  stop(): Promise<void> {
    return this.#sample.stop();
  }
}

function requireCharged(run: Run, rows: number): void {
  let charged = 0;
  for (const { classes, already } of run.files) {
    if (already) throw new Error("a file of the benchmark was taken in before");
    charged += (classes.charged?.records ?? 0) + (classes.pricedAtZero?.records ?? 0);
  }
  if (charged !== rows) throw new Error(`${charged} of ${rows} records became charges`);
}

function figureOf(work: string, rows: number, taken: Run, commit: Run, bare: number): Figure {
  const seconds = taken.seconds + commit.seconds;
  const micros = (spent: number) => ((1e6 * spent) / rows).toFixed(2);
  const phases: Record<string, number> = {};
  for (const file of taken.files) {
    for (const [phase, spent] of Object.entries(file.seconds)) {
      phases[phase] = (phases[phase] ?? 0) + spent;
    }
  }
  const shares = Object.entries(phases).map(([phase, spent]) => `${phase} ${micros(spent)}`);
  const ofNode = Number.isNaN(taken.nodeSeconds) ? "" : `, the node ${micros(taken.nodeSeconds)}`;
  const processor = (run: Run) =>
    run.commandSeconds + (Number.isNaN(run.nodeSeconds) ? 0 : run.nodeSeconds);
  return {
    name: "ingest",
    work:
      `${rows} records by ${work}, then tallystick commit until final. Each record by the clock, µs: ` +
      `${shares.join(", ")} (phases of files overlap), commit ${micros(commit.seconds)}; the command itself starts and ends in ${bare.toFixed(2)} s. ` +
      `Of processor: the command ${micros(taken.commandSeconds)}${ofNode}, commit ${micros(processor(commit))}`,
    ours: perSecond(rows, seconds),
    unit: "records/s",
    beside: [
      { name: "without the commit", value: perSecond(rows, taken.seconds) },
      {
        name: "if both cores were free and shared the work",
        value: perSecond(2 * rows, processor(taken) + processor(commit)),
      },
      ...(Number.isNaN(taken.nodeMegabytes)
        ? []
        : [{ name: "the node's memory at most, MB", value: taken.nodeMegabytes }]),
    ],
    goal: GOAL,
    met: rows / seconds >= GOAL,
    seconds,
  };
}

/** The command as people call it: its process, the node's, the node's store, and the embedded ledger. */
export const ingest: Benchmark = {
  name: "ingest",
  async *run(): AsyncGenerator<Figure> {
    const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
    const network = await BenchNetwork.start(directory);
    try {
      // A subscriber's first charge of a month makes keys and a pseudonym.
      const first = await network.writeFile(2 * SUBSCRIBERS);
      await network.run("ingest", [first]);
      await network.run("commit", []);
      // Known by its digest: nothing is done again.
      const { seconds: bare } = await network.run("ingest", [first]);
      for (const [files, rows] of [
        [1, ROWS],
        [FILES, ROWS],
        [1, FILES * ROWS],
      ] as const) {
        const paths = await network.writeFiles(files, rows);
        const taken = await network.run("ingest", paths);
        requireCharged(taken, files * rows);
        const work = `tallystick ingest of ${files} Master.csv of ${await megabytes(paths)} MB, a node running`;
        yield figureOf(work, files * rows, taken, await network.run("commit", []), bare);
        await Promise.all(paths.map((path) => rm(path)));
      }
      for (const rows of [ROWS, FILES * ROWS]) {
        const records = await network.writeRecords(rows);
        const read = await network.run("ingest", [records]);
        requireCharged(read, rows);
        const work = `tallystick ingest of usage records as JSON lines (${await megabytes([records])} MB), a node running`;
        yield figureOf(work, rows, read, await network.run("commit", []), bare);
        await rm(records);
      }
      const services = await network.writeServices(ROWS);
      const told = await network.run("ingest", [services]);
      requireCharged(told, ROWS);
      const others = `tallystick ingest of messages and data as JSON lines (${await megabytes([services])} MB), a node running`;
      yield figureOf(others, ROWS, told, await network.run("commit", []), bare);
      await rm(services);
      yield await watchedFigure(network, join(directory, "watched"), bare);
      await network.stopNode();
      const path = await network.writeFile(ROWS);
      const taken = await network.run("ingest", [path]);
      requireCharged(taken, ROWS);
      const commit = await network.run("commit", []);
      yield figureOf("tallystick ingest --data, no node running", ROWS, taken, commit, bare);
      yield await togetherFigure(network, ROWS, bare);
      yield await togetherFigure(network, FILES * ROWS, bare);
    } finally {
      await network.stop();
      await rm(directory, { recursive: true, force: true });
    }
  },
};

/** One command takes in and commits, where no node runs. @param rows of its one file */
async function togetherFigure(network: BenchNetwork, rows: number, bare: number): Promise<Figure> {
  const path = await network.writeFile(rows);
  const run = await network.run("ingest", ["--commit", path]);
  requireCharged(run, rows);
  await rm(path);
  const nothing = {
    files: [],
    seconds: 0,
    commandSeconds: 0,
    nodeSeconds: 0,
    nodeMegabytes: Number.NaN,
  };
  return figureOf("tallystick ingest --commit --data, no node running", rows, run, nothing, bare);
}

async function watchedFigure(network: BenchNetwork, folder: string, bare: number): Promise<Figure> {
  await mkdir(folder);
  const paths = await network.writeFiles(FILES, ROWS);
  const put = async () => {
    for (const [at, path] of paths.entries()) await link(path, join(folder, `${at}.csv`));
  };
  const its = ["--watch", folder, "--settle", "0.1"];
  const taken = await network.run("ingest", its, { files: FILES, begin: put });
  requireCharged(taken, FILES * ROWS);
  const commit = await network.run("commit", []);
  await Promise.all(paths.map((path) => rm(path)));
  const work = `tallystick ingest --watch of a folder with ${FILES} files, settled after 0.1 s, a node running`;
  return figureOf(work, FILES * ROWS, taken, commit, bare);
}

const megabytes = async ([path]: string[]): Promise<number> =>
  path === undefined ? 0 : Math.round((await stat(path)).size / 1e6);
