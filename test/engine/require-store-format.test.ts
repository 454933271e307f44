import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { keys } from "../../node/engine/store/key-spaces.ts";
import {
  requireReadableFormat,
  requireStoreFormat,
  STORE_FORMAT,
} from "../../node/engine/store/require-store-format.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
import { getJson } from "../../node/engine/store/stored-json.ts";
import { CHARGES, hasCode } from "./engine-scene.ts";

const MARK = keys.node("store-format");

async function opened(store: MemoryStore): Promise<void> {
  const session = new StoreSession(store);
  await requireStoreFormat(session, CHARGES);
  session.put(keys.book(CHARGES), { domain: CHARGES });
  await session.commit();
}

describe("the format of a store", () => {
  it("is marked on a fresh store, and found again", async () => {
    const store = new MemoryStore();
    await opened(store);
    assert.equal(await getJson(store, MARK), STORE_FORMAT);
    await opened(store);
  });

  it("is raised where this program reads the one before as well", async () => {
    const store = new MemoryStore();
    const session = new StoreSession(store);
    session.put(MARK, STORE_FORMAT - 1);
    session.put(keys.book(CHARGES), { domain: CHARGES });
    await session.commit();
    await requireReadableFormat(store);
    await opened(store);
    assert.equal(await getJson(store, MARK), STORE_FORMAT);
  });

  it("is refused when it is another one, or when books have no mark", async () => {
    for (const mark of [6, STORE_FORMAT + 1, undefined]) {
      const store = new MemoryStore();
      const session = new StoreSession(store);
      if (mark !== undefined) session.put(MARK, mark);
      session.put(keys.book(CHARGES), { domain: CHARGES });
      await session.commit();
      await assert.rejects(opened(store), hasCode("store.other-format"));
      assert.equal(await getJson(store, MARK), mark);
    }
  });
});
