import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ChargingLogFile } from "../../node/adapters/charging-log-file.ts";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import type { ChargingAnswer } from "../../node/core/charging/charging-session.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { CompiledTariffs } from "../../node/engine/rate/compiled-tariffs.ts";
import { TariffPricers } from "../../node/engine/rate/tariff-pricers.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { type Call, OpenLoop } from "./open-loop.ts";

const ACCOUNTS = 100_000;
const PAIRS = 10_000;
const HTTP_RATE = 5_000;
const HTTP_SECONDS = 8;
const SOCKETS = 64;
const IN_PROCESS_GOAL_MS = 1;
const HTTP_GOAL_MS = 5;
/** Of the times in /proc, on every Linux. */
const CLOCK_TICKS_A_SECOND = 100;
const TARIFF = fileURLToPath(new URL("../../samples/tariffs/alder-retail.json", import.meta.url));
const MAIN = fileURLToPath(new URL("../../node/cli/main.ts", import.meta.url));
const VALID_FROM = "1735686000";
const BESIDE = [
  { name: "Oracle ECE, p95 of initiate, published (research/rating-engines.md)", value: 2.85 },
];

const USE = {
  service: "voice",
  direction: "outgoing",
  aParty: "+4917139200071",
  bParty: "+493012345678",
} as const;
const accountOf = (index: number): string => `account-${(index * 7919) % ACCOUNTS}`;

/**
 * Prepaid calls: reserve, then commit. A request counts from when it is made to when its answer is
 * given, and no answer is given before its entry is on the disk; entries that wait share a write.
 */
