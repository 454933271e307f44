import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
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
