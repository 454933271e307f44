import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { openKernel } from "../../node/core/commitment/kernel/open-kernel.ts";
import { TallystickError } from "../../node/core/errors.ts";
import { type RunBuilder, RunBuilderHere } from "../../node/engine/commit/run-builder.ts";
import { ChargeBlock } from "../../node/engine/number/charge-block.ts";
import { LeafTile } from "../../node/engine/number/leaf-tile.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import { encodeBytes, readBytes } from "../../node/engine/store/stored-bytes.ts";
import { getJson } from "../../node/engine/store/stored-json.ts";
import type { BookState } from "../../node/engine/store/stored-types.ts";
import { CHARGES, calls, EngineScene, hasCode } from "./engine-scene.ts";

/** The one value below a prefix, changed, with a checksum that fits what it is now. */
async function change(
  { store }: EngineScene,
  prefix: string,
  changed: (key: string, value: Uint8Array) => Uint8Array,
): Promise<void> {
  for await (const { key, value } of store.scan({ from: prefix, to: `${prefix}~` })) {
    await store.write([{ type: "put", key, value: changed(key, value) }]);
  }
}

interface KernelInstance {
  exports: { hashBlocks(blocks: number, count: number, digests: number): void };
}
type NewInstance = new (
  module: object,
  imports: { env: { memory: { buffer: ArrayBuffer } } },
) => KernelInstance;

/** While `work` runs, the kernel that takes several messages at once gets one bit of each of its hashes wrong. */
async function whileFastKernelErrs(work: () => Promise<void>): Promise<void> {
  const { WebAssembly: api } = globalThis as unknown as { WebAssembly: { Instance: NewInstance } };
  const { Instance } = api;
  let fast: object | undefined;
  api.Instance = class implements KernelInstance {
    readonly exports: KernelInstance["exports"];

    constructor(...[module, imports]: ConstructorParameters<NewInstance>) {
      this.exports = new Instance(module, imports).exports;
      fast ??= module;
      if (module !== fast) return;
      const bytes = new Uint8Array(imports.env.memory.buffer);
      const right = this.exports;
      const hashBlocks = (blocks: number, count: number, digests: number): void => {
        right.hashBlocks(blocks, count, digests);
        for (let at = digests; at < digests + 32 * count; at += 32) bytes[at] = bytes[at]! ^ 1;
      };
      this.exports = { ...right, hashBlocks };
    }
  };
  try {
    openKernel(64, "simd"); // the first that is opened tells which module it is
    await work();
  } finally {
    api.Instance = Instance;
  }
}

describe("sealing", () => {
  for (const row of [0, 7, 19, 39]) {
    it(`refuses a batch whose stored row ${row} is not the one that was hashed`, async () => {
      const scene = await EngineScene.withAccounts();
      await scene.ingest("file", calls("f", 40));
      await change(scene, `rows/${CHARGES}/`, (key, value) => {
        const block = ChargeBlock.decode(readBytes(key, value));
        block.wide.quantity[row] = (block.wide.quantity[row] as bigint) ^ 64n;
        return encodeBytes(...block.encode());
      });
      await assert.rejects(scene.pipeline.seal(), hasCode("seal.rows-changed"));
      const book = await getJson<BookState>(scene.store, keys.book(CHARGES));
      assert.deepEqual([book?.lastSequence, book?.pendingFirst], ["0", "1"]);
    });
  }

  it("refuses a batch of which one bit of a stored leaf digest flipped", async () => {
    const scene = await EngineScene.withAccounts();
    await scene.ingest("file", calls("f", 40));
    await change(scene, `leaves/${CHARGES}/`, (key, value) => {
      const tile = LeafTile.read(key, value);
      tile.digests[32 * 23 + 5] = (tile.digests[32 * 23 + 5] as number) ^ 1;
      return tile.encode();
    });
    await assert.rejects(scene.pipeline.seal(), hasCode("seal.rows-changed"));
  });

  it("refuses what the fast kernel hashed wrong, since rows are looked at by another one", async () => {
    await whileFastKernelErrs(async () => {
      const scene = await EngineScene.withAccounts();
      await scene.ingest("file", calls("f", 40));
      await assert.rejects(scene.pipeline.seal(), hasCode("seal.rows-changed"));
    });
  });

  it("refuses trees that do not lead from the rows to the root, wherever they were built", async () => {
    const here = new RunBuilderHere();
    let isWrong = true;
    const runBuilder: RunBuilder = {
      runDepth: 7,
      briefRowsMax: 0,
      runsAtOnce: 1,
      build: (leaves, depth) => {
        const top = here.build(leaves, depth);
        return isWrong && top.upper.length > 0
          ? { ...top, upper: top.upper.with(3, (top.upper[3] as number) ^ 1) }
          : top;
      },
    };
    const scene = await EngineScene.withAccounts({ runBuilder });
    await scene.ingest("file", calls("f", 128));
    await assert.rejects(scene.pipeline.seal(), hasCode("seal.rows-changed"));
    assert.deepEqual(await scene.values("tick/"), []);
    isWrong = false;
    await scene.commit();
    await scene.assertConsistent();
  });

  it("seals what is as it was written, over several batches of one block", async () => {
    const scene = await EngineScene.withAccounts({ batchChargesMax: 7 });
    await scene.ingest("file", calls("f", 40));
    await scene.pipeline.seal();
    const book = await getJson<BookState>(scene.store, keys.book(CHARGES));
    assert.deepEqual([book?.lastSequence, book?.pendingFirst], ["6", "41"]);
  });

  it("builds two batches beside each other, and none any more once a tick was given up", async () => {
    const here = new RunBuilderHere();
    let [underWay, most, isWrong] = [0, 0, true];
    const runBuilder: RunBuilder = {
      runDepth: 7,
      briefRowsMax: 0,
      runsAtOnce: 1,
      build: async (leaves, depth) => {
        const isFirst = underWay === 0;
        most = Math.max(most, ++underWay);
        await setImmediate();
        if (!isFirst) await setImmediate();
        underWay--;
        if (isWrong && isFirst) throw new TallystickError("seal.thread-failed", "It ended.");
        return here.build(leaves, depth);
      },
    };
    const scene = await EngineScene.withAccounts({ runBuilder, batchChargesMax: 7 });
    await scene.ingest("file", calls("f", 40));
    await assert.rejects(scene.pipeline.seal(), hasCode("seal.thread-failed"));
    assert.deepEqual([underWay, await scene.values("tick/")], [0, []]);
    isWrong = false;
    await scene.commit();
    assert.deepEqual([underWay, most], [0, 2]);
    await scene.assertConsistent();
  });
});
