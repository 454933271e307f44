import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChargingLogFile } from "../../node/adapters/charging-log-file.ts";
import { MemoryChargingLog } from "../../node/adapters/memory-charging-log.ts";
import type { ChargingAnswer } from "../../node/core/charging/charging-session.ts";
import { ChargingNode } from "../../node/engine/charging/charging-node.ts";
import { CompiledTariffs } from "../../node/engine/rate/compiled-tariffs.ts";
import { TariffPricers } from "../../node/engine/rate/tariff-pricers.ts";
import type { Benchmark, Figure } from "./benchmark.ts";
import { latencyFigure, percentile } from "./latency-figure.ts";
import { ACCOUNTS, accountOf, TARIFF, USE, VALID_FROM } from "./prepaid-calls.ts";
import { overHttp } from "./reserve-over-http.ts";

const PAIRS = 10_000;
const IN_PROCESS_GOAL_MS = 1;

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
    const work = `${what}, ${also}; p50 ${percentile(latencies, 50)} ms, p99`;
    yield latencyFigure(work, latencies, result.seconds, goal);
  }
}
