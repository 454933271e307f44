import assert from "node:assert/strict";
import { TreeThreads } from "../../node/adapters/tree-threads.ts";
import { BatchBuilder } from "../../node/engine/commit/build-batch.ts";
import { Seeded } from "../../scripts/soak/seeded.ts";
import { CHARGES, calls, EngineScene, hasCode } from "../engine/engine-scene.ts";
import { BOOK, leafScene, plainBatch } from "../engine/leaf-scene.ts";

const RUN_DEPTH = 6;

describe("trees in threads", () => {
  it("are those of the plain batch, for sizes up to 3,000 and larger ones", async () => {
    const random = new Seeded(11);
    const scene = await leafScene(40_000, random);
    const [small, large] = [new TreeThreads({ runDepth: RUN_DEPTH }), new TreeThreads()];
    await Promise.all([small.started(), large.started()]);
    for (let round = 0; round < 30; round++) {
      const count = random.below(3_001);
      const first = BigInt(1 + random.below(40_000 - count));
      const built = await new BatchBuilder(scene.store, small).build(BOOK, first, count);
      assert.deepEqual(built, plainBatch(scene, first, count), `${count} from ${first}`);
    }
    const built = await new BatchBuilder(scene.store, large).build(BOOK, 3n, 39_990);
    assert.deepEqual(built, plainBatch(scene, 3n, 39_990));
    await Promise.all([small.close(), large.close()]);
  });

  it("are built here while threads start, and the same", async () => {
    const scene = await leafScene(1_000, new Seeded(12));
    const threads = new TreeThreads({ runDepth: RUN_DEPTH, runsWorthThreads: 1 });
    const builder = new BatchBuilder(scene.store, threads);
    assert.deepEqual(await builder.build(BOOK, 1n, 1_000), plainBatch(scene, 1n, 1_000));
    assert.ok(threads.hasThreads);
    await threads.close();
    assert.deepEqual(await builder.build(BOOK, 1n, 1_000), plainBatch(scene, 1n, 1_000));
    await threads.close();
  });

  it("are built here as long as they are few, and by threads once they are worth it", async () => {
    const scene = await leafScene(320, new Seeded(13));
    const threads = new TreeThreads({ runDepth: RUN_DEPTH, runsWorthThreads: 9 });
    const builder = new BatchBuilder(scene.store, threads);
    for (const hasThreads of [false, false, true]) {
      assert.deepEqual(await builder.build(BOOK, 1n, 300), plainBatch(scene, 1n, 300));
      assert.equal(threads.hasThreads, hasThreads);
    }
    await threads.close();
    assert.deepEqual(await builder.build(BOOK, 1n, 300), plainBatch(scene, 1n, 300));
    assert.ok(!threads.hasThreads, "a node that was quiet counts anew");
    await threads.close();
  });

  it("seal nothing when a thread died, and seal all at the next commitment", async () => {
    const program = new URL("./dying-tree-thread.ts", import.meta.url);
    const threads = new TreeThreads({ program, runDepth: RUN_DEPTH });
    await threads.started();
    const scene = await EngineScene.withAccounts({ runBuilder: threads });
    const records = calls("f", 64 + 64);
    await scene.ingest("file", records.slice(0, 64 + 60));
    await assert.rejects(scene.pipeline.seal(), hasCode("seal.thread-failed"));
    assert.deepEqual(await scene.values(`batch/${CHARGES}/`), []);
    assert.deepEqual(await scene.values("tick/"), []);
    await scene.ingest("more", records.slice(64 + 60));
    await threads.started();
    await scene.commit();
    const [batch] = await scene.values<{ count: number }>(`batch/${CHARGES}/`);
    assert.equal(batch?.value.count, 64 + 64);
    await scene.assertConsistent();
    await threads.close();
  });
});
