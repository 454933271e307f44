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

  it("that is detached is seen by the next one before it is written, and both are written in their order", async () => {
    const store = await storeWithHead();
    const session = new StoreSession(store);
    await session.get(HEAD);
    session.put(HEAD, { next: 2 });
    session.put("node/x", 1);
    session.put("node/gone", 1);
    session.delete("node/gone");
    const first = session.detach();
    assert.equal(session.peek("node/x"), 1);
    await session.prefetch(["node/x", "node/gone", HEAD]);
    assert.equal(session.peek("node/gone"), undefined);
    session.put(HEAD, { next: 3 });
    session.put("node/y", session.peek<number>("node/x"));
    assert.equal(await getJson(store, "node/x"), undefined);
    await first.write();
    assert.deepEqual(
      [await getJson(store, "node/x"), await getJson(store, "node/y")],
      [1, undefined],
    );
    // What it took over while the first was not written it still knows.
    assert.equal(session.peek("node/x"), 1);
    await session.detach().write();
    assert.deepEqual(
      [await getJson(store, HEAD), await getJson(store, "node/y")],
      [{ next: 3 }, 1],
    );
  });

  it("that is detached takes values that come later, and is refused where a book was advanced meanwhile", async () => {
    const store = await storeWithHead();
    const [one, other] = [new StoreSession(store), new StoreSession(store)];
    for (const session of [one, other]) {
      await session.get(HEAD);
      session.put(HEAD, { next: 2 });
    }
    const unit = other.detach();
    unit.putLasting("leaves/x", Uint8Array.of(1));
    await one.commit();
    await assert.rejects(unit.write(), hasCode("store.head-moved"));
    assert.equal(await store.get("leaves/x"), undefined);
    const next = one.detach();
    next.putLasting("leaves/x", Uint8Array.of(2));
    await next.write();
    assert.equal((await store.get("leaves/x"))?.[0], 2);
  });
});
