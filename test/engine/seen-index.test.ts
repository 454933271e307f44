import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { SEEN } from "../../node/engine/fingerprint.ts";
import { SeenIndex } from "../../node/engine/seen-index.ts";
import { StoreSession } from "../../node/engine/store-session.ts";
import { EngineScene, RECORD_AGE_MAX_SECONDS } from "./engine-scene.ts";

const COUNT = 3_000;
const NOW = 1_800_000_000;

/** An index whose memory is folded every 256 entries, and the store behind it. */
async function filled() {
  const scene = await EngineScene.open({ seenEntriesInMemory: 256 });
  const store = new MemoryStore();
  const context = { ...scene.context, store };
  const session = new StoreSession(store);
  const index = await SeenIndex.load(context, session, NOW);
  for (let at = 0; at < COUNT; at++) {
    index.prints.fingerprint(SEEN.id, `record-${at}`);
    index.add(index.prints.high, index.prints.low, at);
    if (at % 100 !== 99) continue;
    index.save(session, NOW);
    await session.commit();
  }
  return { context, store, index };
}

async function positionsOf(index: SeenIndex, names: string[]): Promise<(number | undefined)[]> {
  const prints = names.map((name) => {
    index.prints.fingerprint(SEEN.id, name);
    return [index.prints.high, index.prints.low] as const;
  });
  await index.recall(prints.flat());
  return prints.map(([high, low]) => index.find(high, low));
}

const names = Array.from({ length: COUNT }, (_, at) => `record-${at}`);

describe("the index of records seen", () => {
  it("finds each where it was first seen, in memory or in runs on disk, after a restart too", async () => {
    const { context, store, index } = await filled();
    const wanted = names.map((_, at) => at);
    assert.deepEqual(await positionsOf(index, names), wanted);
    const again = await SeenIndex.load(context, new StoreSession(store), NOW);
    assert.deepEqual(await positionsOf(again, names), wanted);
  });

  it("does not find what was never added, nor the same text of another kind", async () => {
    const { index } = await filled();
    const strangers = names.map((name) => `${name}-other`);
    assert.ok((await positionsOf(index, strangers)).every((position) => position === undefined));
    index.prints.fingerprint(SEEN.content, "record-1");
    await index.recall([index.prints.high, index.prints.low]);
    assert.equal(index.find(index.prints.high, index.prints.low), undefined);
  });

  it("keeps the first position under a fingerprint", async () => {
    const { index } = await filled();
    index.prints.fingerprint(SEEN.id, "twice");
    index.add(index.prints.high, index.prints.low, 7);
    index.add(index.prints.high, index.prints.low, 8);
    assert.equal(index.find(index.prints.high, index.prints.low), 7);
  });

  it("drops runs whose records would be refused for their age, and not a day earlier", async () => {
    const { context, store } = await filled();
    const age = Number(RECORD_AGE_MAX_SECONDS) + 31 * 86_400;
    const kept = await SeenIndex.load(context, new StoreSession(store), NOW + age);
    assert.equal((await positionsOf(kept, ["record-0"]))[0], 0);
    const session = new StoreSession(store);
    const dropped = await SeenIndex.load(context, session, NOW + age + 1);
    assert.equal((await positionsOf(dropped, ["record-0"]))[0], undefined);
    await session.commit();
    let segments = 0;
    for await (const _ of store.scan({ from: "seen-segment/", to: "seen-segment0" })) segments++;
    assert.equal(segments, 0);
  });
});
