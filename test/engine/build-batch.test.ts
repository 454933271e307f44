import assert from "node:assert/strict";
import type { MemoryStore } from "../../node/adapters/memory-store.ts";
import type { RunTop } from "../../node/core/commitment/join-runs.ts";
import { bestKernelKind } from "../../node/core/commitment/kernel/open-kernel.ts";
import { BatchBuilder } from "../../node/engine/commit/build-batch.ts";
import { type RunBuilder, RunBuilderHere } from "../../node/engine/commit/run-builder.ts";
import type { RunLeaves } from "../../node/engine/commit/run-leaves.ts";
import { LeafTile } from "../../node/engine/number/leaf-tile.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { hasCode } from "./engine-scene.ts";
import { BOOK, leafScene, plainBatch } from "./leaf-scene.ts";

const RUN_DEPTH = 6;

/** Builds later and in another order than it was asked, as threads do. */
class Scattered implements RunBuilder {
  readonly runDepth = RUN_DEPTH;
  readonly briefRowsMax = 0;
  readonly runsAtOnce: number;
  readonly #here = new RunBuilderHere(RUN_DEPTH);
  readonly #random: Seeded;
  underWay = 0;
  mostUnderWay = 0;

  constructor(random: Seeded, runsAtOnce: number) {
    this.#random = random;
    this.runsAtOnce = runsAtOnce;
  }

  async build(leaves: RunLeaves, depth: number): Promise<RunTop> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    for (let turns = this.#random.below(9); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.underWay--;
    return this.#here.build(leaves, depth);
  }
}

/** Answers as `told` changes what the engine's own builder answers. */
function telling(told: (top: RunTop, count: number) => RunTop): RunBuilder {
  const here = new RunBuilderHere(RUN_DEPTH);
  return {
    runDepth: RUN_DEPTH,
    briefRowsMax: 0,
    runsAtOnce: 2,
    build: async (leaves, depth) => told(here.build(leaves, depth), leaves.count),
  };
}

async function put(store: MemoryStore, position: bigint, tile: LeafTile): Promise<void> {
  const key = keys.leaves(BOOK, position);
  await store.write([{ type: "put", key, value: tile.encode() }]);
}

describe("trees of a batch from stored leaves", () => {
  it("are those of the plain batch, whatever stretch of the book it is and in whatever order runs end", async () => {
    const random = new Seeded(3);
    const scene = await leafScene(1_500, random);
    for (let round = 0; round < 40; round++) {
      const first = BigInt(1 + random.below(1_500));
      const count = random.below(1_502 - Number(first));
      const runs =
        round % 2 === 0 ? new Scattered(random, 1 + random.below(4)) : new RunBuilderHere(5);
      const built = await new BatchBuilder(scene.store, runs).build(BOOK, first, count);
      assert.deepEqual(built, plainBatch(scene, first, count), `${count} from ${first}`);
    }
  });

  it("hold no more runs than may be under way", async () => {
    const random = new Seeded(4);
    const scene = await leafScene(1_500, random);
    const runs = new Scattered(random, 3);
    await new BatchBuilder(scene.store, runs).build(BOOK, 1n, 1_500);
    assert.equal(runs.mostUnderWay, 3);
  });

  it("are looked at by another kernel than builds them", async () => {
    const { store } = await leafScene(1, new Seeded(5));
    const { kind } = new BatchBuilder(
      store,
      telling((top) => top),
    ).room;
    assert.equal(kind, "scalar");
    assert.notEqual(kind, bestKernelKind());
  });

  it("are refused when what was built over a run is not of its leaves", async () => {
    const scene = await leafScene(500, new Seeded(5));
    const flipped = (bytes: Uint8Array, at = 0) => bytes.with(at, (bytes[at] as number) ^ 1);
    const wrong: ((top: RunTop) => RunTop)[] = [
      (top) => ({ ...top, root: flipped(top.root) }),
      (top) => ({ ...top, root: new Uint8Array(31) }),
      (top) => ({ ...top, upper: flipped(top.upper, top.upper.length - 1) }),
      (top) => ({ ...top, upper: top.upper.subarray(32) }),
      (top) => ({ ...top, sumNano: top.sumNano + 1n }),
      (top) => ({ ...top, sumRoot: new Uint8Array() }),
      (top) => ({ ...top, count: top.count - 1 }),
      (top) => ({ ...top, depth: top.depth + 1 }),
    ];
    for (const [at, change] of wrong.entries()) {
      for (const isIn of [(count: number) => count === 64, (count: number) => count < 64]) {
        const runs = telling((top, count) => (isIn(count) ? change(top) : top));
        const build = new BatchBuilder(scene.store, runs).build(BOOK, 1n, 500);
        await assert.rejects(build, hasCode("seal.trees-wrong"), `change ${at}`);
      }
    }
    const right = await new BatchBuilder(
      scene.store,
      telling((top) => top),
    ).build(BOOK, 1n, 500);
    assert.deepEqual(right, plainBatch(scene, 1n, 500));
  });

  it("end with what ended a run, once no other run is under way", async () => {
    const random = new Seeded(6);
    const scene = await leafScene(1_000, random);
    const scattered = new Scattered(random, 4);
    let asked = 0;
    const runs: RunBuilder = {
      runDepth: RUN_DEPTH,
      briefRowsMax: 0,
      runsAtOnce: 4,
      build: (leaves, depth) =>
        ++asked === 3 ? Promise.reject(new Error("ended")) : scattered.build(leaves, depth),
    };
    const builder = new BatchBuilder(scene.store, runs);
    await assert.rejects(builder.build(BOOK, 1n, 1_000), /ended/);
    assert.equal(scattered.underWay, 0);
    assert.deepEqual(await builder.build(BOOK, 1n, 1_000), plainBatch(scene, 1n, 1_000));
  });

  it("are refused when a stored bit changed, and when the sum does not fit 128 bits", async () => {
    const scene = await leafScene(200, new Seeded(8));
    const builder = new BatchBuilder(scene.store, new RunBuilderHere(RUN_DEPTH));
    for await (const { key, value } of scene.store.scan({ from: "leaves/", to: "leaves0" })) {
      const damaged = Uint8Array.from(value);
      damaged[40] = (damaged[40] as number) ^ 1;
      await scene.store.write([{ type: "put", key, value: damaged }]);
      await assert.rejects(builder.build(BOOK, 1n, 200), hasCode("store.value-damaged"));
      await scene.store.write([{ type: "put", key, value }]);
    }
    assert.deepEqual(await builder.build(BOOK, 1n, 200), plainBatch(scene, 1n, 200));
    const half = LeafTile.of(1);
    half.amounts[1] = 1n << 63n;
    await put(scene.store, 201n, half);
    await builder.build(BOOK, 1n, 201);
    await put(scene.store, 202n, half);
    await assert.rejects(builder.build(BOOK, 1n, 202), hasCode("commitment.sum-overflow"));
  });
});
