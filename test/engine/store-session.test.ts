import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { getJson } from "../../node/engine/store/stored-json.ts";
import { hasCode } from "./engine-scene.ts";

const HEAD = "book/0x01";

async function storeWithHead(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const session = new StoreSession(store);
  session.put(HEAD, { next: 1 });
  await session.commit();
  return store;
}

describe("a unit of work", () => {
  it("sees its own writes, which nobody else does before it is committed", async () => {
    const store = await storeWithHead();
    const session = new StoreSession(store);
    session.put("node/x", 1);
    assert.equal(await session.get("node/x"), 1);
    assert.equal(await getJson(store, "node/x"), undefined);
    await session.commit();
    assert.equal(await getJson(store, "node/x"), 1);
  });

  it("advances a book only from where it read it; else nothing of it is written", async () => {
    const store = await storeWithHead();
    const [one, other] = [new StoreSession(store), new StoreSession(store)];
    for (const session of [one, other]) {
      await session.get(HEAD);
      session.put(HEAD, { next: 2 });
    }
    await one.commit();
    other.put("node/x", 1);
    await assert.rejects(other.commit(), hasCode("store.head-moved"));
    assert.equal(await getJson(store, "node/x"), undefined);
  });

  it("advances the same book unit after unit", async () => {
    const store = await storeWithHead();
    const session = new StoreSession(store);
    await session.get(HEAD);
    for (const next of [2, 3, 4]) {
      session.put(HEAD, { next });
      await session.commit(() => true);
    }
    assert.deepEqual(await getJson(store, HEAD), { next: 4 });
  });
});
