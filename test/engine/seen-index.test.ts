import assert from "node:assert/strict";
import { MemoryStore } from "../../node/adapters/memory-store.ts";
import { SEEN } from "../../node/engine/intake/fingerprint.ts";
import { SeenIndex } from "../../node/engine/intake/seen-index.ts";
import { readSeenRuns } from "../../node/engine/intake/seen-runs.ts";
import { StoreSession } from "../../node/engine/store/store-session.ts";
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
    await index.save(session, NOW);
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

  it("merges its runs by tens, over units of work and restarts, and loses none", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: 600 });
    const store = new MemoryStore();
    const context = { ...scene.context, store };
    let session = new StoreSession(store);
    let index = await SeenIndex.load(context, session, NOW);
    let added = 0;
    let most = 0;
    for (let unit = 1; unit <= 240; unit++) {
      for (let at = 0; at < 620; at++, added++) {
        index.prints.fingerprint(SEEN.id, `record-${added}`);
        index.add(index.prints.high, index.prints.low, added);
      }
      await index.save(session, NOW);
      // A process that dies here leaves the unit out, and half a merge behind.
      const isKilled = unit % 17 === 0;
      if (isKilled) added -= 620;
      else await session.commit();
      most = Math.max(most, index.runs);
      if (!isKilled && unit % 23 !== 0) continue;
      session = new StoreSession(store);
      index = await SeenIndex.load(context, session, NOW);
    }
    assert.ok(most <= 30 && index.runs < 24, `${most} runs at most, ${index.runs} at the end`);
    const all = Array.from({ length: added }, (_, at) => `record-${at}`);
    const found = await positionsOf(index, all);
    const wrong = all.findIndex((_, at) => found[at] !== at);
    assert.equal(wrong, -1, `record ${wrong} is found at ${found[wrong]}`);
    const { runs, merges, retired } = await readSeenRuns(store);
    assert.ok(
      runs.some(({ level }) => level === 2),
      "merged runs were merged",
    );
    const known = [...runs, ...retired].map(({ number }) => number);
    for (const { output } of merges) known.push(output);
    for (const space of ["seen-segment", "seen-filter", "seen-run"]) {
      for await (const { key } of store.scan({ from: `${space}/`, to: `${space}0` })) {
        const number = Number(`0x${key.split("/")[1]}`);
        assert.ok(known.includes(number), `${key} belongs to a run`);
      }
    }
  });

  it("keeps the oldest position of a fingerprint that stands in several runs", async () => {
    const scene = await EngineScene.open({ seenEntriesInMemory: 2 });
    const store = new MemoryStore();
    const context = { ...scene.context, store };
    const session = new StoreSession(store);
    const index = await SeenIndex.load(context, session, NOW);
    for (let unit = 0; unit < 40; unit++) {
      for (const [at, name] of ["same", `a-${unit}`, `b-${unit}`].entries()) {
        index.prints.fingerprint(SEEN.id, name);
        index.add(index.prints.high, index.prints.low, 10 * unit + at);
      }
      await index.save(session, NOW);
      await session.commit();
      assert.deepEqual(await positionsOf(index, ["same", "a-0"]), [0, 1]);
    }
    assert.ok(index.runs < 20);
  });
});
