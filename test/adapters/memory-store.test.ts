import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import type { StoreOperation } from "../../node/engine/store/store.ts";
import { collect, storeConformance } from "./store-conformance.ts";

const put = (key: string): StoreOperation => ({ type: "put", key, value: Uint8Array.of(1) });
const keysOf = async (store: MemoryStore) =>
  (await collect(store.scan({ from: "", to: "\uFFFF" }))).map((entry) => entry.key);

describe("memory store", () => {
  storeConformance(async () => new MemoryStore());

  it("fails as told, once: stored or lost", async () => {
    const store = new MemoryStore();
    store.failNextWrites("failedButStored", "failedAndLost");
    const failed = { code: "store.write-failed" };
    await assert.rejects(store.write([put("stored")], { durable: true }), failed);
    await assert.rejects(store.write([put("lost")], { durable: true }), failed);
    await store.write([put("after")], { durable: true });
    assert.deepEqual(await keysOf(store), ["after", "stored"]);
    assert.deepEqual(await keysOf(store.crash()), ["after", "stored"]);
  });

  it("keeps after a crash what was durable and a prefix of the rest", async () => {
    const fill = async () => {
      const store = new MemoryStore();
      await store.write([put("a")], { durable: false });
      await store.write([put("b")], { durable: true });
      await store.write([put("c")], { durable: false });
      await store.write([put("d"), { type: "delete", key: "a" }], { durable: false });
      return store;
    };
    assert.deepEqual(await keysOf((await fill()).crash()), ["a", "b"]);
    assert.deepEqual(await keysOf((await fill()).crash(1)), ["a", "b", "c"]);
    assert.deepEqual(await keysOf((await fill()).crash(2)), ["b", "c", "d"]);
    const crashed = await fill();
    crashed.crash();
    await assert.rejects(async () => crashed.get("a"), { code: "store.closed" });
  });
});