export const reserve: Benchmark = {
  name: "reserve",
  async *run() {
    const folder = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
    try {
      yield* inProcess(join(folder, "charging"));
      yield* overHttp(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function pricers(): Promise<TariffPricers> {
  const document = JSON.parse(await readFile(TARIFF, "utf8"));
  return new TariffPricers(
    new CompiledTariffs([{ version: 1, validFromSeconds: BigInt(VALID_FROM), document }]),
  );
}

async function topUp(node: ChargingNode): Promise<void> {
  for (let from = 0; from < ACCOUNTS; from += 1_000) {
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => {
        const account = `account-${from + i}`;
        return node.pay({ account, reference: "top-up", amountNano: 1_000_000_000_000n });
      }),
    );
  }
}

async function* inProcess(directory: string): AsyncGenerator<Figure> {
  const memory = new MemoryChargingLog();
  const apart = await ChargingNode.open({ log: memory, pricers: await pricers(), now: Date.now });
  await topUp(apart);
  await pairs(apart, "warm-up", 5_000, 1);
  yield* figures("decided and not written", await pairs(apart, "c", PAIRS, 1));
  const log = await ChargingLogFile.open(directory);
  const node = await ChargingNode.open({ log, pricers: await pricers(), now: Date.now });
  await topUp(node);
  await node.compact();
  await pairs(node, "warm-up", 2_000, 8);
  const alone = await pairs(node, "c1", PAIRS, 1);
  yield* figures("on the disk, one at a time", alone, IN_PROCESS_GOAL_MS);
  yield* figures("on the disk, 32 at a time", await pairs(node, "c32", PAIRS, 32));
  await node.close();
}

interface Pairs {
  reserves: number[];
  commits: number[];
  seconds: number;
  /** Processor time of all threads, garbage collection and snapshots included. */
  processorMicroseconds: number;
}

async function pairs(
  node: ChargingNode,
  prefix: string,
  count: number,
  concurrency: number,
): Promise<Pairs> {
  const [reserves, commits]: [number[], number[]] = [[], []];
  let next = 0;
  const usage = process.cpuUsage();
  const began = performance.now();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const session = `${prefix}-${index}`;
      const requested = { durationSeconds: 300 };
      const first = { kind: "reserve", session, request: 0, use: USE, requested } as const;
      const at = performance.now();
      granted(await node.answer({ ...first, account: accountOf(index) }));
      const then = performance.now();
      reserves.push(then - at);
      const used = { durationSeconds: index % 300 };
      await node.answer({ kind: "commit", session, request: 1, used });
      commits.push(performance.now() - then);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const { user, system } = process.cpuUsage(usage);
  const seconds = (performance.now() - began) / 1000;
  return { reserves, commits, seconds, processorMicroseconds: user + system };
}

function granted({ result }: ChargingAnswer): void {
  if (result !== "granted") throw new Error(`a call of the benchmark is not granted: ${result}`);
}

function* figures(how: string, result: Pairs, goal?: number): Generator<Figure> {
  const count = result.reserves.length + result.commits.length;
  const also =
    `${ACCOUNTS} accounts in process, ${how} (${Math.round(count / result.seconds)} requests/s, ` +
    `${Math.round(result.processorMicroseconds / count)} µs of processor each)`;
  for (const [what, latencies] of [
    ["reserve", result.reserves],
    ["commit", result.commits],
  ] as const) {
    const work = `${what}, ${also}; p50 ${percentile(latencies, 50)}, p99`;
    yield figure(work, latencies, result.seconds, goal);
  }
}

/** Requests come when they come, at a fixed rate, whether the ones before are answered or not. */
async function* overHttp(folder: string): AsyncGenerator<Figure> {
  const config = join(folder, "edge.json");
  const tariffs = [{ version: 1, validFrom: VALID_FROM, file: TARIFF }];
  await writeFile(config, JSON.stringify({ name: "bench", data: ".", http: { port: 0 }, tariffs }));
  const child = spawn(process.execPath, [MAIN, "edge", config, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
  });
  try {
    const url = new URL(await servingUrl(child));
    const token = (await readFile(join(folder, "operator.token"), "utf8")).trim();
    const loop = await OpenLoop.open(url, token, SOCKETS);
    await loop.run(HTTP_RATE / 5, HTTP_RATE, calls("first-calls", HTTP_RATE / 5));
    const before = await processorSeconds(child.pid);
    const result = await loop.run(HTTP_RATE, HTTP_RATE * HTTP_SECONDS, calls("call", HTTP_RATE));
    const after = await processorSeconds(child.pid);
    loop.close();
    const { latencies, seconds, clientShare } = result;
    const each = Math.round(((after - before) / latencies.length) * 1e6);
    const work =
      `reserve and commit over HTTP, another process, ${HTTP_RATE} requests/s asked, ` +
      `${Math.round(latencies.length / seconds)} answered, on the disk (${each} µs of processor each; ` +
      `the client took ${Math.round(clientShare * 100)} % of a core); p50 ${percentile(latencies, 50)}, p99 from when it was due`;
    yield figure(work, latencies, seconds, HTTP_GOAL_MS);
  } finally {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}

async function servingUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the charging node has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line).serving.url;
  }
  throw new Error("the charging node did not start");
}

/** What a process and its threads took of the processor so far; NaN where the system does not say. */
async function processorSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND;
}

/** Half of the requests reserve, and each is followed by its commit half a second later. */
function calls(prefix: string, rate: number): (index: number) => Call {
  let [reserved, committed] = [0, 0];
  return (sent) => {
    const isCommit = sent % 2 === 1 && reserved - committed > rate / 2;
    const index = isCommit ? committed++ : reserved++;
    const requested = { durationSeconds: 300 };
    return {
      path: `/v1/charging/sessions/${prefix}-${index}/requests/${isCommit ? 1 : 0}`,
      body: JSON.stringify(
        isCommit
          ? { kind: "commit", used: { durationSeconds: 61 } }
          : { kind: "reserve", account: accountOf(index), use: USE, requested },
      ),
    };
  };
}

const percentile = (values: number[], percent: number): string => `${rounded(values, percent)} ms`;

function rounded(values: number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100));
  return Math.round((sorted[at] ?? 0) * 1000) / 1000;
}

function figure(
  work: string,
  latencies: number[],
  seconds: number,
  goal: number | undefined,
): Figure {
  const ours = rounded(latencies, 99);
  const met = goal === undefined ? {} : { goal, met: ours <= goal };
  return { name: "reserve", work, ours, unit: "ms", beside: BESIDE, ...met, seconds };
}
