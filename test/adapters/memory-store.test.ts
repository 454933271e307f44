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
    await assert.rejects(store.write([put("stored")]), failed);
    await assert.rejects(store.write([put("lost")]), failed);
    await store.write([put("after")]);
    assert.deepEqual(await keysOf(store), ["after", "stored"]);
    assert.deepEqual(await keysOf(store.crash()), ["after", "stored"]);
  });

  it("keeps after a crash what was written, and answers nothing itself", async () => {
    const store = new MemoryStore();
    await store.write([put("a")]);
    await store.write([put("b"), { type: "delete", key: "a" }]);
    assert.deepEqual(await keysOf(store.crash()), ["b"]);
    await assert.rejects(async () => store.get("b"), { code: "store.closed" });
  });
});
