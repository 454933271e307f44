import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { FusedStore } from "../simulation/fused-store.ts";
import { call, EngineScene, hasCode, STRANGER } from "./engine-scene.ts";
import { ACCOUNTS, mixedUse, PLAN_TARIFFS } from "./plan-scene.ts";

const WAITING = 120;

/** Use of four people whose accounts came too late, of a stranger, and some that can not be priced. */
async function suspended(seed: number): Promise<EngineScene> {
  const scene = await EngineScene.open({ seed, tariffs: PLAN_TARIFFS });
  const use = mixedUse(seed, WAITING - 3);
  await scene.ingest("monday", use.slice(0, 60));
  await scene.ingest("tuesday", [
    ...use.slice(60),
    call("stranger", { aParty: STRANGER }),
    call("future", { start: "2026-10-06T12:00:00.000Z" }),
    call("noPrice", { direction: "incoming" }),
  ]);
  await scene.pipeline.putAccounts(ACCOUNTS);
  return scene;
}

const idsOf = async (scene: EngineScene) =>
  (await scene.pipeline.suspense()).map(({ record }) => record.id);

async function contentsOf({ store }: EngineScene): Promise<string[]> {
  const contents: string[] = [];
  for await (const { key, value } of store.scan({ from: "", to: "\u{10ffff}" })) {
    contents.push(`${key} ${createHash("sha256").update(value).digest("hex").slice(0, 16)}`);
  }
  return contents;
}

const amountsOf = async (scene: EngineScene) =>
  (await scene.charges()).map(({ recordId, amountNano }) => `${recordId} ${amountNano}`);

describe("recycling many records", () => {
  it("leaves the very store that recycling them one by one leaves", async () => {
    for (const seed of [1, 2]) {
      const alone = await suspended(seed);
      const together = await suspended(seed);
      const ids = await idsOf(alone);
      assert.equal(ids.length, WAITING);
      const outcomes = new Map<string, string>();
      for (const id of ids) outcomes.set(id, (await alone.pipeline.recycle(id)) ?? "gone");
      const found = new Map<string, string>();
      for (let at = 0, length = seed; at < ids.length; at += length, length += 7) {
        const unit = await together.pipeline.recycleAll(ids.slice(at, at + length));
        for (const [id, outcome] of unit) found.set(id, outcome);
      }
      assert.deepEqual([...found], [...outcomes]);
      assert.deepEqual(
        new Set(outcomes.values()),
        new Set(["charged", "pricedAtZero", "suspended"]),
      );
      assert.deepEqual(await contentsOf(together), await contentsOf(alone));
      await together.commit();
      await together.assertConsistent();
      assert.equal((await together.pipeline.status()).totalsBalance, true);
    }
  });

  it("charges one that is named twice once, and passes over what does not wait", async () => {
    const scene = await suspended(4);
    const id = "r0";
    const outcomes = await scene.pipeline.recycleAll([id, "nobody", id]);
    assert.deepEqual([...outcomes.keys()], [id]);
    assert.equal((await scene.charges()).filter(({ recordId }) => recordId === id).length, 1);
    assert.equal((await scene.pipeline.recycleAll([id])).size, 0);
    await scene.commit();
    await scene.assertConsistent();
  });

  it("is done for all or for none wherever it dies, and goes on after a write that failed", async () => {
    const ids = await idsOf(await suspended(5));
    for (const calls of [1, 3, 5, 6, 7, 8]) {
      const scene = await suspended(5);
      const fuse = new FusedStore(scene.store);
      await scene.reopen(fuse);
      fuse.dieAfter(calls, calls % 2 === 0);
      await scene.pipeline.recycleAll(ids).catch(() => {});
      scene.crash();
      await scene.reopen();
      const left = (await idsOf(scene)).length;
      assert.ok(left === WAITING || left === 3, `${left} wait`);
      await scene.assertConsistent();
    }
    const scene = await suspended(5);
    scene.store.failNextWrites("failedAndLost");
    await assert.rejects(scene.pipeline.recycleAll(ids), hasCode("store.write-failed"));
    await scene.pipeline.recycleAll(ids);
    const whole = await suspended(5);
    await whole.pipeline.recycleAll(ids);
    assert.deepEqual(await amountsOf(scene), await amountsOf(whole));
  });
});
