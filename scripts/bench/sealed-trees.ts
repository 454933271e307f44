import { randomFillSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { LevelStore } from "../../node/adapters/level-store.ts";
import { TreeThreads } from "../../node/adapters/tree-threads.ts";
import { BatchBuilder } from "../../node/engine/commit/build-batch.ts";
import { type RunBuilder, RunBuilderHere } from "../../node/engine/commit/run-builder.ts";
import { LeafTile } from "../../node/engine/number/leaf-tile.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import type { Store, StoreOperation } from "../../node/engine/store/store.ts";
import { type Figure, perSecond } from "./benchmark.ts";

const BOOK = `0x${"b0".repeat(20)}`;
const TILE_ROWS = 512;
const TILES_A_WRITE = 128;
const ROUNDS = 5;

/** R and S as a batch is sealed: its leaf tiles are read back from the disk, whatever else the node has to do. */
export async function* sealedTrees(leaves: number, goalSeconds: number): AsyncGenerator<Figure> {
  const directory = await mkdtemp(join(tmpdir(), "tallystick-bench-"));
  const store = await LevelStore.open(join(directory, "store"));
  const threads = new TreeThreads();
  try {
    await writeTiles(store, leaves);
    await threads.started();
    const here = await built(store, new RunBuilderHere(), leaves);
    const there = await built(store, threads, leaves);
    yield {
      name: "tree",
      work: `R and S of ${leaves} leaves, read back from the store, in two threads; the main thread is held for ${there.heldMilliseconds.toFixed(1)} ms at a time at most, and uses ${there.mainSeconds.toFixed(3)} s (${here.mainSeconds.toFixed(3)} s without threads, held for ${here.heldMilliseconds.toFixed(1)} ms)`,
      ours: perSecond(leaves, there.seconds),
      unit: "leaves/s",
      beside: [{ name: "the same without other threads", value: perSecond(leaves, here.seconds) }],
      goal: Math.round(leaves / goalSeconds),
      met: there.seconds <= goalSeconds,
      seconds: there.seconds,
    };
  } finally {
    await threads.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeTiles(store: Store, leaves: number): Promise<void> {
  for (let from = 0; from < leaves; from += TILE_ROWS * TILES_A_WRITE) {
    const operations: StoreOperation[] = [];
    const end = Math.min(leaves, from + TILE_ROWS * TILES_A_WRITE);
    for (let first = from; first < end; first += TILE_ROWS) {
      const tile = LeafTile.of(Math.min(TILE_ROWS, end - first));
      randomFillSync(tile.digests);
      tile.amounts.forEach((_, at) => {
        if (at % 2 === 0) tile.amounts[at] = BigInt(first + at) * 1_000n;
      });
      const key = keys.leaves(BOOK, BigInt(first + 1));
      operations.push({ type: "put", key, value: tile.encode(), lasting: true });
    }
    await store.write(operations);
  }
}

/** The best of some rounds, after one that warms up, and the longest that the event loop waited in any of them. */
async function built(store: Store, runs: RunBuilder, leaves: number) {
  const builder = new BatchBuilder(store, runs);
  await builder.build(BOOK, 1n, leaves);
  let seconds = Number.POSITIVE_INFINITY;
  let mainSeconds = Number.POSITIVE_INFINITY;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    const main = process.threadCpuUsage();
    await builder.build(BOOK, 1n, leaves);
    seconds = Math.min(seconds, (performance.now() - began) / 1000);
    const { user, system } = process.threadCpuUsage(main);
    mainSeconds = Math.min(mainSeconds, (user + system) / 1e6);
  }
  delay.disable();
  return { seconds, mainSeconds, heldMilliseconds: delay.max / 1e6 };
}
