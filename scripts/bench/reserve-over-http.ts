import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Figure } from "./benchmark.ts";
import { latencyFigure, percentile } from "./latency-figure.ts";
import { type Call, type LoopResult, OpenLoop } from "./open-loop.ts";
import { accountOf, TARIFF, USE, VALID_FROM } from "./prepaid-calls.ts";

const RATE = 5_000;
const WARM_UP_SECONDS = 3;
const SECONDS = 8;
const CONNECTIONS = 64;
const GOAL_MS = 5;
/** Of the times in /proc, on every Linux. */
const CLOCK_TICKS_A_SECOND = 100;
/** As people start it: the launcher says how its garbage is collected. */
const TALLYSTICK = fileURLToPath(new URL("../../bin/tallystick", import.meta.url));
const BARE = fileURLToPath(new URL("./bare-answers.ts", import.meta.url));

/** Files in it lie on no disk, on every Linux. */
const MEMORY = "/dev/shm";
/** Of the slowest requests, whose share of their time is told. */
const SLOWEST_PERCENT = 2;

interface Served extends LoopResult {
  /** Of the server's threads all together, in microseconds for each request. */
  processor: number;
}

/**
 * Requests come when they come, at a fixed rate, whether the ones before are answered or not: first
 * to a bare server, which shows what client, machine and disk allow at that moment, then to a node.
 * @param folder with the accounts in a node's log
 */
export async function* overHttp(folder: string): AsyncGenerator<Figure> {
  const bare = await served(process.execPath, [BARE, folder], async () => `0x${"00".repeat(32)}`);
  const node = await nodeIn(folder);
  const { latencies, seconds, clientShare, processor } = node;
  const work =
    `reserve and commit over HTTP, another process, ${RATE} requests/s asked, ` +
    `${Math.round(latencies.length / seconds)} answered, on the disk (${processor} µs of processor each; ` +
    `the client took ${Math.round(clientShare * 100)} % of a core; ${whereSlow(node)}); ` +
    `p50 ${percentile(latencies, 50)} ms, p90 ${percentile(latencies, 90)} ms, p99 from when it was due`;
  const limit =
    "limit: bare node:http, the same bytes on the disk, nothing read or decided, " +
    `${bare.processor} µs each, ${whereSlow(bare)}, p50 ${percentile(bare.latencies, 50)} ms, p99`;
  const limits = [
    { name: limit, value: percentile(bare.latencies, 99) },
    ...(await withoutDisk(folder)),
  ];
  yield latencyFigure(work, latencies, seconds, GOAL_MS, limits);
}

async function nodeIn(folder: string): Promise<Served> {
  const config = join(folder, "edge.json");
  const tariffs = [{ version: 1, validFrom: VALID_FROM, file: TARIFF }];
  await writeFile(config, JSON.stringify({ name: "bench", data: ".", http: { port: 0 }, tariffs }));
  return served(TALLYSTICK, ["edge", config, "--json"], async () =>
    (await readFile(join(folder, "operator.token"), "utf8")).trim(),
  );
}

/** The same node, its log in the machine's memory, where that is a folder: what is beyond that is the disk's time. */
async function withoutDisk(folder: string): Promise<Figure["beside"]> {
  const copy = await mkdtemp(join(MEMORY, "tallystick-bench-")).catch(() => undefined);
  if (copy === undefined) return [];
  try {
    await cp(join(folder, "charging"), join(copy, "charging"), { recursive: true });
    const node = await nodeIn(copy);
    const name = `ours with its log in the machine's memory, ${whereSlow(node)}, p50 ${percentile(node.latencies, 50)} ms, p99`;
    return [{ name, value: percentile(node.latencies, 99) }];
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** Whose time it is that the slowest took: the client's, which sent late, or the server's with its disk. */
function whereSlow({ latencies, late }: LoopResult): string {
  const slowest = [...latencies.keys()].sort(
    (a, b) => (latencies[b] as number) - (latencies[a] as number),
  );
  const some = slowest.slice(0, Math.ceil((latencies.length * SLOWEST_PERCENT) / 100));
  const mean = (values: number[]) =>
    (some.reduce((sum, index) => sum + (values[index] as number), 0) / some.length).toFixed(1);
  return `of the ${mean(latencies)} ms that the slowest ${SLOWEST_PERCENT} % took in the mean, the client sent ${mean(late)} ms late`;
}

async function served(
  program: string,
  its: string[],
  tokenOf: () => Promise<string>,
): Promise<Served> {
  const child = spawn(program, its, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TALLYSTICK_LOG_LEVEL: "silent" },
  });
  try {
    const url = new URL(await servingUrl(child));
    const loop = await OpenLoop.open(url, await tokenOf(), CONNECTIONS);
    await loop.run(RATE, RATE * WARM_UP_SECONDS, calls("first-calls", RATE));
    const before = await processorSeconds(child.pid);
    const result = await loop.run(RATE, RATE * SECONDS, calls("call", RATE));
    const seconds = (await processorSeconds(child.pid)) - before;
    loop.close();
    return { ...result, processor: Math.round((seconds / result.latencies.length) * 1e6) };
  } finally {
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
  }
}

async function servingUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the server has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line).serving.url;
  }
  throw new Error("the server did not start");
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
