import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ChargingLogFile } from "../../node/adapters/charging-log-file.ts";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import type { ChargingAnswer } from "../../node/core/charging/charging-session.ts";
import { ChargingNode } from "../../node/engine/charging-node.ts";
import { CompiledTariffs } from "../../node/engine/compiled-tariffs.ts";
import { TariffPricers } from "../../node/engine/tariff-pricers.ts";
import type { Benchmark, Figure } from "./benchmark.ts";

const ACCOUNTS = 100_000;
const PAIRS = 10_000;
const HTTP_RATE = 5_000;
const HTTP_SECONDS = 8;
const SOCKETS = 64;
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

async function openNode(directory: string): Promise<ChargingNode> {
  const document = JSON.parse(await readFile(TARIFF, "utf8"));
  const tariffs = new CompiledTariffs([
    { version: 1, validFromSeconds: BigInt(VALID_FROM), document },
  ]);
  const log = await ChargingLogFile.open(directory);
  return ChargingNode.open({ log, pricers: new TariffPricers(tariffs), now: Date.now });
}

async function* inProcess(directory: string): AsyncGenerator<Figure> {
  const node = await openNode(directory);
  for (let from = 0; from < ACCOUNTS; from += 1_000) {
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => {
        const account = `account-${from + i}`;
        return node.pay({ account, reference: "top-up", amountNano: 1_000_000_000_000n });
      }),
    );
  }
  await node.compact();
  await pairs(node, "warm-up", 2_000, 8);
  yield await decided();
  for (const [concurrency, goal] of [
    [1, 1],
    [32, undefined],
  ] as const) {
    const { latencies, seconds } = await pairs(node, `c${concurrency}`, PAIRS, concurrency);
    yield figure(
      `reserve and commit in process, ${ACCOUNTS} accounts, both on the disk; ${concurrency} at a time ` +
        `(${Math.round((2 * PAIRS) / seconds)} requests/s); p50 ${percentile(latencies, 50)}, p99 of the pair`,
      latencies,
      seconds,
      goal,
    );
  }
  await node.close();
}

/** What deciding costs, without the disk. */
async function decided(): Promise<Figure> {
  const document = JSON.parse(await readFile(TARIFF, "utf8"));
  const tariffs = new CompiledTariffs([
    { version: 1, validFromSeconds: BigInt(VALID_FROM), document },
  ]);
  const log = new MemoryChargingLog();
  const node = await ChargingNode.open({ log, pricers: new TariffPricers(tariffs), now: Date.now });
  for (let i = 0; i < ACCOUNTS; i++) {
    const account = `account-${i}`;
    await node.pay({ account, reference: "top-up", amountNano: 1_000_000_000_000n });
  }
  await pairs(node, "warm-up", 5_000, 1);
  const { latencies, seconds } = await pairs(node, "c1", PAIRS, 1);
  return figure(
    `reserve and commit in process, ${ACCOUNTS} accounts, decided and not written ` +
      `(${Math.round((2 * PAIRS) / seconds)} requests/s); p50 ${percentile(latencies, 50)}, p99 of the pair`,
    latencies,
    seconds,
    undefined,
  );
}

async function pairs(
  node: ChargingNode,
  prefix: string,
  count: number,
  concurrency: number,
): Promise<{ latencies: number[]; seconds: number }> {
  const latencies: number[] = [];
  let next = 0;
  const began = performance.now();
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const session = `${prefix}-${index}`;
      const at = performance.now();
      const requested = { durationSeconds: 300 };
      const first = { kind: "reserve", session, request: 0, use: USE, requested } as const;
      granted(await node.answer({ ...first, account: accountOf(index) }));
      const used = { durationSeconds: index % 300 };
      await node.answer({ kind: "commit", session, request: 1, used });
      latencies.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { latencies, seconds: (performance.now() - began) / 1000 };
}

function granted({ result }: ChargingAnswer): void {
  if (result !== "granted") throw new Error(`a call of the benchmark is not granted: ${result}`);
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
    const url = await servingUrl(child);
    const token = (await readFile(join(folder, "operator.token"), "utf8")).trim();
    const caller = new Caller(url, token);
    await caller.run("first-calls", HTTP_RATE / 5, 2);
    const { latencies, seconds } = await caller.run("call", HTTP_RATE, HTTP_SECONDS);
    caller.close();
    yield figure(
      `reserve and commit over HTTP, another process, ${HTTP_RATE} requests/s asked, ` +
        `${Math.round(latencies.length / seconds)} answered, on the disk; p50 ${percentile(latencies, 50)}, p99 of a request`,
      latencies,
      seconds,
      5,
    );
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

class Caller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  readonly #url: URL;
  readonly #headers: Record<string, string>;

  constructor(url: string, token: string) {
    this.#url = new URL(url);
    this.#headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  }

  /** Half of the requests reserve, and each is followed by its commit half a second later. */
  async run(prefix: string, rate: number, seconds: number) {
    const latencies: number[] = [];
    const open: Promise<void>[] = [];
    const refused: unknown[] = [];
    const count = rate * seconds;
    let [reserved, committed] = [0, 0];
    const began = performance.now();
    for (let sent = 0; sent < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - began) / 1000) * rate));
      for (; sent < due; sent++) {
        const at = began + (sent / rate) * 1000;
        const isCommit = sent % 2 === 1 && reserved - committed > rate / 2;
        const index = isCommit ? committed++ : reserved++;
        open.push(
          this.#ask(`${prefix}-${index}`, index, isCommit).then(
            () => void latencies.push(performance.now() - at),
            (error: unknown) => void refused.push(error),
          ),
        );
      }
      await sleep(1);
    }
    await Promise.all(open);
    if (refused.length > 0) throw refused[0];
    return { latencies, seconds: (performance.now() - began) / 1000 };
  }

  async #ask(session: string, index: number, isCommit: boolean): Promise<void> {
    const call = request(
      new URL(`/v1/charging/sessions/${session}/requests/${isCommit ? 1 : 0}`, this.#url),
      { method: "PUT", agent: this.#agent, headers: this.#headers },
    );
    call.end(
      JSON.stringify(
        isCommit
          ? { kind: "commit", used: { durationSeconds: 61 } }
          : {
              kind: "reserve",
              account: accountOf(index),
              use: USE,
              requested: { durationSeconds: 300 },
            },
      ),
    );
    const [answer] = await once(call, "response");
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part);
    if (answer.statusCode === 200) return;
    throw new Error(`a request was refused: ${Buffer.concat(parts).toString("utf8")}`);
  }

  close(): void {
    this.#agent.destroy();
  }
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
